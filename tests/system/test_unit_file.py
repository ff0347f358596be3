"""The systemd unit that is shipped."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from offbeat.errors import ConfigError

UNITS = Path(__file__).parents[2] / "systemd"
UNIT = UNITS / "offbeat.service"
TEMPLATE = UNITS / "offbeat@.service"
GPU = UNITS / "offbeat.service.d" / "gpu.conf"
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_LIMIT_TENTHS = 15

needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is missing: apt-get install systemd"
)


def settings() -> dict[str, list[str]]:
    """Return the values of each setting of the unit, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def installed(folder: Path) -> Path:
    """Return a copy of the unit that starts a program which exists here."""
    copy = folder / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/offbeat/bin/offbeat", "/bin/true"))
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; a warning of it counts as much as its exit code."""
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.systemd
@needs_systemd
def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    """Unknown settings, bad values and missing programs are warnings of `systemd-analyze verify`."""
    result = analyze("verify", "--man=no", str(installed(tmp_path)))
    about_us = [line for line in (result.stdout + result.stderr).splitlines() if "offbeat" in line]
    assert about_us == []
    assert result.returncode == 0, result.stderr


@pytest.mark.systemd
@needs_systemd
def test_verification_would_notice_a_mistake(tmp_path: Path) -> None:
    """The test above is no formality."""
    unit = installed(tmp_path)
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "WatchdogSecs" in analyze("verify", "--man=no", str(unit)).stderr


@pytest.mark.systemd
@needs_systemd
@pytest.mark.parametrize("with_gpu", [False, True], ids=["cpu", "gpu"])
def test_the_sandbox_is_tight(tmp_path: Path, *, with_gpu: bool) -> None:
    """Exposure of at most 1.5 of 10, as systemd reckons it; also with the devices of a GPU let in."""
    unit = installed(tmp_path)
    if with_gpu:
        # Offline there are no drop-ins: what a later section says counts.
        unit.write_text(unit.read_text() + GPU.read_text())
    limit = f"--threshold={EXPOSURE_LIMIT_TENTHS}"
    result = analyze("security", "--offline=true", "--no-pager", limit, str(unit))
    assert result.returncode == 0, result.stdout[-400:] + result.stderr


def test_what_breaks_the_models_stays_out() -> None:
    """Both settings are what a hardening guide would add next."""
    assert not {"MemoryDenyWriteExecute", "ProcSubset"} & settings().keys()


def test_a_bad_configuration_is_not_tried_again() -> None:
    """Its exit code is the one that the daemon ends with, and nothing before the daemon can fail instead."""
    unit = settings()
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == [str(ConfigError.exit_code)]
    assert "ExecStartPre" not in unit


def test_the_service_is_started_and_watched_through_notifications() -> None:
    """What the daemon relies on for ready, status and watchdog."""
    unit = settings()
    assert (unit["Type"], unit["NotifyAccess"]) == (["notify"], ["main"])
    assert int(unit["WatchdogSec"][0]) >= 30
    assert "AF_UNIX" in unit["RestrictAddressFamilies"][0]


def test_a_reload_tells_the_daemon_and_then_fails_by_a_bad_configuration() -> None:
    """In this order: a check that came first would keep what is wrong from the daemon's log and metrics.

    `notify-reload` is younger than the systemd of Debian 12, which would take it for no type at all.
    """
    unit = settings()
    assert unit["ExecReload"] == [
        "/bin/kill -HUP $MAINPID",
        unit["ExecStart"][0].replace(" run ", " check "),
    ]
    assert unit["Type"] == ["notify"]


def test_state_has_a_folder_that_survives_restarts() -> None:
    """A user that lives as long as the service owns it."""
    unit = settings()
    assert unit["DynamicUser"] == ["yes"]
    assert unit["StateDirectory"] == ["offbeat"]


def test_the_template_is_the_unit_by_another_name() -> None:
    """What one of them learns the other must not miss."""
    plain = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    named = [line for line in TEMPLATE.read_text().splitlines() if not line.startswith("#")]
    generic = [
        line.replace(" (%i)", "")
        .replace("/etc/offbeat/%i.toml", "/etc/offbeat/offbeat.toml")
        .replace("offbeat-%i", "offbeat")
        for line in named
    ]
    assert generic == plain
    assert sum("%i" in line for line in named) == 7


@pytest.mark.systemd
@needs_systemd
def test_systemd_finds_nothing_to_complain_about_in_an_instance(tmp_path: Path) -> None:
    """The template is verified as one of its instances."""
    unit = tmp_path / "offbeat@north.service"
    unit.write_text(TEMPLATE.read_text().replace("/opt/offbeat/bin/offbeat", "/bin/true"))
    result = analyze("verify", "--man=no", str(unit))
    assert [line for line in (result.stdout + result.stderr).splitlines() if "offbeat" in line] == []


def test_a_training_in_the_background_may_step_back() -> None:
    """Lower priorities are let through, and a training that memory is too short for does not end the service."""
    filters = settings()["SystemCallFilter"]
    assert filters.index("~@privileged @resources") < filters.index(
        "setpriority sched_setscheduler ioprio_set"
    )
    assert settings()["OOMPolicy"] == ["continue"]
    assert settings()["RestrictRealtime"] == ["yes"]
