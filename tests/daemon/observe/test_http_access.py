"""Who may read, over a real server."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
import structlog

from offbeat.config.settings import MetricsSettings
from offbeat.errors import ConfigError
from offbeat.observe.http import HttpServer, Page, Response
from offbeat.observe.http_access import Access
from tests.support.certificates import Certificates, make_certificates
from tests.support.waiting import wait_until

PAGES: dict[str, Page] = {
    "/": lambda _: Response(b"page"),
    "/stream": lambda _: Response(b"first ", stream=iter([b"second"])),
    "/-/healthy": lambda _: Response(b"ok"),
    "/-/ready": lambda _: Response(b"starting", status=HTTPStatus.SERVICE_UNAVAILABLE),
}
SECRET = "correct: horse"
Serve = Callable[..., HttpServer]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a server's certificate."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers of settings, and stops them."""
    running: list[HttpServer] = []

    def start(request_seconds: float = 5.0, **options: Path) -> HttpServer:
        access = Access.of(MetricsSettings(**options))  # type: ignore[arg-type] # of paths only
        running.append(HttpServer("127.0.0.1:0", PAGES, request_seconds, access))
        running[-1].start()
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """A file with a password."""
    (tmp_path / "password").write_text(SECRET + "\n")
    return tmp_path / "password"


def ask(
    server: HttpServer, path: str = "/", authority: Path | None = None, **headers: str
) -> tuple[int, bytes]:
    """Return status and body of an answer."""
    if authority is None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    else:
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=context)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def basic(name: str, password: str) -> str:
    """Return a header as browsers send it."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_without_a_password_everybody_reads(serve: Serve) -> None:
    """As on loopback."""
    assert ask(serve()) == (200, b"page")


def test_a_password_opens_every_page_to_browsers_and_programs(serve: Serve, password: Path) -> None:
    """Basic with any name, or Bearer."""
    server = serve(password_file=password)
    for header in (basic("anybody", SECRET), basic("", SECRET), f"Bearer {SECRET}", f"bearer  {SECRET} "):
        assert ask(server, Authorization=header) == (200, b"page")


def test_a_password_may_hold_any_letters(serve: Serve, tmp_path: Path) -> None:
    """Programs send the bytes of its file."""
    (tmp_path / "password").write_text("käse: ☃\n", "utf-8")
    server = serve(password_file=tmp_path / "password")
    sent = f"Bearer {'käse: ☃'}".encode().decode("latin-1")
    assert ask(server, Authorization=sent) == (200, b"page")
    assert ask(server, Authorization=basic("anybody", "käse: ☃")) == (200, b"page")
    assert ask(server, Authorization="Bearer käse: ?")[0] == 401


def test_health_and_readiness_need_no_password(serve: Serve, password: Path) -> None:
    """Probes have none; what lies beside them is kept."""
    server = serve(password_file=password)
    assert ask(server, "/-/healthy") == (200, b"ok")
    assert ask(server, "/-/ready") == (503, b"starting")
    for path in ("/-/healthy/", "/-/", "/-/healthy/../../"):
        assert ask(server, path)[0] == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Bearer",
        "Bearer x",
        basic("x", "wrong"),
        basic(SECRET, ""),
        "Basic !!!",
        f"Digest {SECRET}",
        SECRET,
    ],
)
def test_without_the_password_nobody_reads(serve: Serve, password: Path, header: str) -> None:
    """Nor learns which pages there are; the browser is told to ask for it."""
    server = serve(password_file=password)
    for path in ("/", "/stream", "/none"):
        status, body = ask(server, path, **({"Authorization": header} if header else {}))
        assert status == 401
        assert b"a password is needed" in body
        assert b"page" not in body.replace(b"pages", b"")


def test_pages_are_served_over_tls(serve: Serve, certificates: Certificates, password: Path) -> None:
    """Also streams, and with a password."""
    server = serve(cert_file=certificates.server, key_file=certificates.server_key, password_file=password)
    header = basic("x", SECRET)
    assert ask(server, "/", certificates.authority, Authorization=header) == (200, b"page")
    assert ask(server, "/stream", certificates.authority, Authorization=header) == (200, b"first second")
    assert ask(server, "/", certificates.authority)[0] == 401
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(server, "/", certificates.stranger)


def test_who_does_not_speak_tls_is_let_go_and_keeps_nobody_waiting(
    serve: Serve, certificates: Certificates
) -> None:
    """Plain HTTP, junk, silence."""
    server = serve(0.3, cert_file=certificates.server, key_file=certificates.server_key)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent:
        assert answer_to(server, b"GET / HTTP/1.0\r\n\r\n") == b""
        assert ask(server, "/", certificates.authority) == (200, b"page")
        assert silent.recv(1) == b""


def answer_to(server: HttpServer, words: bytes) -> bytes:
    """Return what is answered in the clear to words in the clear, without alerts of TLS."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        plain.sendall(words)
        try:
            answer = plain.recv(4096)
        except ConnectionError:
            return b""
    return b"" if answer.startswith(b"\x15") else answer


