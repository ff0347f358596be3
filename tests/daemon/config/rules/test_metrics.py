"""Rules about what is served over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.rules.metrics import check_metrics
from offbeat.config.settings import MetricsSettings


def judge(**options: Any) -> list[Finding]:
    """Findings about [metrics] with these options."""
    return list(check_metrics(Parts(metrics=MetricsSettings(**options))))


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    """Return severity and option of each finding."""
    return [(finding.severity, finding.path[-1]) for finding in findings]  # type: ignore[misc] # a name here


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A password, a certificate and a key that only their owner reads."""
    made = {name: tmp_path / name for name in ("password_file", "cert_file", "key_file")}
    for path in made.values():
        path.write_text("-----BEGIN\n")
        path.chmod(0o600)
    return made


@pytest.mark.parametrize("listen", ["", "127.0.0.1:9641", "127.1.2.3:1", "[::1]:9641", "localhost:80"])
def test_this_machine_may_read_without_more_ado(listen: str) -> None:
    """Of both kinds, by name, on any port, and none."""
    assert judge(listen=listen) == []


@pytest.mark.parametrize(
    "listen", ["9641", ":9641", "::1:9641", "localhost", "localhost:http", "localhost:70000"]
)
def test_what_is_no_address_to_listen_on_is_told(listen: str) -> None:
    """An open port on all addresses is never guessed."""
    assert told(judge(listen=listen)) == [("error", "listen")]


@pytest.mark.parametrize("listen", ["0.0.0.0:9641", "[::]:9641", "10.1.2.3:80", "metrics.local:80"])
def test_the_network_may_read_only_if_that_was_meant(listen: str, files: dict[str, Path]) -> None:
    """With a password, or with a word; a password in the clear is warned of."""
    (finding,) = judge(listen=listen)
    assert (finding.severity, finding.path) == ("error", ("metrics", "listen"))
    assert "open_to_all" in finding.help
    assert judge(listen=listen, open_to_all=True) == []
    assert told(judge(listen=listen, password_file=files["password_file"])) == [("warning", "password_file")]
    assert judge(listen=listen, **files) == []


def test_halves_of_pairs_are_told(files: dict[str, Path]) -> None:
    """A certificate is of no use without its key."""
    assert told(judge(cert_file=files["cert_file"])) == [("error", "cert_file")]
    assert told(judge(key_file=files["key_file"])) == [("error", "key_file")]


def test_files_are_looked_at(tmp_path: Path) -> None:
    """Before the daemon is started."""
    assert told(judge(password_file=tmp_path / "gone")) == [("error", "password_file")]
