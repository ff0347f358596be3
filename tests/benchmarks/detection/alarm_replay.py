"""When episodes would have opened at other thresholds: the production state machines over p-values that were kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import TRACKS, EpisodeRules
from offbeat.core.episodes import Episodes
from offbeat.core.transitions import Change, Marks
from offbeat.replay.judged import JudgedSeries

LEAST_P = 1e-30

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]


def surprise_of(judged: JudgedSeries) -> Doubles:
    """Return -log10 of the p-value of each row [n]; 0 where there was none."""
    return -np.log10(np.clip(np.nan_to_num(judged.p_value, nan=1.0), LEAST_P, 1.0))


def openings(
    judged: Sequence[JudgedSeries], thresholds: Sequence[float], rules: EpisodeRules | None = None
) -> list[list[Rows]]:
    """Return the rows at which episodes of the process track open, by sensor and threshold.

    Ticks take no part: an episode closes after calm rows only.

    Args:
        judged: rows with their p-values.
        thresholds: surprises that open; one for all sensors.
        rules: of the state machines; the default ones if None.
    """
    machines = _Machines(len(judged), thresholds, rules or EpisodeRules())
    columns = [_moving_on(one) for one in judged]
    lengths = np.array([len(rows) for rows, _, _ in columns], np.intp)
    order = np.argsort(-lengths, kind="stable")
    alive = np.searchsorted(-lengths[order], -np.arange(1, lengths.max(initial=0) + 1), side="right")
    for number, count in enumerate(alive.tolist()):
        here = order[:count]
        times = np.array([columns[sensor][1][number] for sensor in here])
        surprise = np.array([columns[sensor][2][number] for sensor in here])
        machines.judge(number, here, times, surprise)
    return [
        [rows[np.array(opened, np.intp)] for opened in machines.opened[sensor]]
        for sensor, (rows, _, _) in enumerate(columns)
    ]


class _Machines:
    """A state machine for each sensor and threshold."""

    def __init__(self, sensors: int, thresholds: Sequence[float], rules: EpisodeRules) -> None:
        self._thresholds = np.array(thresholds, np.float32)
        self._episodes = Episodes(sensors * len(thresholds), rules)
        self.opened: list[list[list[int]]] = [[[] for _ in thresholds] for _ in range(sensors)]

    def judge(self, number: int, sensor: Rows, times: Doubles, surprise: Doubles) -> None:
        """Take in the row of this number of some sensors."""
        each = len(self._thresholds)
        slot = (sensor[:, None] * each + np.arange(each)).ravel()
        time = np.repeat(times, each)
        marks = Marks(
            key=slot * len(TRACKS),
            index=slot,
            time=time,
            start=time,
            seen=time,
            surprise=np.repeat(surprise, each).astype(np.float32),
            threshold=np.tile(self._thresholds, len(sensor)),
            score=np.zeros(len(slot), np.float32),
        )
        for transition in self._episodes.judge(marks):
            if transition.change is Change.OPEN:
                at, which = divmod(transition.sensor, each)
                self.opened[at][which].append(number)


def _moving_on(judged: JudgedSeries) -> tuple[Rows, Doubles, Doubles]:
    """Return number, time and surprise of the rows that move time on: the core keeps the others out."""
    times = judged.series.times_seconds
    newest = np.maximum.accumulate(times) if len(times) else times
    rows = np.flatnonzero(np.diff(newest, prepend=-np.inf) > 0)
    return rows, times[rows], surprise_of(judged)[rows]
