"""The daemon learns by itself: what it trains when, what it makes of how that ends, and what it tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from structlog.testing import capture_logs

from offbeat.app.core_building import build_core
from offbeat.app.learner import COMMAND, Learner
from offbeat.app.learning_child import settings_of
from offbeat.app.model_library import library_of
from offbeat.app.questions import Questions
from offbeat.app.training_wishes import TrainingWishes
from offbeat.config.settings import JournalSettings, LearningSettings, LimitSettings, ModelSettings, Settings
from offbeat.core.decisions import Decisions, ScoredRows
from offbeat.core.model_choice import ModelChoice
from offbeat.errors import UnavailableError
from offbeat.learn.drift import LASTING_SECONDS
from offbeat.learn.library import GroupModels, ModelLibrary
from offbeat.learn.trial import Verdict
from tests.support.configured import a_source, configured
from tests.support.versions import installed
from tests.support.waiting import wait_until

T = TypeVar("T")

NOW = 1_800_000_000.0
VERDICT = Verdict("a" * 12, "", "2027-01-15T08:00:00+00:00", better=True, reason="the first", promoted=True)


class Site:
    """A learner over a core whose sensors were heard as a test says; its child is a few lines of Python."""

    def __init__(
        self, folder: Path, program: str = "", questions: Questions | None = None, **learning: object
    ) -> None:
        self.folder = folder
        self.now = NOW
        self.settings = settings(folder, learning=LearningSettings(**learning))
        self.core = build_core(self.settings)
        self.library = library_of(self.settings)
        self.questions = questions or Questions(self._answer)
        command = (sys.executable, "-c", f"import json, sys\ngiven = json.load(sys.stdin)\n{program}")
        self.learner = Learner(
            self.settings, self.core.pipeline, self.questions, self.library, lambda: self.now, command, 0.01
        )

    def heard(self, *sensors: str, seconds: float = 400.0, rows: int = 500) -> None:
        """Let sensors have been heard for some time."""
        state = self.core.pipeline.groups[0]
        for sensor in sensors:
            slot = self.core.directory.admit(0, sensor)
            state.rows[slot], state.first_heard[slot] = rows, self.now - seconds

    @property
    def told(self) -> tuple[str, str, str]:
        """Stage, reason and what became of the last training, as told."""
        one = self.learner.groups()["value"]
        return one.stage, one.reason, one.last

    def _answer(self) -> None:
        self.questions.answer_all()


class Busy(Questions):
    """A loop that does not come to the first questions."""

    def __init__(self, trouble: Exception, times: int = 1) -> None:
        super().__init__(self.answer_all)
        self._trouble = [trouble] * times

    def ask(self, question: Callable[[], T], patience_seconds: float = 3.0) -> T:
        """Fail, the first times."""
        if self._trouble:
            raise self._trouble.pop()
        return super().ask(question, patience_seconds)


class Broken(ModelLibrary):
    """A library on a disk that is gone."""

    def __init__(self, looks: list[float]) -> None:
        super().__init__(Path("nowhere"))
        self._looks = looks

    def group(self, name: str) -> GroupModels:
        """Fail."""
        self._looks.append(0.0)
        raise PermissionError("the disk is gone")


def settings(folder: Path, **tables: object) -> Settings:
    """Settings of a small daemon."""
    return configured(folder, limits=LimitSettings(max_sensors=20, window_readings=64), **tables)


def strange_only_to_the_past(count: int) -> ScoredRows:
    """Rows of the first sensor beyond the frozen boundary that the last weeks call ordinary."""
    return ScoredRows(
        0, np.zeros(count, np.int32), np.arange(count, dtype=np.float64), np.full(count, 1.5, np.float32),
        np.full(count, 0.5), np.zeros((count, 3), np.float32), np.zeros((count, 0), np.float32), (),
    )  # fmt: skip


def says(message: dict[str, object]) -> str:
    """A program that says something."""
    return f"print(json.dumps({message!r}))"


def test_while_little_was_heard_it_gathers_and_says_how_far_it_is(tmp_path: Path) -> None:
    """Nothing is started."""
    site = Site(tmp_path, "raise SystemExit(1)")
    site.learner.look()
    assert site.told == ("gathering", "no sensor of this group was heard yet", "")
    site.heard("a", "b", seconds=150.0)
    site.learner.look()
    one = site.learner.groups()["value"]
    assert (one.stage, one.share, one.eta_seconds, one.next_at) == ("gathering", 0.5, 150.0, NOW + 150.0)
    assert sum(site.learner.counts.results.values()) == 0


def test_a_group_that_was_heard_enough_is_trained(tmp_path: Path) -> None:
    """The child is told what to do, and its verdict is counted, told and logged."""
    site = Site(
        tmp_path,
        f"open({str(tmp_path / 'order')!r}, 'w').write(json.dumps(given))\n"
        + says({"stage": "training the model", "share": 0.5}) + "\n" + says({"verdict": VERDICT.to_dict()}),
    )  # fmt: skip
    site.heard("a", "b")
    with capture_logs() as logs:
        site.learner.look()
    given = json.loads((tmp_path / "order").read_text())
    assert (given["group"], given["why"]) == ("value", "a first model: 2 of 2 sensors were heard enough")
    assert settings_of(given).state == site.settings.state
    assert site.learner.counts.results["promoted"] == 1
    assert site.told == ("waiting", "", "aaaaaaaaaaaa: promoted: the first")
    assert [log["event"] for log in logs] == [
        "a model is trained in the background", "a model was trained in the background",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "result", "reason"),
    [
        (says({"refused": "all sensors are constant"}), "refused", "all sensors are constant"),
        ("raise ValueError('of ours')", "crashed", "its process ended with 1: ValueError: of ours"),
        ("import os; os.kill(os.getpid(), 9)", "crashed", "its process ended with -9: it said nothing"),
        ("import time; time.sleep(600)", "time", "it took longer than learning.time, 1 s, and was ended"),
        (
            "x = bytearray(450 * 2**20); import time; time.sleep(600)",
            "memory",
            "it took more than learning.memory, 300 MiB, and was ended",
        ),
    ],
)
def test_what_comes_to_nothing_is_counted_told_once_and_tried_again(
    tmp_path: Path, program: str, result: str, reason: str
) -> None:
    """Later and later; the same reason is not logged twice."""
    seconds = 1.0 if result == "time" else 60.0
    site = Site(tmp_path, program, time_seconds=seconds, memory_bytes=300 * 2**20)
    site.heard("a")
    with capture_logs() as logs:
        site.learner.look()
        site.learner.look()
        assert site.learner.counts.results[result] == 1
        assert site.told == ("gathering", f"the last training failed; it is tried again: {reason}", reason)
        assert site.learner.groups()["value"].next_at == NOW + 300.0
        site.now += 301.0
        site.learner.look()
    assert site.learner.counts.results[result] == 2
    failures = [log for log in logs if log["log_level"] == "error"]
    assert [log["reason"] for log in failures] == [reason]
    site.learner.look()
    assert site.learner.groups()["value"].next_at == NOW + 301.0 + 900.0


def test_a_version_that_somebody_trained_counts_as_a_training(tmp_path: Path) -> None:
    """`offbeat train` by hand puts the next one off; what the model knows is asked anew."""
    site = Site(tmp_path, says({"verdict": VERDICT.to_dict()}))
    created = "2027-01-15T07:59:00+00:00"
    lineage = {"from": "2027-01-01T00:00:00+00:00", "to": created}
    group = site.library.group("value")
    version = installed(group, tmp_path, 0, created_at=created, lineage=lineage, sensors=["a", "b"])
    group.promote(version, "anna", "a test")
    site.heard("a", "b")
    site.learner.look()
    assert site.told[:2] == ("waiting", "the model is new enough")
    site.heard("c", "d")
    site.now += 86_400.0 / 8
    site.learner.look()
    assert site.learner.counts.results["promoted"] == 1


@pytest.mark.parametrize(
    ("tables", "library", "why"),
    [
        ({"model": ModelSettings(artifact=Path("model"))}, False, "model.artifact names the model"),
        ({"learning": LearningSettings(enabled=False)}, True, "learning.enabled is false"),
        (
            {"journal": JournalSettings(enabled=False)},
            True,
            "there is no journal to learn from: journal.enabled is false",
        ),
    ],
)
def test_it_says_why_it_never_learns(
    tmp_path: Path, tables: dict[str, object], why: str, *, library: bool
) -> None:
    """And starts nothing."""
    core = build_core(settings(tmp_path))
    learner = Learner(
        settings(tmp_path, **tables),
        core.pipeline,
        Questions(lambda: None),
        ModelLibrary(tmp_path / "models") if library else None,
    )
    with capture_logs() as logs:
        learner.start()
        learner.stop(1.0)
    assert [(log["event"], log["reason"]) for log in logs] == [("the daemon learns nothing by itself", why)]
    assert (learner.groups()["value"].stage, learner.groups()["value"].reason) == ("off", why)


def test_going_down_ends_a_training(tmp_path: Path) -> None:
    """At once; it is no failure."""
    site = Site(tmp_path, f"open({str(tmp_path / 'on')!r}, 'w')\nimport time; time.sleep(600)")
    site.heard("a")
    site.learner.start()
    wait_until((tmp_path / "on").exists, 30, "the training to begin")
    assert site.learner.groups()["value"].stage == "training"
    assert site.learner.counts.running_since == NOW
    with capture_logs() as logs:
        site.learner.stop(20.0)
    assert site.learner.counts.results["stopped"] == 1
    assert site.learner.counts.running_since == 0.0
    assert logs == []


def test_drift_is_watched_from_what_was_decided(tmp_path: Path) -> None:
    """Of each group; another model begins anew."""
    site = Site(tmp_path, says({"verdict": VERDICT.to_dict()}))
    created = "2027-01-15T07:59:00+00:00"
    lineage = {"from": "2027-01-01T00:00:00+00:00", "to": created}
    group = site.library.group("value")
    group.promote(
        installed(group, tmp_path, 0, created_at=created, lineage=lineage, sensors=["a"]), "anna", "a test"
    )
    site.heard("a")
    site.now += 86_400.0 / 8
    site.learner.decided(Decisions(scores=strange_only_to_the_past(500)))
    site.learner.look()
    assert sum(site.learner.counts.results.values()) == 0
    site.now += LASTING_SECONDS
    site.learner.look()
    assert site.learner.counts.results["promoted"] == 1


def test_a_process_that_cannot_be_had_is_a_failure_like_others(tmp_path: Path) -> None:
    """Counted, told, tried again."""
    site = Site(tmp_path)
    site.heard("a")
    missing = (str(tmp_path / "no such program"),)
    learner = Learner(
        site.settings, site.core.pipeline, site.questions, site.library, lambda: site.now, missing, 0.01
    )
    learner.look()
    assert learner.counts.results["crashed"] == 1
    assert "No such file" in learner.groups()["value"].last


def test_a_library_that_cannot_be_looked_at_is_told_once(tmp_path: Path) -> None:
    """It is looked again and again: nothing of it reaches scoring."""
    site = Site(tmp_path)
    site.heard("a")
    looks: list[float] = []
    learner = Learner(
        site.settings, site.core.pipeline, site.questions, Broken(looks), lambda: site.now, ("true",), 0.01
    )
    with capture_logs() as logs:
        learner.start()
        wait_until(lambda: len(looks) > 2, 20, "some looks")
        learner.stop(10.0)
    told = [log["reason"] for log in logs if log["log_level"] == "error"]
    assert told == ["PermissionError('the disk is gone')"]


def test_a_person_may_ask_for_a_training(tmp_path: Path) -> None:
    """It is begun at once, whatever the schedule says, and once; of sensors that were never heard nothing is learnt."""
    site = Site(tmp_path, says({"verdict": VERDICT.to_dict()}))
    site.library.wish_for_training("anna")
    with capture_logs() as logs:
        site.learner.look()
    assert [(log["event"], log["by"]) for log in logs] == [
        ("a training that was asked for has nothing to learn from", "anna")
    ]
    assert sum(site.learner.counts.results.values()) == 0
    site.heard("a", seconds=10.0, rows=10)
    site.library.wish_for_training("anna")
    with capture_logs() as logs:
        site.learner.look()
        site.learner.look()
    assert site.learner.counts.results["promoted"] == 1
    assert logs[0]["why"] == "anna asked for it"


def test_groups_follow_the_sources_of_a_reload(tmp_path: Path) -> None:
    """One that is new is learnt from then on; one that no source names is not, though it were due."""
    site = Site(tmp_path, "raise SystemExit(1)")
    site.heard("a", "b")
    site.core.directory.add_group(("x", "y"), ModelChoice())
    site.core.pipeline.follow_directory()
    site.learner.decided(Decisions(scores=replace(strange_only_to_the_past(3), group=1)))
    wide = a_source("wide/{sensor}", channels=("x", "y"))
    site.learner.learn_by(configured(tmp_path, wide, limits=LimitSettings(max_sensors=20)))
    site.learner.look()
    told = site.learner.groups()
    assert (told["value"].stage, told["value"].reason) == ("off", "no source names its sensors any more")
    assert told["x+y"].stage == "gathering"
    assert sum(site.learner.counts.results.values()) == 0


def test_a_wish_outlives_a_loop_that_is_busy(tmp_path: Path) -> None:
    """And a look that fails: the command said that it begins within seconds."""
    site = Site(tmp_path, says({"verdict": VERDICT.to_dict()}), Busy(UnavailableError("starting"), times=2))
    site.heard("a", seconds=10.0, rows=10)
    site.library.wish_for_training("anna")
    site.learner.look()
    site.learner.look()
    assert sum(site.learner.counts.results.values()) == 0
    site.learner.look()
    site.learner.look()
    assert site.learner.counts.results["promoted"] == 1
    other = Site(tmp_path / "other", says({"verdict": VERDICT.to_dict()}), Busy(ValueError("of ours")))
    other.heard("a", seconds=10.0, rows=10)
    other.library.wish_for_training("anna")
    with pytest.raises(ValueError, match="of ours"):
        other.learner.look()
    other.learner.look()
    assert other.learner.counts.results["promoted"] == 1


def test_a_wish_outlives_a_training_of_whose_end_nobody_can_make_anything(tmp_path: Path) -> None:
    """It is served by a training that came to an end that is known, and by nothing else."""
    tried = str(tmp_path / "tried")
    verdict = (
        f"given = {VERDICT.to_dict()!r} if os.path.exists({tried!r}) else dict()\nopen({tried!r}, 'w')\n"
    )
    site = Site(tmp_path, f"import os\n{verdict}print(json.dumps(dict(verdict=given)))")
    site.heard("a", seconds=10.0, rows=10)
    site.library.wish_for_training("anna")
    with pytest.raises(KeyError):
        site.learner.look()
    site.learner.look()
    site.learner.look()
    assert site.learner.counts.results["promoted"] == 1
    assert not any(site.library.root.glob(".train-*"))


def test_a_group_that_cannot_be_looked_at_keeps_no_other_from_its_training(tmp_path: Path) -> None:
    """The others get what was asked for; of the one the wish is kept, and the trouble is told."""
    site = Site(tmp_path, says({"verdict": VERDICT.to_dict()}), Busy(ValueError("of the first group")))
    site.heard("a", seconds=10.0, rows=10)
    site.core.directory.add_group(("x", "y"), ModelChoice())
    site.core.pipeline.follow_directory()
    wide = a_source("wide/{sensor}", channels=("x", "y"))
    site.learner.learn_by(configured(tmp_path, a_source(), wide, limits=LimitSettings(max_sensors=20)))
    site.core.pipeline.groups[1].first_heard[site.core.directory.admit(1, "b")] = site.now
    site.library.wish_for_training("anna")
    with pytest.raises(ValueError, match="of the first group"):
        site.learner.look()
    assert [one.last[:1] for one in site.learner.groups().values()] == ["", "a"]
    site.learner.look()
    site.learner.look()
    assert site.learner.counts.results["promoted"] == 2
    assert not any(site.library.root.glob(".train-*"))


def left_to_the_next(site: Site) -> list[str]:
    """Return who asked for a training of each group, as the next daemon of this library hears it."""
    groups, wishes = list(site.learner.groups()), TrainingWishes(site.library)
    wishes.take(groups)
    return [wishes.of(group) for group in groups]


def test_a_wish_that_a_daemon_does_not_come_to_is_left_for_the_next(tmp_path: Path) -> None:
    """It was taken out of the library, and is kept there."""
    questions = Busy(UnavailableError("stopping"), times=1_000_000)
    site = Site(tmp_path, "raise SystemExit(1)", questions)
    site.library.wish_for_training("anna")
    site.learner.start()
    wait_until(lambda: not (site.library.root / ".train-now").exists(), 20, "the wish to be taken")
    site.learner.stop(20.0)
    assert left_to_the_next(site) == ["anna"]


def test_a_wish_beside_a_training_waits_for_its_end_and_is_a_training_of_its_own(tmp_path: Path) -> None:
    """The one that is under way began without what was heard since."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    waits = f"open({str(gate)!r}).read()\n"
    site = Site(tmp_path, waits + says({"verdict": VERDICT.to_dict()}))
    site.heard("a", seconds=10.0, rows=10)
    site.library.wish_for_training("bert")
    with capture_logs() as logs:
        site.learner.start()
        wait_until(lambda: site.learner.counts.running_since > 0, 30, "the first training")
        site.library.wish_for_training("anna")
        gate.write_text("go on")  # blocks until the child reads
        wait_until(lambda: site.learner.counts.results["promoted"] == 1, 30, "its end")
        gate.write_text("go on")
        wait_until(lambda: site.learner.counts.results["promoted"] == 2, 30, "the second training")
        site.learner.stop(20.0)
    why = [log["why"] for log in logs if log["event"] == "a model is trained in the background"]
    assert why == ["bert asked for it", "anna asked for it"]
    assert left_to_the_next(site) == [""]


