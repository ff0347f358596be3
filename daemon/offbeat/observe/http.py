"""A small HTTP server for metrics and health: bounded in connections, time and size of requests."""

from __future__ import annotations

import errno
import gzip
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

import structlog

from offbeat.errors import ConfigError, UnavailableError
from offbeat.observe.http_access import Access

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_CONNECTIONS = 32
REQUEST_SECONDS = 5.0
_POLL_SECONDS = 0.1
_GZIP_LEVEL = 1
"""Level 9 costs six times as much for a tenth less."""
_SMALLEST_TO_COMPRESS_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Attributes:
        body: sent compressed where the client can read that.
        content_type: of the body.
        status: of the answer.
        headers: further ones.
        stream: sent piece by piece after the body until it ends or the client goes away; None = the body is all.
    """

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a page is asked.

    Attributes:
        rest: what follows the path of a page that ends with a slash, decoded.
        query: values of the query string by name; the last of several.
        accept: the Accept header.
    """

    rest: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = ""


OPEN_PAGES = frozenset({"/-/healthy", "/-/ready"})
"""Asked by probes, which have no password, and told nothing of any sensor."""

Page = Callable[[Request], Response]
"""Makes an answer. A page whose path ends with a slash is also asked for everything below it."""


def parse_listen(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:9641", "[::1]:9641" or ":9641" (every address).

    Raises:
        ConfigError: it is not an address; the message says how one looks.
    """
    host, colon, digits = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not digits.isascii() or not digits.isdigit() or int(digits) > 65_535:
        raise ConfigError(
            f'metrics.listen is "{listen}", expected an address such as "127.0.0.1:9641" or "[::1]:9641"'
        )
    return host, int(digits)


def check_free(listen: str) -> None:
    """Look whether an address can be served, before anything else is made that takes long; it is free again then.

    Args:
        listen: address as in the settings.

    Raises:
        ConfigError: the address cannot be read or is none of this machine.
        UnavailableError: the port is taken.
    """
    _bind(listen, *parse_listen(listen), {}).server_close()


class HttpServer:
    """Serves pages from threads of its own.

    Args:
        listen: address as in the settings.
        pages: by path.
        request_seconds: after which a request that has not been read, or an answer, is cut off.
        access: who may read.

    Raises:
        ConfigError: the address cannot be read or is none of this machine.
        UnavailableError: the port is taken.
    """

    def __init__(
        self,
        listen: str,
        pages: Mapping[str, Page],
        request_seconds: float = REQUEST_SECONDS,
        access: Access | None = None,
    ) -> None:
        host, port = parse_listen(listen)
        self._server = _bind(listen, host, port, dict(pages))
        self._server.request_seconds = request_seconds
        self._server.access = access or Access()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="http", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that is served; the one the system chose if the settings said 0."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def admit(self, access: Access) -> None:
        """Let these read from the next connection on."""
        self._server.access = access

    def stop(self) -> None:
        """Stop answering and free the port; requests under way are cut after a moment."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join(REQUEST_SECONDS)
        self._server.server_close()


def _bind(listen: str, host: str, port: int, pages: dict[str, Page]) -> _Server:
    try:
        return _Server(host, port, pages)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UnavailableError(
                f"the address {listen} of metrics.listen is in use by another process (is a second daemon "
                'running?): stop it, or set another port, or listen = "" to serve no metrics'
            ) from error
        if error.errno == errno.EACCES:
            raise UnavailableError(
                f"the daemon may not listen on {listen}: {error}; set metrics.listen to a port above 1023"
            ) from error
        raise ConfigError(
            f'metrics.listen is "{listen}", which is no address of this machine: {error}; '
            'expected one such as "127.0.0.1:9641"'
        ) from error


class _Server(ThreadingHTTPServer):
    request_queue_size = MOST_CONNECTIONS
    request_seconds = REQUEST_SECONDS

    def __init__(self, host: str, port: int, pages: dict[str, Page]) -> None:
        if not host:
            host = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - asked for by the settings
        (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.address_family = family
        self.pages = pages
        self.access = Access()
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((str(address[0]), port), _Handler)

    def server_bind(self) -> None:
        # The base class looks its own name up in the DNS, which may take half a minute.
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        # A thread for each connection and no bound is how three hundred idle sockets become as many threads.
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="http request",
            daemon=True,
        ).start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            if self.access.tls is not None:
                request.settimeout(self.request_seconds)
                # In this thread: a client that is slow to shake hands keeps nobody else waiting.
                request = self.access.tls.wrap(request)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; they do that all the time."""


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a deadline, which a client that sends a byte now and then does not move."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._sock.settimeout(left)
        count = self._sock.recv_into(buffer)
        self._sock.settimeout(self._seconds)
        return count


class _Handler(BaseHTTPRequestHandler):
    server_version = "offbeat"
    sys_version = ""
    # One request a connection: nothing stays open that could be forgotten.
    protocol_version = "HTTP/1.0"
    server: _Server
    _ALWAYS: ClassVar[dict[str, str]] = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_DeadlineReader(self.connection, self.server.request_seconds))

    def do_GET(self) -> None:
        """Answer with a page."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the headers of a page."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests are no events."""

    def _answer(self, *, with_body: bool) -> None:
        response = self._page()
        body, headers = response.body, {**self._ALWAYS, **response.headers}
        if (
            response.stream is None
            and len(body) >= _SMALLEST_TO_COMPRESS_BYTES
            and _takes_gzip(self.headers.get("Accept-Encoding", ""))
        ):
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        self.send_response(response.status)
        headers |= {"Content-Type": response.content_type}
        if response.stream is None:
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        with suppress(OSError):
            self.end_headers()
            if with_body:
                self.wfile.write(body)
                for piece in response.stream or ():
                    self.wfile.write(piece)

    def _page(self) -> Response:
        url = urlsplit(self.path)
        authorization = self.headers.get("Authorization", "")
        if url.path not in OPEN_PAGES and not self.server.access.admits(authorization):
            return _REFUSAL
        path, (page, rest) = url.path, _find(self.server.pages, url.path)
        if page is None:
            known = " ".join(sorted(self.server.pages))
            return Response(f"no such page; there are {known}\n".encode(), status=HTTPStatus.NOT_FOUND)
        try:
            query = dict(parse_qsl(url.query, keep_blank_values=True, errors="replace"))
            return page(Request(unquote(rest, errors="replace"), query, self.headers.get("Accept", "")))
        except UnavailableError as error:
            return Response(f"{error}\n".encode("utf-8", "replace"), status=HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - a page that fails is the client's answer, not the daemon's end
            _log.exception("a page cannot be made", path=path)
            text = f"the page cannot be made: {type(error).__name__}\n"
            return Response(text.encode(), status=HTTPStatus.INTERNAL_SERVER_ERROR)


_REFUSAL = Response(
    b'{"error":"a password is needed: the content of metrics.password_file, as Basic with any name, or as Bearer"}',
    "application/json",
    HTTPStatus.UNAUTHORIZED,
    {"WWW-Authenticate": 'Basic realm="Offbeat", charset="UTF-8"'},
)


def _find(pages: Mapping[str, Page], path: str) -> tuple[Page | None, str]:
    """Return the page of a path and what of the path is below it."""
    if path in pages:
        return pages[path], ""
    above, slash, rest = path.rpartition("/")
    while slash and above:
        if (page := pages.get(above + "/")) is not None:
            return page, rest
        above, slash, name = above.rpartition("/")
        rest = f"{name}/{rest}"
    return None, ""


def _takes_gzip(accept_encoding: str) -> bool:
    for entry in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        if coding in ("gzip", "*"):
            return not any(parameter.replace(" ", "") in ("q=0", "q=0.0") for parameter in parameters)
    return False
