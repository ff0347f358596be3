"""The HTTP server, over real sockets."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from offbeat.errors import ConfigError, UnavailableError
from offbeat.observe.http import (
    MOST_CONNECTIONS,
    HttpServer,
    Page,
    Request,
    Response,
    check_free,
    parse_listen,
)
from tests.support.ports import free_port
from tests.support.waiting import wait_until

LONG = b"x" * 10_000


def fail(_: Request) -> Response:
    """A page with a bug."""
    raise RuntimeError("secret detail")


PAGES: dict[str, Page] = {
    "/short": lambda request: Response(f"short {request.accept}".encode()),
    "/long": lambda _: Response(LONG),
    "/away": lambda _: Response(b"no", status=HTTPStatus.SERVICE_UNAVAILABLE),
    "/fail": fail,
    "/below/": lambda request: Response(f"{request.rest}|{dict(request.query)}".encode()),
    "/stream": lambda _: Response(b"first ", stream=iter([b"second ", b"third"])),
}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A running server on a free port."""
    running = HttpServer("127.0.0.1:0", PAGES)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def hasty() -> Iterator[HttpServer]:
    """A running server that lets slow clients go after a moment."""
    running = HttpServer("127.0.0.1:0", PAGES, request_seconds=0.3)
    running.start()
    yield running
    running.stop()