def test_a_training_that_was_asked_for_and_cut_off_by_a_stop_is_left_for_the_next_daemon(
    tmp_path: Path,
) -> None:
    """Who asked was told that it comes; one that was due by itself is due again anyway."""
    site = Site(tmp_path, "import time; time.sleep(600)")
    site.heard("a", seconds=10.0, rows=10)
    site.library.wish_for_training("anna")
    site.learner.start()
    wait_until(lambda: site.learner.counts.running_since > 0, 30, "the training to begin")
    site.learner.stop(20.0)
    assert site.learner.counts.results["stopped"] == 1
    assert left_to_the_next(site) == ["anna"]


def test_a_training_that_was_asked_for_and_killed_with_the_daemon_is_begun_by_the_next(
    tmp_path: Path,
) -> None:
    """The wish is kept until its training has ended, and no longer."""
    library = ModelLibrary(tmp_path / "models")
    library.wish_for_training("anna")
    assert library.take_wish() == "anna"  # by a daemon that never comes back
    taken = str(library.root / ".train-taken")
    site = Site(
        tmp_path, f"import os\nassert os.path.exists({taken!r})\n" + says({"verdict": VERDICT.to_dict()})
    )
    assert site.library.root == library.root
    site.heard("a", seconds=10.0, rows=10)
    with capture_logs() as logs:
        site.learner.look()
        site.learner.look()
    assert [log["why"] for log in logs if "why" in log] == ["anna asked for it"]
    assert site.learner.counts.results["promoted"] == 1
    assert not any(site.library.root.glob(".train-*"))


