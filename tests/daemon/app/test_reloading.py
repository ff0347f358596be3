"""All of a new configuration takes effect, or none of it, and whoever asks is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from offbeat.app.reload_record import ReloadRecord
from offbeat.app.reloading import Change, Reloading
from offbeat.config.loading import examine
from offbeat.config.report import Problem, Report
from offbeat.config.settings import Settings
from offbeat.errors import ConfigError, UnavailableError

GOOD = '[mqtt]\nurl = "mqtt://localhost"\n[[source]]\ntopic = "a/{sensor}"\n'


class Site:
    """A configuration file, what runs by it, and what was done to that."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "offbeat.toml"
        self.file.write_text(GOOD)
        settings, _ = examine(self.file)
        assert settings is not None
        self.before = settings
        self.record = ReloadRecord(100.0)
        self.done: list[str] = []
        self.parts: list[Callable[[Settings, Settings], Iterable[Change]]] = []

    def part(self, name: str, error: Exception | None = None) -> None:
        """Add a part whose change is written down, or fails."""

        def apply() -> None:
            if error is not None:
                raise error
            self.done.append(f"+{name}")

        self.parts.append(lambda *_: [Change(apply, lambda: self.done.append(f"-{name}"))])

    def reload(self, text: str) -> Reloading:
        """Read another text."""
        self.file.write_text(text)
        reloading = Reloading(self.before, lambda: examine(self.file), self.parts, self.record, lambda: 200.0)
        self.taken = reloading.reload()
        return reloading


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of two parts."""
    made = Site(tmp_path)
    made.part("one")
    made.part("two")
    return made


def test_parts_are_changed_in_their_order(site: Site) -> None:
    """And from then on the daemon runs by the new settings."""
    reloading = site.reload(GOOD.replace("a/", "b/"))
    assert (site.taken, site.done) == (True, ["+one", "+two"])
    assert reloading.settings.sources[0].topic == "b/{sensor}"
    assert (site.record.loaded_at, site.record.successful) == (200.0, True)
    assert site.record.counts == {"applied": 1, "refused": 0, "rolled_back": 0}


def test_every_problem_is_logged_and_nothing_is_touched(site: Site) -> None:
    """As `offbeat check` tells them: option, place, what to do."""
    with capture_logs() as logs:
        reloading = site.reload(GOOD.replace('url = "mqtt://localhost"', "usrname = 1\nkeepalive = 3"))
    assert (site.taken, site.done, reloading.settings) == (False, [], site.before)
    problems = [one for one in logs if one["event"] == "a problem of the configuration"]
    assert {one["option"] for one in problems} == {"mqtt.usrname", "mqtt.url", "mqtt.keepalive"}
    assert {one["line"] for one in problems} >= {2, 3}
    assert site.record.counts["refused"] == 1
    assert "and 2 more" in site.record.problem
    assert "\n" not in site.record.problem


def test_a_warning_is_logged_and_the_rest_counts(site: Site) -> None:
    """What `check` would only warn of forbids no reload."""
    with capture_logs() as logs:
        site.reload(GOOD + '[[rule]]\nsensor = "x"\nchannel = "temperature"\nmax = 1.0\n')
    assert site.taken
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == [
        "a warning about the configuration"
    ]


def test_what_needs_a_restart_is_named_and_refuses_the_whole(site: Site) -> None:
    """Half of a file in force would be a configuration that nobody wrote."""
    site.reload(GOOD.replace("a/", "b/") + "[model]\nthreads = 3\n[limits]\nmax_sensors = 5\n")
    assert (site.taken, site.done) == (False, [])
    assert site.record.problem == "only a restart can change limits.max_sensors, model.threads"


def test_a_part_that_cannot_prepare_refuses_the_whole(site: Site) -> None:
    """Nothing was applied yet, so nothing has to be undone."""

    def refuse(*_: Any) -> Iterable[Change]:
        raise ConfigError("the certificate is that of another key")

    site.parts.append(refuse)
    site.reload(GOOD)
    assert (site.taken, site.done) == (False, [])
    assert site.record.problem == "the certificate is that of another key"


@pytest.mark.parametrize("error", [UnavailableError("the port is taken"), ValueError("a mistake of ours")])
def test_what_fails_half_way_is_undone_in_reverse(site: Site, error: Exception) -> None:
    """Whatever it was that failed."""
    site.part("three", error)
    reloading = site.reload(GOOD.replace("a/", "b/"))
    assert (site.taken, site.done) == (False, ["+one", "+two", "-two", "-one"])
    assert reloading.settings == site.before
    assert site.record.counts == {"applied": 0, "refused": 0, "rolled_back": 1}
    assert site.record.problem == str(error)


@pytest.mark.parametrize(
    "error", [PermissionError("the key is not to be read"), KeyError("a mistake of ours")]
)
def test_whatever_keeps_a_part_from_preparing_refuses_the_whole(site: Site, error: Exception) -> None:
    """A daemon that runs well does not end by it."""

    def fail(*_: Any) -> Iterable[Change]:
        raise error

    site.parts.append(fail)
    site.reload(GOOD)
    assert (site.taken, site.done) == (False, [])
    assert site.record.problem == str(error)
    assert site.record.counts["refused"] == 1


def test_what_cannot_be_undone_keeps_nothing_else_from_it(site: Site) -> None:
    """And is told, for the daemon then runs by something in between."""

    def cannot() -> None:
        raise OSError("the old address went")

    site.parts.append(lambda *_: [Change(lambda: None, cannot)])
    site.part("three")
    site.part("four", UnavailableError("the port is taken"))
    reloading = site.reload(GOOD)
    assert (site.taken, site.done) == (False, ["+one", "+two", "+three", "-three", "-two", "-one"])
    assert site.record.problem == "the port is taken; and not taken back: the old address went"
    assert reloading.settings == site.before


def test_a_file_that_is_gone_changes_nothing(site: Site) -> None:
    """An editor may be writing it this very moment."""
    reloading = site.reload(GOOD)
    site.file.unlink()
    assert not reloading.reload()
    assert "there is no such file" in site.record.problem


def test_a_good_reload_makes_up_for_a_bad_one(site: Site) -> None:
    """An alert on the last one ends by itself."""
    site.reload("[mqtt")
    assert not site.record.successful
    site.reload(GOOD)
    assert site.record.successful
    assert site.record.counts == {"applied": 1, "refused": 1, "rolled_back": 0}


def test_what_is_told_of_a_problem_holds_no_password(site: Site) -> None:
    """It stands on a page and in the log."""

    def refuse(*_: Any) -> Iterable[Change]:
        raise ConfigError("mqtt://plant:hunter2@broker is none that could be reached")

    site.parts.append(refuse)
    with capture_logs() as logs:
        site.reload(GOOD)
    assert "hunter2" not in site.record.problem
    assert "broker" in site.record.problem
    assert "hunter2" not in str(logs)
    assert "broker" in str(logs)


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_what_is_logged_of_a_file_holds_no_password(
    site: Site, severity: Literal["error", "warning"]
) -> None:
    """Neither of what forbids it nor of what does not."""
    found = Problem("mqtt://plant:hunter2@broker is no address", help="password = hunter2", severity=severity)
    reloading = Reloading(
        site.before,
        lambda: (None if severity == "error" else site.before, Report.of([found])),
        site.parts,
        site.record,
        lambda: 200.0,
    )
    with capture_logs() as logs:
        reloading.reload()
    assert [one["reason"] for one in logs if "help" in one] == ["mqtt://***@broker is no address"]
    assert "hunter2" not in str(logs)
