"""The command line as a whole: every end is an exit code and a sentence, never a traceback."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from offbeat.cli.main import COMMANDS, main

SMALLEST = '[mqtt]\nurl = "mqtt://localhost:1883"\n[[source]]\ntopic = "plant/{line}/{sensor}/state"\n'


def offbeat(*arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "offbeat", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **variables},
        check=False,
        timeout=60,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The smallest useful configuration."""
    file = tmp_path / "offbeat.toml"
    file.write_text(SMALLEST)
    return file


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With one line each."""
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("    ") and line.strip()]
    assert set(COMMANDS) <= set(listed)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_module(name: str) -> None:
    """The table names modules that there are."""
    assert importlib.util.find_spec(COMMANDS[name][0]) is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It names its options and ends well."""
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert f"usage: offbeat {name}" in capsys.readouterr().out


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """And is a wrong use."""
    assert main([]) == 2
    assert "usage: offbeat" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], 'unknown command "chekc" (did you mean "check"?)'),
        (["check", "--confg", "x"], 'unknown argument --confg (did you mean "--config"?)'),
        (["check", "--jsn"], 'unknown argument --jsn (did you mean "--json"?)'),
        (["check", "--js"], "unknown argument --js"),
        (["check", "--config"], "expected one argument"),
        (["version", "surplus"], "unknown argument surplus"),
        (["--verbose", "version"], "unknown argument --verbose"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and where help is."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    error = capsys.readouterr().err
    assert left.value.code == 2
    assert message in error
    assert "--help`" in error


def test_a_bad_configuration_ends_with_78_without_traceback(tmp_path: Path) -> None:
    """For every command that reads one."""
    (tmp_path / "bad.toml").write_text("[mqtt]\nurl = 5\n")
    for command in ("check", "run"):
        done = offbeat(command, "--config", str(tmp_path / "bad.toml"))
        assert done.returncode == 78, done.stderr
        assert "mqtt.url" in done.stderr
        assert "Traceback" not in done.stderr


def test_debugging_shows_the_traceback(tmp_path: Path) -> None:
    """On demand only."""
    done = offbeat("check", cwd=tmp_path, OFFBEAT_DEBUG="1")
    assert "Traceback" in done.stderr
    done = offbeat("check", cwd=tmp_path, OFFBEAT_DEBUG="0")
    assert (done.returncode, done.stderr.startswith("error: no configuration")) == (78, True)


def test_a_reader_that_goes_away_is_no_error(config: Path) -> None:
    """As in `offbeat check --json | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "offbeat", "check", "--json", "--config", str(config)],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_check_and_help_import_nothing_heavy(config: Path) -> None:
    """Systemd runs the check before every start, and people are waiting for the help."""
    code = (
        "import sys; from offbeat.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'rich', 'structlog', 'paho'} & set(sys.modules)))"
    )
    for arguments in (["check", "--config", str(config)], ["--help"], ["version"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_reload_during_start_does_not_end_the_service(config: Path) -> None:
    """Under systemd, SIGHUP is ignored before anything else happens."""
    code = (
        "import os, signal, sys; from offbeat.cli.main import main\n"
        "main(['check', '--config', sys.argv[1]]); os.kill(os.getpid(), signal.SIGHUP); print('alive')"
    )
    command = [sys.executable, "-c", code, str(config)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "NOTIFY_SOCKET": "@none"}, check=False
    )
    assert done.stdout.endswith("alive\n")