def test_files_of_the_working_directory_are_no_modules_of_a_training(tmp_path: Path) -> None:
    """A daemon may be started in any folder."""
    for name in ("random", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')")
    ended = subprocess.run(COMMAND, input=b"no order", cwd=tmp_path, capture_output=True, check=False)
    assert b"shadowed" not in ended.stderr
    assert b"JSONDecodeError" in ended.stderr


def test_a_reload_and_a_training_tell_of_groups_without_losing_a_word(tmp_path: Path) -> None:
    """Groups are added while the learner tells without a pause how far another one is."""
    tells = says({"stage": "training the model", "share": 0.5})
    site = Site(tmp_path, f"while True: {tells}")
    site.heard("a", "b")
    wide = [a_source(f"w{n}/{{sensor}}", channels=("x", f"y{n}")) for n in range(600)]
    more = configured(tmp_path, *wide, limits=LimitSettings(max_sensors=20))
    for n in range(600):
        site.core.directory.add_group(("x", f"y{n}"), ModelChoice())
    site.core.pipeline.follow_directory()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        site.learner.start()
        wait_until(lambda: "training the model" in site.told[1], 30, "the training to begin")
        site.learner.learn_by(more)
        told = set(site.learner.groups())
    finally:
        sys.setswitchinterval(interval)
        site.learner.stop(30.0)
    assert {f"x+y{n}" for n in range(600)} <= told


def test_sensors_without_room_are_told_and_bring_no_training_forward(tmp_path: Path) -> None:
    """The next one would have no room for them either; it is logged once."""
    site = Site(tmp_path, "raise SystemExit(1)")
    created = "2027-01-15T07:59:00+00:00"
    unheard = [f"s{n}" for n in range(8)]
    lineage = {"from": "2027-01-01T00:00:00+00:00", "to": created, "heard": 10, "no_room": unheard}
    group = site.library.group("value")
    version = installed(group, tmp_path, 0, created_at=created, lineage=lineage, sensors=["a", "b"])
    group.promote(version, "anna", "a test")
    site.heard("a", "b", *unheard)
    site.now += 86_400.0 / 8
    with capture_logs() as logs:
        site.learner.look()
        site.learner.look()
    assert sum(site.learner.counts.results.values()) == 0
    assert site.told[1] == "the model is new enough; 2 of 10 sensors had room; raise learning.memory"
    assert [(log["event"], log["learnt"], log["heard"]) for log in logs] == [
        ("a training had no room for all sensors: raise learning.memory", 2, 10)
    ]
