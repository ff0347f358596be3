"""Who may read what is served over HTTP: a password, and TLS so that nobody on the way reads along."""

from __future__ import annotations

import base64
import binascii
import hmac
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from offbeat.config.settings import MetricsSettings
from offbeat.errors import ConfigError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Tls:
    """The server's end of TLS. A certificate that was renewed on disk counts from the next connection on.

    Args:
        cert_file: the certificate and those above it, PEM.
        key_file: its key, PEM, without a passphrase.

    Raises:
        ConfigError: they cannot be read, or do not belong together.
    """

    def __init__(self, cert_file: Path, key_file: Path) -> None:
        self._files = cert_file, key_file
        self._renewing = threading.Lock()
        try:
            self._seen = self._written()
            self._context = self._read()
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"metrics.cert_file and metrics.key_file cannot be used: {error}; expected a certificate "
                f"({cert_file}) and its key without a passphrase ({key_file}), both PEM"
            ) from error

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """Return the encrypted end of a connection, after the handshake.

        Raises:
            OSError: the client did not manage the handshake, in time.
        """
        with self._renewing:
            self._renew()
            context = self._context
        return context.wrap_socket(connection, server_side=True)

    def _written(self) -> list[float]:
        return [path.stat().st_mtime for path in self._files]

    def _read(self) -> ssl.SSLContext:
        # Always a new one: a pair that does not match leaves the context that it was loaded into without a key, and
        # other threads may be shaking hands by the one in use.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self._files)
        return context

    def _renew(self) -> None:
        try:
            written = self._written()
            if written != self._seen:
                self._seen = written
                self._context = self._read()
        except (OSError, ssl.SSLError) as error:
            _log.warning("the renewed certificate cannot be used; the one before stays", reason=str(error))


@dataclass(frozen=True, slots=True)
class Access:
    """How pages are kept from others; without anything, not at all.

    Attributes:
        tls: None serves in the clear.
        password: None lets everybody read.
    """

    tls: Tls | None = None
    password: bytes | None = None

    @classmethod
    def of(cls, settings: MetricsSettings) -> Access:
        """Return what the settings ask for.

        Raises:
            ConfigError: a file that they name cannot be used.
        """
        tls = None
        if settings.cert_file is not None and settings.key_file is not None:
            tls = Tls(settings.cert_file, settings.key_file)
        return cls(tls, None if settings.password_file is None else read_password(settings.password_file))

    def admits(self, authorization: str) -> bool:
        """Return whether a request may be answered.

        Args:
            authorization: its header: `Basic` with any name and the password, or `Bearer` with the password.
        """
        if self.password is None:
            return True
        scheme, _, said = authorization.strip().partition(" ")
        given = said.strip().encode(
            "latin-1", "replace"
        )  # headers are read by it: these are the bytes that were sent
        if scheme.lower() == "basic":
            given = _basic_password(given)
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given, self.password)


def _basic_password(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def read_password(path: Path) -> bytes:
    """Return the password that a file holds on its first line.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    try:
        # One newline only: it is the editor's.
        password = path.read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise ConfigError(
            f"the password in metrics.password_file cannot be read: {error}; expected a file that the daemon may "
            "read, such as one passed by LoadCredential="
        ) from error
    if not password:
        raise ConfigError(f"{path} of metrics.password_file is empty, expected a password on its first line")
    return password