def test_a_renewed_certificate_is_taken_up(serve: Serve, certificates: Certificates, tmp_path: Path) -> None:
    """Without a restart; a broken one is not, and that is said."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    shutil.copy(certificates.server, cert)
    shutil.copy(certificates.server_key, key)
    server = serve(cert_file=cert, key_file=key)
    assert ask(server, "/", certificates.authority) == (200, b"page")
    renewed = make_certificates(tmp_path / "renewed")
    shutil.copy(renewed.server, cert)
    shutil.copy(renewed.server_key, key)
    os.utime(cert, (1, 1))
    wait_until(lambda: accepted(server, renewed.authority), 10, "the renewed certificate")
    with structlog.testing.capture_logs() as logs:
        cert.write_text("nothing")
        os.utime(cert, (2, 2))
        assert ask(server, "/", renewed.authority) == (200, b"page")
    assert logs[0]["event"] == "the renewed certificate cannot be used; the one before stays"


def test_a_half_renewed_certificate_leaves_the_one_before(
    serve: Serve, certificates: Certificates, tmp_path: Path
) -> None:
    """The new certificate is there, its key is not yet: whoever comes in between is served by the old pair."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    shutil.copy(certificates.server, cert)
    shutil.copy(certificates.server_key, key)
    server = serve(cert_file=cert, key_file=key)
    renewed = make_certificates(tmp_path / "renewed")
    with structlog.testing.capture_logs() as logs:
        shutil.copy(renewed.server, cert)
        os.utime(cert, (1, 1))
        for _ in range(2):
            assert ask(server, "/", certificates.authority) == (200, b"page")
    assert [entry["event"] for entry in logs] == [
        "the renewed certificate cannot be used; the one before stays"
    ]
    shutil.copy(renewed.server_key, key)
    os.utime(key, (2, 2))
    assert ask(server, "/", renewed.authority) == (200, b"page")


def accepted(server: HttpServer, authority: Path) -> bool:
    """Whether the server shows a certificate of an authority."""
    try:
        return ask(server, "/", authority)[0] == 200
    except ssl.SSLError:
        return False


def test_what_cannot_be_used_is_a_configuration_error(tmp_path: Path, certificates: Certificates) -> None:
    """Before anything is served."""
    gone, empty = tmp_path / "gone", tmp_path / "empty"
    empty.touch()
    with pytest.raises(ConfigError, match=r"metrics\.password_file cannot be read"):
        Access.of(MetricsSettings(password_file=gone))
    with pytest.raises(ConfigError, match="is empty, expected a password"):
        Access.of(MetricsSettings(password_file=empty))
    with pytest.raises(ConfigError, match=r"metrics\.cert_file and metrics\.key_file cannot be used"):
        Access.of(MetricsSettings(cert_file=certificates.server, key_file=certificates.client_key))
