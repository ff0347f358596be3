"""`offbeat check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offbeat.cli.main import main
from offbeat.config.loading import load
from offbeat.state.running import RunningSettings

SMALLEST = '[mqtt]\nurl = "mqtt://localhost:1883"\n[[source]]\ntopic = "plant/{line}/{sensor}/state"\n'


def write(folder: Path, text: str) -> str:
    """Write a configuration and return its path."""
    (folder / "offbeat.toml").write_text(text)
    return str(folder / "offbeat.toml")


def test_a_good_configuration_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert main(["check", "--config", write(tmp_path, SMALLEST)]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("ok: ")
    assert "1 source on mqtt://localhost:1883, at most 10,000 sensors" in printed.out
    assert printed.err == ""


def test_a_bad_one_is_reported_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With code 78."""
    assert main(["check", "-c", write(tmp_path, SMALLEST + "qos = 3\nx = 1\n")]) == 78
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("error: ") == 2
    assert "2 problems; no daemon starts with this." in printed.err


def test_json_holds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    path = write(tmp_path, SMALLEST + "qos = 3\n")
    assert main(["check", "--json", "-c", path]) == 78
    found = json.loads(capsys.readouterr().out)
    [problem] = found["problems"]
    assert found["ok"] is False
    assert (problem["file"], problem["line"], problem["column"], problem["option"]) == (
        path,
        5,
        7,
        "source[0].qos",
    )


def test_warnings_fail_on_demand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else they are told and let pass."""
    path = write(tmp_path, SMALLEST.replace("mqtt://", "mqtts://").replace("[[", "insecure = true\n[["))
    assert main(["check", "-c", path]) == 0
    printed = capsys.readouterr()
    assert "warning: " in printed.err
    assert printed.out.startswith("ok: ")
    assert main(["check", "--deny-warnings", "-c", path]) == 78
    printed = capsys.readouterr()
    assert (printed.out, "warnings are denied" in printed.err) == ("", True)
    assert main(["check", "--deny-warnings", "--json", "-c", path]) == 78
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_the_configuration_beside_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """./offbeat.toml, without being named."""
    write(tmp_path, SMALLEST)
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("ok: offbeat.toml: ")


def test_what_a_running_daemon_would_take_up_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a reload or only by a restart; a daemon that has ended has nothing to take up."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    path = write(tmp_path, SMALLEST)
    running = RunningSettings(tmp_path)
    running.keep(load(Path(path)))
    assert main(["check", "-c", path]) == 0
    assert capsys.readouterr().out.endswith("\nthe daemon runs by it already\n")
    write(tmp_path, SMALLEST + '[alerts]\nbudget = "2/week"\n[[rule]]\nmax = 1.0\n')
    assert main(["check", "-c", path]) == 0
    assert capsys.readouterr().out.endswith(
        "\na reload lets the running daemon take up alerts.budget, rule\n"
    )
    write(tmp_path, SMALLEST + '[alerts]\nbudget = "2/week"\n[limits]\nmax_sensors = 5\n')
    assert main(["check", "-c", path]) == 0
    assert capsys.readouterr().out.endswith(
        "\na reload lets the running daemon take up alerts.budget\n"
        "only a restart lets it take up limits.max_sensors; it refuses a reload as long as they differ\n"
    )
    assert main(["check", "--json", "-c", path]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == {
        "reload": ["alerts.budget"], "restart": ["limits.max_sensors"],
    }  # fmt: skip
    running.close()
    assert main(["check", "--json", "-c", path]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] is None
