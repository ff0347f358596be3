"""Rules about files that hold secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.config.rules.files import check_file


def judge(option: str, path: Path) -> list[tuple[str, str]]:
    """Return severity and message of what is said of a file."""
    return [(finding.severity, finding.message) for finding in check_file(("mqtt", option), path)]


def private(path: Path, text: str) -> Path:
    """A file that only its owner reads."""
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_files_in_order_are_passed_over(tmp_path: Path) -> None:
    """A key in PEM form, a password in any."""
    assert judge("key_file", private(tmp_path / "key", "-----BEGIN PRIVATE KEY-----\n")) == []
    assert judge("password_file", private(tmp_path / "password", "secret\n")) == []


@pytest.mark.parametrize("option", ["password_file", "key_file"])
def test_a_secret_that_all_may_read_is_warned_of(tmp_path: Path, option: str) -> None:
    """A certificate is no secret."""
    path = private(tmp_path / "file", "-----BEGIN\n")
    path.chmod(0o644)
    assert judge(option, path) == [("warning", f"every user of this machine may read {path} (mode 0644)")]
    assert judge("cert_file", path) == []


def test_credentials_are_guarded_by_who_handed_them_over(tmp_path: Path) -> None:
    """A container's secrets can be read by every user in it, of whom there is one."""
    path = private(tmp_path / "password", "secret")
    path.chmod(0o444)
    where = ("mqtt", "password_file")
    assert list(check_file(where, path, tmp_path)) == []
    assert [finding.severity for finding in check_file(where, path, tmp_path / "elsewhere")] == ["warning"]


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Absent, a folder, empty, no PEM."""
    assert judge("cert_file", tmp_path / "gone")[0][1].startswith("cannot use")
    assert judge("cert_file", tmp_path)[0][1].endswith("is not a file")
    assert judge("cert_file", private(tmp_path / "empty", "\n"))[0][1].endswith("is empty")
    assert judge("cert_file", private(tmp_path / "der", "0x30"))[0][0] == "warning"
