"""What is known of a group when it is asked whether it is to be trained: of its sensors, and of its versions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.questions import Questions
from offbeat.config.settings import LearningSettings
from offbeat.core.decisions import ScoredRows
from offbeat.core.group_state import GroupState
from offbeat.errors import ConfigError
from offbeat.learn.drift import DriftWatch
from offbeat.learn.learning_policy import GroupFacts, LastTraining, remaining_seconds
from offbeat.learn.library import GroupModels
from offbeat.learn.room import Room
from offbeat_models.manifest import ArtifactError, load_manifest


class GroupKnowledge:
    """Keeps an eye on one group.

    Args:
        state: of the group; the loop alone writes it.
        questions: to the loop.
        rules: how much is enough.
    """

    def __init__(self, state: GroupState, questions: Questions, rules: LearningSettings) -> None:
        self._state = state
        self._questions = questions
        self._rules = rules
        self._drift = DriftWatch(state.sensors)
        self._judged_by = ""
        self._seen: tuple[str, ...] = ()
        self._last: LastTraining | None = None

    def note(self, rows: ScoredRows) -> None:
        """Take judged rows in; called by the loop."""
        self._drift.note(rows)

    def facts(
        self, models: GroupModels, now: float, failures: int = 0, failed_at: float = -math.inf
    ) -> GroupFacts:
        """Return what is known now.

        Args:
            models: versions of the group.
            now: unix seconds.
            failures: trainings in a row that came to nothing.
            failed_at: unix seconds of the last of them.

        Raises:
            UnavailableError: the loop did not answer in time.
        """
        heard = self._questions.ask(lambda: self._heard(now))
        self._look_at(models)
        heard_seconds = now - heard.first_heard
        remaining = remaining_seconds(heard.rows, heard.gap_seconds, heard_seconds, self._rules)
        known = frozenset() if self._last is None else self._last.known | self._last.room.without
        enough = [heard.ids[i] for i in np.flatnonzero(remaining <= 0.0).tolist()]
        unknown = sum(sensor not in known for sensor in enough)
        return GroupFacts(remaining, heard_seconds, unknown, heard.drifted, self._last, failures, failed_at)

    def _heard(self, now: float) -> _Heard:
        """Copy what is known of the sensors; called by the loop."""
        state = self._state
        slots = np.flatnonzero(np.isfinite(state.first_heard[: state.size]) & ~state.retired[: state.size])
        learnt = state.learnt
        judged_by = "" if learnt is None or learnt.model is None else learnt.model[1]
        if judged_by != self._judged_by:
            self._judged_by = judged_by
            self._drift.forget()
        return _Heard(
            ids=tuple(state.group.ids[slot] for slot in slots.tolist()),
            rows=state.rows[slots],
            gap_seconds=state.cadence.median_seconds(slots),
            first_heard=state.first_heard[slots],
            drifted=self._drift.drifted(now),
        )

    def _look_at(self, models: GroupModels) -> None:
        """Look what the newest version is, and which sensors the one in service knows, where that has changed."""
        try:
            current = models.promotions().current or ""
        except ConfigError:
            current = ""
        folders = sorted(path.name for path in models.folder.iterdir()) if models.folder.is_dir() else []
        seen = (current, *folders)
        if seen == self._seen:
            return
        self._seen = seen
        served = _manifest(models.folder / current) if current else None
        known = frozenset() if served is None else frozenset(served.get("sensors", ()))
        manifests = (_manifest(path) for path in reversed(models.paths()))
        newest = next((manifest for manifest in manifests if manifest is not None), None)
        self._last = None if newest is None else _last_training(newest, known)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the loop knows of the sensors of a group that were heard, copied; columns of equal length."""

    ids: tuple[str, ...]
    rows: NDArray[np.int64]
    gap_seconds: NDArray[np.float64]
    first_heard: NDArray[np.float64]
    drifted: int


def _manifest(folder: Path) -> Mapping[str, Any] | None:
    try:
        return load_manifest(folder)[0]
    except ArtifactError:
        return None


def _last_training(manifest: Mapping[str, Any], known: frozenset[str]) -> LastTraining:
    lineage = manifest.get("lineage") or {}
    try:
        at = datetime.fromisoformat(str(manifest["created_at"])).timestamp()
        begin, end = (datetime.fromisoformat(str(lineage[key])).timestamp() for key in ("from", "to"))
    except (KeyError, ValueError):
        return LastTraining(0.0, 0.0, known)  # nobody wrote down when: it counts as long ago
    return LastTraining(at, max(end - begin, 0.0), known, Room.of(lineage))
