"""What opens, escalates and ends an episode: the tracks and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from offbeat.core.events import Family, Severity

WEEK_SECONDS = 7 * 86_400.0
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


class Track(IntEnum):
    """The independent state machines every sensor has; the value is the column of the state arrays."""

    PROCESS = 0
    RHYTHM = 1
    STUCK = 2
    SILENT = 3
    RULE = 4


@dataclass(frozen=True, slots=True)
class TrackRule:
    """What a track is about.

    Attributes:
        kind: the event's `kind`, and the rule's part in the episode's id.
        family: whether it speaks about what is measured or about the sensor.
        budget_share: its part of the sensor's weekly budget of false alerts.
        rows_per_trial: rows that are one chance of a false alert. A value that stands still for long is one case
            however many rows repeat it, so there are fewer cases a week than rows.
        ceiling_p: no p-value above this opens an episode, however large the budget or rare the rows.
        may_settle: a lasting change may become the new normal. A stuck or a silent sensor never is normal.
    """

    kind: str
    family: Family
    budget_share: float
    rows_per_trial: float
    ceiling_p: float
    may_settle: bool

    @property
    def weight(self) -> float:
        """What the sensor's budget is multiplied by for this track."""
        return self.budget_share * self.rows_per_trial


TRACKS: dict[Track, TrackRule] = {
    Track.PROCESS: TrackRule("value", "process", 0.85, 1.0, 0.02, may_settle=True),
    Track.RHYTHM: TrackRule("rhythm", "health", 0.05, 1.0, 1e-3, may_settle=True),
    Track.STUCK: TrackRule("stuck", "health", 0.05, 30.0, 1e-4, may_settle=False),
    Track.SILENT: TrackRule("silent", "health", 0.05, 1.0, 1e-3, may_settle=False),
    Track.RULE: TrackRule("rule", "process", 0.0, 1.0, 1e-3, may_settle=False),
}
"""All tracks, in the order of their columns. The shares add up to one; a broken rule is no false alert."""


@dataclass(frozen=True, slots=True)
class EpisodeRules:
    """The numbers of the state machine. "Surprise" is -log10 of the p-value against the trailing calibration.

    Attributes:
        silent_times_longest: a silence so many times longer than any before is strange whatever its p-value:
            after few gaps a law of gaps cannot know what is rare, but records are not broken by so much.
        silent_known_seconds: a sensor that was heard for less time before has to be silent for longer, in proportion.
        silent_first_seconds: a sensor must have been heard for so long before that counts at all.
        margin: a row is calm when its surprise is this far below the threshold that opens.
        close_rows: calm rows in a row that close an episode.
        close_seconds: and the time these calm rows must span at least; keeps fast sensors from flapping.
        quiet_seconds: without a strange row for so long, a tick closes the episode.
        escalate_by, escalate_share: a rise of the surprise above the episode's peak that is a new anomaly inside an
            old one: by so much at least, and by such a share of the peak: the further a tail is extrapolated, the
            less a difference means.
        escalate_rows: rows since the peak was last raised before a rise is new, and not the same attack.
        echo_seconds: after an episode's last strange row, for as long as it took from the first to that one and no
            longer than this, what it left in the memory of the streams is strange ...
        echo_share: ... so that only what is at least so much of its peak is a new anomaly.
        update_seconds: at most one update in this time, unless the severity rises.
        update_growth: and at most one in this share of the episode's age, so that a long one does not flood.
        settle_seconds, settle_rows: open for longer than both, and not grown worse for so long, it is a lasting change.
        settle_growth: it has grown worse where its score has risen by this share since that was last noted.
        warning_score, critical_score: the scores from which an episode is a warning, or critical.
    """

    silent_times_longest: float = 10.0
    silent_known_seconds: float = 300.0
    silent_first_seconds: float = 120.0
    margin: float = 0.5
    close_rows: int = 5
    close_seconds: float = 4.0
    quiet_seconds: float = 600.0
    escalate_by: float = 1.5
    escalate_share: float = 0.25
    escalate_rows: int = 5
    echo_seconds: float = 4 * 3600.0
    echo_share: float = 0.5
    update_seconds: float = 60.0
    update_growth: float = 0.25
    settle_seconds: float = 86_400.0
    settle_rows: int = 1000
    settle_growth: float = 0.1
    warning_score: float = 1.0
    critical_score: float = 2.0


def threshold(p_value: NDArray[np.float64], ceiling_p: float | NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the surprise that opens an episode for the p-value that the budget allows."""
    p = np.clip(p_value, 1e-18, ceiling_p)
    return np.asarray(-np.log10(p), np.float32)


def severity_codes(score: NDArray[np.float32], rules: EpisodeRules) -> NDArray[np.int8]:
    """Return the index into `SEVERITIES` for each score; no score is "info"."""
    warning, critical = score >= rules.warning_score, score >= rules.critical_score
    return np.asarray(warning.astype(np.int8) + critical.astype(np.int8), np.int8)