def ask(
    server: HttpServer, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_page_is_served_with_its_status(server: HttpServer) -> None:
    """Query strings do not matter; the Accept header reaches the page."""
    assert ask(server, "/short?x=1", Accept="a/b")[::2] == (200, b"short a/b")
    assert ask(server, "/away")[::2] == (503, b"no")


def test_a_page_with_a_slash_is_asked_for_all_that_lies_below(server: HttpServer) -> None:
    """Names of sensors have dots, slashes and worse in them."""
    assert ask(server, "/below/")[2] == b"|{}"
    assert ask(server, "/below/a.b/c%20d%2Fe?x=1&x=2&y=")[2] == b"a.b/c d/e|{'x': '2', 'y': ''}"
    assert ask(server, "/below")[0] == 404
    assert ask(server, "/short/x")[0] == 404


def test_a_stream_is_sent_piece_by_piece_and_never_compressed(server: HttpServer) -> None:
    """Its end is the end of the connection."""
    status, headers, body = ask(server, "/stream", Accept_Encoding="gzip")
    assert (status, body) == (200, b"first second third")
    assert "content-length" not in headers
    assert "content-encoding" not in headers


def test_an_unknown_page_lists_those_there_are(server: HttpServer) -> None:
    """A typing mistake is answered with help."""
    status, _, body = ask(server, "/metric")
    assert status == 404
    assert b"/short" in body


def test_a_page_that_fails_is_a_500_without_detail(server: HttpServer) -> None:
    """And the next request is served."""
    status, _, body = ask(server, "/fail")
    assert status == 500
    assert b"secret" not in body
    assert ask(server, "/short")[0] == 200


def test_long_pages_are_compressed_for_those_who_can_read_it(server: HttpServer) -> None:
    """Only then."""
    _, headers, body = ask(server, "/long", Accept_Encoding="deflate, gzip;q=0.5")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == LONG
    for refusing in ("", "identity", "gzip;q=0"):
        _, headers, body = ask(server, "/long", Accept_Encoding=refusing)
        assert "content-encoding" not in headers
        assert body == LONG


def test_head_answers_without_a_body(server: HttpServer) -> None:
    """With the length that GET would have."""
    status, headers, body = ask(server, "/long", "HEAD")
    assert (status, headers["content-length"], body) == (200, "10000", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_over_http(server: HttpServer, method: str) -> None:
    """Only GET and HEAD are known."""
    assert ask(server, "/short", method)[0] == 501


def test_answers_tell_browsers_to_be_careful_and_no_version_of_python(server: HttpServer) -> None:
    """Headers of every answer."""
    _, headers, _ = ask(server, "/short")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Python" not in headers["server"]


def test_clients_that_send_half_a_request_do_not_keep_others_out(hasty: HttpServer) -> None:
    """Their number is bounded, and each is let go after a while."""
    before = threading.active_count()
    idle = [socket.create_connection(("127.0.0.1", hasty.port)) for _ in range(MOST_CONNECTIONS + 20)]
    try:
        for sock in idle:
            sock.sendall(b"GET /short HT")
        assert threading.active_count() <= before + MOST_CONNECTIONS

        def served_again() -> bool:
            try:
                return ask(hasty, "/short")[0] == 200
            except OSError:
                return False

        wait_until(served_again, 10, "the idle clients to be let go")
    finally:
        for sock in idle:
            sock.close()


def test_a_client_that_drips_bytes_is_cut_off_all_the_same(hasty: HttpServer) -> None:
    """The deadline is of the request, not of a byte."""
    with socket.create_connection(("127.0.0.1", hasty.port)) as sock:
        sock.settimeout(0.02)
        started = time.monotonic()

        def cut() -> bool:
            try:
                sock.sendall(b"x")
                return sock.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(cut, 5, "the connection to be cut")
        assert time.monotonic() - started >= 0.25


@pytest.mark.parametrize(
    "junk", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET " + b"/" * 70_000, b"\xff" * 100]
)
def test_junk_does_not_stop_the_server(server: HttpServer, junk: bytes) -> None:
    """Whatever a port scanner sends."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(junk)
        sock.shutdown(socket.SHUT_WR)
        try:
            while sock.recv(65_536):
                pass
        except ConnectionError:
            pass
    assert ask(server, "/short")[0] == 200


def test_a_taken_port_is_told_with_advice(server: HttpServer) -> None:
    """Exit code 69, and what to do."""
    with pytest.raises(
        UnavailableError, match=rf"127\.0\.0\.1:{server.port}.*in use.*metrics\.listen|listen = "
    ):
        HttpServer(f"127.0.0.1:{server.port}", {})


def test_a_port_is_looked_at_before_anything_is_served(server: HttpServer) -> None:
    """Taken it is told in the same words; free it is free afterwards."""
    with pytest.raises(UnavailableError, match=r"is in use by another process"):
        check_free(f"127.0.0.1:{server.port}")
    port = free_port()
    check_free(f"127.0.0.1:{port}")
    HttpServer(f"127.0.0.1:{port}", {}).stop()


@pytest.mark.parametrize(
    "listen", ["", "9641", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:70000", "127.0.0.1:-1"]
)
def test_what_is_no_address_is_a_configuration_error(listen: str) -> None:
    """The message shows how one looks."""
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9641"):
        parse_listen(listen)


def test_an_address_of_another_machine_is_a_configuration_error() -> None:
    """Found out when it is bound."""
    with pytest.raises(ConfigError, match="no address of this machine"):
        HttpServer("192.0.2.1:9641", {})


@pytest.mark.parametrize(
    ("listen", "expected"),
    [("[::1]:1", ("::1", 1)), (":9", ("", 9)), ("0.0.0.0:80", ("0.0.0.0", 80)), ("host:1", ("host", 1))],
)
def test_the_usual_ways_to_write_an_address_are_understood(listen: str, expected: tuple[str, int]) -> None:
    """IPv6 in brackets, no host for every address."""
    assert parse_listen(listen) == expected


def test_the_port_is_free_after_the_stop() -> None:
    """A restart in the same process finds it free."""
    first = HttpServer("127.0.0.1:0", {})
    first.start()
    port = first.port
    first.stop()
    second = HttpServer(f"127.0.0.1:{port}", {})
    second.start()
    second.stop()


def test_without_a_host_every_address_answers() -> None:
    """Of both families, where the machine has both."""
    everywhere = HttpServer(":0", {"/": lambda _: Response(b"here")})
    everywhere.start()
    try:
        assert ask(everywhere, "/")[2] == b"here"
    finally:
        everywhere.stop()
