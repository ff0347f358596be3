"""Asking the daemon of a configuration, over a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from offbeat.app.daemon_api import DaemonApi
from offbeat.config.settings import MetricsSettings
from offbeat.errors import ConfigError, UnavailableError
from offbeat.observe.http import HttpServer, Page, Response
from offbeat.observe.http_access import Access
from tests.support.certificates import make_certificates

PAGES: dict[str, Page] = {
    "/one": lambda request: Response(b'{"asked": "%s"}' % request.query.get("of", "").encode()),
    "/text": lambda _: Response(b"hello"),
    "/list": lambda _: Response(b"[]"),
    "/busy": lambda _: Response(b"{}", status=HTTPStatus.SERVICE_UNAVAILABLE),
    "/-/healthy": lambda _: Response(b"ok\n"),
    "/-/ready": lambda _: Response(b"the broker is away\n", status=HTTPStatus.SERVICE_UNAVAILABLE),
}
Ask = Callable[..., DaemonApi]


@pytest.fixture
def served() -> Iterator[Ask]:
    """Starts servers by settings, and returns what asks them."""
    running: list[HttpServer] = []

    def start(**options: Path) -> DaemonApi:
        settings = MetricsSettings(**options)  # type: ignore[arg-type] # of paths only
        running.append(HttpServer("127.0.0.1:0", PAGES, access=Access.of(settings)))
        running[-1].start()
        return DaemonApi(settings.model_copy(update={"listen": f"127.0.0.1:{running[-1].port}"}))

    yield start
    for server in running:
        server.stop()


def test_an_answer_is_a_table(served: Ask) -> None:
    """Parameters go with the question."""
    assert served().ask("/one", of="a b&c") == {"asked": "a b&c"}


def test_it_knows_the_password_and_the_certificate_of_its_configuration(served: Ask, tmp_path: Path) -> None:
    """The certificate is of the server alone, and signed by somebody unknown here."""
    made = make_certificates(tmp_path)
    (tmp_path / "password").write_text("correct: hörse\n", "utf-8")
    api = served(password_file=tmp_path / "password", cert_file=made.server, key_file=made.server_key)
    assert api.ask("/one") == {"asked": ""}


def test_a_server_with_another_certificate_is_not_asked(served: Ask, tmp_path: Path) -> None:
    """Who answers on the daemon's port may be somebody else, and is not told the password."""
    made = make_certificates(tmp_path)
    api = served(cert_file=made.server, key_file=made.server_key)
    other = DaemonApi(MetricsSettings(listen=api.address, cert_file=made.stranger, key_file=made.server_key))
    with pytest.raises(UnavailableError, match="certificate"):
        other.ask("/one")


@pytest.mark.parametrize("path", ["/text", "/list"])
def test_what_is_no_offbeat_is_said_to_be_none(served: Ask, path: str) -> None:
    """Something else may listen there."""
    with pytest.raises(UnavailableError, match="is no Offbeat"):
        served().ask(path)


def test_a_refusal_is_told_with_its_reason(served: Ask) -> None:
    """Also that of a daemon that is busy."""
    with pytest.raises(UnavailableError, match="answered 503 Service Unavailable"):
        served().ask("/busy")


def test_a_password_that_cannot_be_read_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    """It says which file."""
    with pytest.raises(ConfigError, match="gone"):
        DaemonApi(MetricsSettings(listen="127.0.0.1:1", password_file=tmp_path / "gone")).ask("/one")


def test_who_sends_no_password_or_another_is_told_what_to_do(served: Ask, tmp_path: Path) -> None:
    """That of the daemon may have changed since it started."""
    right, other = tmp_path / "right", tmp_path / "other"
    right.write_text("secret\n")
    other.write_text("old\n")
    made = make_certificates(tmp_path)
    api = served(password_file=right, cert_file=made.server, key_file=made.server_key)
    asks = MetricsSettings(listen=api.address, cert_file=made.server, key_file=made.server_key)
    with pytest.raises(
        UnavailableError, match=r"401 Unauthorized: .* name its file by metrics\.password_file"
    ):
        DaemonApi(asks).ask("/one")
    with pytest.raises(UnavailableError, match=r"takes another password than that in .*other"):
        DaemonApi(asks.model_copy(update={"password_file": other})).ask("/one")


def test_a_probe_needs_no_password_and_tells_why_not(served: Ask, tmp_path: Path) -> None:
    """Whatever asks so often is not to hold a secret."""
    made = make_certificates(tmp_path)
    (tmp_path / "password").write_text("secret\n")
    api = served(password_file=tmp_path / "password", cert_file=made.server, key_file=made.server_key)
    (tmp_path / "password").unlink()
    assert api.verdict("healthy") == (True, "ok")
    assert api.verdict("ready") == (False, "the broker is away")
