"""The daemon learns by itself: looks now and then which group is due, and trains one at a time in a process of its own.

Nothing that goes wrong here touches scoring: the model in service stays, the failure is counted and told once, and the
training is tried again later and later.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from offbeat.app.bounded_child import Bounds, Ended, run_bounded
from offbeat.app.learning_child import order
from offbeat.app.learning_facts import GroupKnowledge
from offbeat.app.looking import look_until
from offbeat.app.model_library import models_of
from offbeat.app.questions import Questions
from offbeat.app.training_wishes import TrainingWishes
from offbeat.config.settings import Settings
from offbeat.core.decisions import Decisions
from offbeat.core.pipeline import Pipeline
from offbeat.errors import UnavailableError
from offbeat.ingest.decoder import directory_of
from offbeat.learn.group_learning import GroupLearning
from offbeat.learn.learning_policy import Due, GroupFacts, LastTraining, due, retry_seconds
from offbeat.learn.library import ModelLibrary
from offbeat.learn.room import Room
from offbeat.learn.trial import Verdict

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0

COMMAND = (sys.executable, "-P", "-m", "offbeat.app.learning_child")
"""Trains; `-P`: what lies in the working directory of the daemon is no module of it."""

STAGES = {
    "reading the journal": (0.0, 0.1),
    "looking at the recordings": (0.1, 0.05),
    "training the model": (0.15, 0.6),
    "training the long view": (0.75, 0.05),
    "playing the past through it": (0.8, 0.1),
    "calibrating": (0.9, 0.02),
    "judging the newest stretch": (0.92, 0.08),
}
"""Where each stage of a training begins, and its part of the whole."""

_LEFT = "no source names its sensors any more"

RESULTS = ("promoted", "kept", "refused", "crashed", "time", "memory", "stopped")
"""What may come of a training."""

QUIET = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",  # what is in service has the GPU to itself
    # What is freed goes back to the system at once: the bound of memory is about what is used.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_MMAP_THRESHOLD_": "131072",
}
"""Environment of a training: one thread, no GPU, and no memory held that is not used."""

_NOT_FOR_THE_CHILD = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


@dataclass(slots=True)
class _Group:
    """What the learner remembers of a group.

    Attributes:
        index: of the group.
        name: of the same.
        knowledge: what its sensors and versions are asked by.
        failures: trainings in a row that came to nothing.
        failed_at: unix seconds of the last of them.
        failure: its reason; empty after a training with a verdict.
        last_told: what came of the last training.
        no_room: sensors that had no room in the newest training, as far as that was logged.
    """

    index: int
    name: str
    knowledge: GroupKnowledge
    failures: int = 0
    failed_at: float = -math.inf
    failure: str = ""
    last_told: str = ""
    no_room: int = 0


@dataclass(slots=True)
class LearningCounts:
    """What happened since the start.

    Attributes:
        results: trainings by what came of them.
        seconds: that trainings took.
        running_since: unix seconds at which the one that runs began; 0 = none runs.
    """

    results: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(RESULTS, 0)))
    seconds: float = 0.0
    running_since: float = 0.0


class Learner:
    """Trains groups of a running daemon in the background.

    Args:
        settings: as loaded.
        pipeline: whose sensors are learnt.
        questions: to the loop, about its state.
        library: where models go; None = the configuration names one, and nothing is ever trained.
        clock: unix seconds.
        command: the process that trains; it is given an `order`.
        look_seconds: between two looks.

    Attributes:
        counts: for metrics.
    """

    def __init__(
        self,
        settings: Settings,
        pipeline: Pipeline,
        questions: Questions,
        library: ModelLibrary | None,
        clock: Callable[[], float] = time.time,
        command: tuple[str, ...] = COMMAND,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.counts = LearningCounts()
        self._settings = settings
        self._rules = settings.learning
        self._pipeline = pipeline
        self._questions = questions
        self._library = library
        self._clock = clock
        self._command = command
        self._look_seconds = look_seconds
        self._off = why_never(settings)
        self._groups: list[_Group] = []
        self._status: dict[str, GroupLearning] = {}
        self._telling = threading.Lock()  # the learner tells how far it is, and a reload of new groups
        self.learn_by(settings)
        self._jitter = _jitter(f"{os.uname().nodename} {settings.state.directory}")
        self._refused_priority: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="learner", daemon=True)
        self._wishes = TrainingWishes(library)

    def learn_by(self, settings: Settings) -> None:
        """Learn by these settings from the next training on; the pipeline has the groups of their sources."""
        self._settings = settings
        self._named = {group.name for group in directory_of(settings.sources, 1).groups}
        for state in self._pipeline.groups[len(self._groups) :]:
            knowledge = GroupKnowledge(state, self._questions, settings.learning)
            self._groups.append(one := _Group(state.index, state.group.name, knowledge))
            stage = GroupLearning("off" if self._off else "gathering", reason=self._off)
            self._say(one.name, stage)
        for one in self._groups:
            if one.name not in self._named:
                self._say(one.name, GroupLearning("off", reason=_LEFT))

    def groups(self) -> Mapping[str, GroupLearning]:
        """Return how far the learning of each group is, by its name; safe from any thread."""
        return self._status

    def start(self) -> None:
        """Start looking; never, where nothing is to be learnt."""
        if self._off:
            _log.info("the daemon learns nothing by itself", reason=self._off)
        else:
            self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End a training that runs, and stop looking."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)

    def decided(self, decisions: Decisions) -> None:
        """Take in what was decided; called by the loop."""
        # Of a group that was added a moment ago nothing is watched yet.
        if decisions.scores is not None and not self._off and decisions.scores.group < len(self._groups):
            self._groups[decisions.scores.group].knowledge.note(decisions.scores)

    def look(self) -> None:
        """Train the groups that are due, one after the other; the thread does it every few seconds."""
        groups = list(self._groups)
        self._wishes.take(one.name for one in groups if one.name in self._named)
        trouble: Exception | None = None
        for one in groups:
            if self._stopping.is_set():
                return
            try:
                self._look_at(one)
            except UnavailableError:
                return  # the loop is busy: there is time
            except Exception as error:  # noqa: BLE001 - of one group: the others are looked at all the same
                trouble = trouble or error
        if trouble is not None:
            raise trouble

    def _look_at(self, one: _Group) -> None:
        """Train a group that is due or asked for; a wish is served once that has come to an end, and not before."""
        assert self._library is not None
        if one.name not in self._named:
            self._wishes.served(one.name)
            return
        models = models_of(self._library, self._pipeline.groups[one.index].group)
        facts = one.knowledge.facts(models, self._clock(), one.failures, one.failed_at)
        self._log_room(one, facts)
        found, asked_by = due(facts, self._rules, self._clock(), self._jitter), self._wishes.of(one.name)
        if found.now or (asked_by and facts.sensors):
            if self._train(one, found.why if found.now else f"{asked_by} asked for it") != "stopped":
                self._wishes.served(one.name)
            return
        if asked_by:
            _log.warning(
                "a training that was asked for has nothing to learn from", group=one.name, by=asked_by
            )
            self._wishes.served(one.name)
        self._tell(one, found, facts.last)

    def _run(self) -> None:
        trouble = "nobody knows whether a model is to be trained; it is looked again"
        look_until(self._stopping, self._look_seconds, self.look, trouble)

    def _say(self, group: str, stage: GroupLearning) -> None:
        """Tell how far a group is; who asks meanwhile sees all groups as they were, or as they are."""
        with self._telling:
            self._status = self._status | {group: stage}

    def _log_room(self, one: _Group, facts: GroupFacts) -> None:
        """Log that sensors are not learnt, when their number has changed."""
        room = Room() if facts.last is None else facts.last.room
        if room.without and len(room.without) != one.no_room:
            _log.warning(
                "a training had no room for all sensors: raise learning.memory", group=one.name,
                learnt=room.heard - len(room.without), heard=room.heard,
            )  # fmt: skip
        one.no_room = len(room.without)

    def _tell(self, one: _Group, found: Due, last: LastTraining | None) -> None:
        eta = None if found.at is None else max(found.at - self._clock(), 0.0)
        reason = f"{found.why}: {one.failure}" if one.failures and one.failure else found.why
        if last is not None and last.room.without:
            reason = f"{reason}; {last.room}"
        self._say(
            one.name,
            GroupLearning(
                "gathering" if last is None else "waiting",
                share=found.share,
                eta_seconds=eta if last is None else None,
                reason=reason,
                next_at=found.at,
                last=one.last_told,
            ),
        )

    def _train(self, one: _Group, why: str) -> str:
        """Train a group; return what came of it, one of `RESULTS`."""
        _log.info("a model is trained in the background", group=one.name, why=why)
        self.counts.running_since = began = self._clock()
        started = time.monotonic()
        answer: dict[str, Any] = {}

        def hear(message: dict[str, Any]) -> None:
            answer.update(message)
            if "stage" in message:
                self._progress(one, why, message, time.monotonic() - started)
            elif message.get("refused_priority"):
                self._say_priority(list(message["refused_priority"]))

        self._progress(one, why, {"stage": "reading the journal", "share": 0.0}, 0.0)
        bounds = Bounds(self._rules.time_seconds, self._rules.memory_bytes)
        given = order(self._settings, one.name, why, os.getpid())
        environment = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_THE_CHILD} | QUIET
        try:
            ended = run_bounded(self._command, given, bounds, hear, self._stopping, environment)
        except OSError as error:  # no process or no file could be had
            ended = Ended("ended", 1, str(error))
        finally:
            self.counts.running_since = 0.0
            self.counts.seconds += time.monotonic() - started
        result = self._conclude(one, ended, answer, began)
        self._say(one.name, GroupLearning("waiting", last=one.last_told))
        return result

    def _progress(self, one: _Group, why: str, message: dict[str, Any], seconds: float) -> None:
        begin, part = STAGES.get(str(message["stage"]), (0.0, 0.0))
        share = begin + part * float(message["share"])
        left = seconds * (1.0 - share) / share if share > 0.05 else None
        self._say(
            one.name,
            GroupLearning(
                "training",
                share=share,
                eta_seconds=left,
                reason=f"{why}; {message['stage']}",
                last=one.last_told,
            ),
        )

    def _conclude(self, one: _Group, ended: Ended, answer: dict[str, Any], began: float) -> str:
        if "verdict" in answer:
            verdict = Verdict.from_dict(answer["verdict"])
            result = "promoted" if verdict.promoted else "kept"
            self.counts.results[result] += 1
            one.failures, one.failure = 0, ""
            one.last_told = f"{verdict.version}: {_outcome(verdict)}"
            _log.info(
                "a model was trained in the background", group=one.name, version=verdict.version,
                promoted=verdict.promoted, reason=verdict.reason, seconds=round(self._clock() - began),
            )  # fmt: skip
            return result
        result, reason = self._failure(ended, answer)
        self.counts.results[result] += 1
        if result == "stopped":
            return result
        one.failures, one.failed_at = one.failures + 1, self._clock()
        if reason != one.failure:
            _log.error(
                "a training in the background came to nothing; the model in service stays", group=one.name,
                result=result, reason=reason, again_in_seconds=round(retry_seconds(one.failures, self._rules)),
            )  # fmt: skip
        one.failure = one.last_told = reason
        return result

    def _failure(self, ended: Ended, answer: dict[str, Any]) -> tuple[str, str]:
        """Return the result and the reason of a training without a verdict."""
        rules = self._rules
        if "refused" in answer:
            return "refused", str(answer["refused"])
        if ended.how == "stopped":
            return "stopped", "the daemon was stopped"
        if ended.how == "time":
            return "time", f"it took longer than learning.time, {rules.time_seconds:g} s, and was ended"
        if ended.how == "memory":
            return (
                "memory",
                f"it took more than learning.memory, {rules.memory_bytes / 2**20:.0f} MiB, and was ended",
            )
        said = ended.said.splitlines()[-1] if ended.said else "it said nothing"
        return "crashed", f"its process ended with {ended.code}: {said}"

    def _say_priority(self, refused: list[str]) -> None:
        if refused != self._refused_priority:
            self._refused_priority = refused
            _log.warning(
                "a training in the background is not allowed to step back fully", refused=", ".join(refused)
            )


def why_never(settings: Settings) -> str:
    """Return why the daemon never trains by itself; empty if it does."""
    if settings.model.artifact is not None:
        return "model.artifact names the model"
    if not settings.learning.enabled:
        return "learning.enabled is false"
    if not settings.journal.enabled:
        return "there is no journal to learn from: journal.enabled is false"
    return ""


def _jitter(name: str) -> float:
    """Return a number of a name, -1 to 1: not all daemons of a fleet train at one time."""
    return zlib.crc32(name.encode("utf-8", "backslashreplace")) / 2**31 - 1.0


def _outcome(verdict: Verdict) -> str:
    if verdict.promoted:
        return f"promoted: {verdict.reason}"
    return f"{'better, and kept for a person to promote' if verdict.better else 'not promoted'}: {verdict.reason}"
