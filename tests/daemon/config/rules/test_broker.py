"""Rules about the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from offbeat.config.rules.broker import check_broker
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.settings import MqttSettings

PEM = "-----BEGIN CERTIFICATE-----\n"


def judge(**options: Any) -> list[Finding]:
    """Findings about [mqtt] with these options."""
    return list(check_broker(Parts(mqtt=MqttSettings(**{"url": "mqtts://h", **options}))))


def private(file: Path, text: str) -> Path:
    """A file that only its owner reads."""
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_a_broker_with_everything_in_place_is_fine(tmp_path: Path) -> None:
    """TLS with client certificate, user and password."""
    found = judge(
        ca_file=private(tmp_path / "ca", PEM),
        cert_file=private(tmp_path / "cert", PEM),
        key_file=private(tmp_path / "key", PEM),
        password_file=private(tmp_path / "pw", "secret\n"),
        username="u",
    )
    assert found == []


def test_both_addresses_are_read() -> None:
    """The one of readings and the one of alerts."""
    found = judge(url="localhost", publish_url="tcp://h")
    assert [finding.path[-1] for finding in found] == ["url", "publish_url"]


@pytest.mark.parametrize("option", ["password_file", "ca_file", "cert_file", "key_file"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, option: str) -> None:
    """With its full path and the system's reason."""
    found = [f for f in judge(**{option: tmp_path / "nowhere"}) if "cannot use" in f.message]
    assert [(f.path[-1], f.severity) for f in found] == [(option, "error")]
    assert f"{tmp_path}/nowhere: No such file" in found[0].message


def test_a_folder_and_an_empty_file_are_no_secrets(tmp_path: Path) -> None:
    """Each is told apart."""
    assert "is not a file" in judge(username="u", password_file=tmp_path)[0].message
    assert "is empty" in judge(username="u", password_file=private(tmp_path / "pw", "\n"))[0].message


def test_a_secret_that_everybody_reads_is_warned_of(tmp_path: Path) -> None:
    """With the command that helps."""
    file = private(tmp_path / "pw", "secret")
    file.chmod(0o644)
    [finding] = judge(username="u", password_file=file)
    assert (finding.severity, finding.help) == ("warning", f"chmod 0640 {file}")
    assert "0644" in finding.message


def test_a_certificate_without_pem_is_warned_of(tmp_path: Path) -> None:
    """DER files look the same from outside."""
    [finding] = judge(ca_file=private(tmp_path / "ca", "\x30\x82"))
    assert (finding.severity, "PEM" in finding.message) == ("warning", True)


def test_halves_of_pairs_are_told(tmp_path: Path) -> None:
    """A certificate without key, a key without certificate, a password without user."""
    pem, secret = private(tmp_path / "pem", PEM), private(tmp_path / "pw", "x")
    assert [f.path[-1] for f in judge(cert_file=pem)] == ["cert_file"]
    assert [f.path[-1] for f in judge(key_file=pem)] == ["key_file"]
    assert [(f.path[-1], f.severity) for f in judge(password_file=secret)] == [("password_file", "warning")]


def test_tls_options_without_tls_are_told(tmp_path: Path) -> None:
    """Whoever wrote them believes that the connection is encrypted."""
    [finding] = judge(url="mqtt://h", ca_file=private(tmp_path / "ca", PEM))
    assert "not encrypted" in finding.message
    assert judge(url="mqtt://h", publish_url="mqtts://g", ca_file=tmp_path / "ca") == []


def test_unchecked_certificates_are_warned_of() -> None:
    """Every time."""
    assert [(f.path[-1], f.severity) for f in judge(insecure=True)] == [("insecure", "warning")]


def test_the_shortest_pause_is_not_longer_than_the_longest() -> None:
    """Back-off grows from one to the other."""
    assert [f.path[-1] for f in judge(reconnect_min_seconds=9.0, reconnect_max_seconds=3.0)] == [
        "reconnect_min"
    ]
