"""The running daemon's JSON API, asked from the machine it runs on by the settings that it was started with."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from offbeat.config.settings import MetricsSettings
from offbeat.errors import ConfigError, UnavailableError
from offbeat.observe.http_access import read_password

ANSWER_SECONDS = 10.0
_ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - an address to replace


class DaemonApi:
    """Asks the daemon of a configuration.

    Args:
        settings: where it listens, and what it wants to know of who asks.

    Raises:
        UnavailableError: it serves nothing over HTTP.
    """

    def __init__(self, settings: MetricsSettings) -> None:
        if not settings.listen:
            raise UnavailableError(
                'metrics.listen is "": the daemon serves nothing that could be asked; set it to "127.0.0.1:9641"'
            )
        host, _, port = settings.listen.rpartition(":")
        self._context = None if settings.cert_file is None else _trusting(settings.cert_file)
        self.address = f"{_ANYWHERE.get(host, host)}:{port}"
        self._root = f"http{'s' if self._context else ''}://{self.address}"
        self._password_file = settings.password_file

    def ask(self, path: str, **query: str | int) -> dict[str, Any]:
        """Return the answer to a question.

        Args:
            path: such as "/api/v1/status".
            query: parameters.

        Raises:
            UnavailableError: no daemon answers, or another program does.
            ConfigError: the password or the certificate cannot be read.
        """
        address = self._root + path + (f"?{urlencode(query)}" if query else "")
        status, body = self._get(address, self._credentials())
        if status == HTTPStatus.UNAUTHORIZED:
            raise UnavailableError(f"{address} answered {status} Unauthorized: {self._why_unauthorized()}")
        if status != HTTPStatus.OK:
            raise UnavailableError(
                f"{address} answered {status} {HTTPStatus(status).phrase}; is it an Offbeat of this version, and of "
                "this configuration?"
            )
        try:
            found = json.loads(body)
        except ValueError as error:
            raise UnavailableError(
                f"what answers at {address} is no Offbeat: it does not speak JSON; is metrics.listen right?"
            ) from error
        if not isinstance(found, dict):
            raise UnavailableError(f"what answers at {address} is no Offbeat; is metrics.listen right?")
        return found

    def verdict(self, probe: str) -> tuple[bool, str]:
        """Return whether the daemon is "healthy" or "ready", and its own words; that takes no password.

        Raises:
            UnavailableError: no daemon answers.
        """
        status, body = self._get(f"{self._root}/-/{probe}", {})
        return status == HTTPStatus.OK, body.decode("utf-8", "replace").strip()

    def _get(self, address: str, headers: dict[str, str]) -> tuple[int, bytes]:
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - http or https, see above
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS, context=self._context) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise UnavailableError(
                f"no daemon answers at {self._root} ({getattr(reason, 'strerror', None) or reason}); start it with "
                "`systemctl start offbeat` or `offbeat run`, or name the configuration that it runs with by --config"
            ) from error

    def _why_unauthorized(self) -> str:
        if self._password_file is not None:
            return f"the daemon takes another password than that in {self._password_file}"
        return (
            "the daemon takes a password; name its file by metrics.password_file. Of another user's daemon it is sent "
            "only to the address that metrics.listen of the configuration names"
        )

    def _credentials(self) -> dict[str, str]:
        if self._password_file is None:
            return {}
        return {"Authorization": f"Bearer {read_password(self._password_file).decode('latin-1')}"}


def _trusting(certificate: Path) -> ssl.SSLContext:
    """Return what trusts the daemon's own certificate, by whatever name it is asked, and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(certificate)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"metrics.cert_file {certificate} cannot be read: {error}") from error
    return context
