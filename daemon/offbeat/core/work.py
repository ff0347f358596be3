"""Rows on their way through the scorer: what `Pipeline.ingest` hands out and `Pipeline.scored` takes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.jobs import StepJob, StepResult
from offbeat.core.rows import Rows

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Messages:
    """When messages of sensors arrived, and which of the times between them are to be learnt.

    Attributes:
        rows: a row a message, without values; the gap is NaN where it is not known.
        learn: not the first silence after ordinary gaps: it was a fault, bool [n].
        follows: a silence that follows another one, bool [n]: a new rhythm, and learnt in an episode, too.
    """

    rows: Rows
    learn: NDArray[np.bool_]
    follows: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AtRest:
    """Rows of sensors that never moved when they were learnt, and what was known of these when they were taken in.

    Attributes:
        index: of the rows, intp [m]; those of sensors that cannot be judged by it are not among them.
        place: where their sensors stood when they were learnt, float32 [m, C].
        begun: how often what is counted of their sensors was begun anew, int32 [m].
    """

    index: NDArray[np.intp]
    place: Floats
    begun: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Work:
    """New rows of one group, what the cheap streams said about them, and what the model is asked.

    Works of a group are to be given back in the order in which they came, each exactly once.

    Attributes:
        group: index of the group.
        number: counts the works of the group.
        generation: of the commission under which the rows were taken in.
        rows: sorted by (sensor, time).
        rounds: row indices such that a sensor stands in each at most once.
        age: how many rows of its sensor came before each row, int64 [n].
        gap: in units of the sensors' median gaps, float32 [n]; NaN for a first row.
        z: robust z-scores, float32 [n, C]; 0 where not observed or not normalised yet.
        known: where z means something, bool [n, C].
        raw: raw strangeness by stream, float32 [n, K]; the model's columns are NaN until it has answered.
        place: row of the job [n] and position in it [n]; None without a job.
        job: what the model is asked; None if there is no model.
        heard: sensors that were heard of, slots, none twice; also those without a new row.
        heard_seconds: log time at which they were last heard, float64.
        seen_seconds: log time of each row, float64 [n].
        is_rehearsal: the rows were judged before, under another commission: streams learn of them, and nobody is told.
        messages: of the batch whose last work this is: the times between them are learnt once its rows are judged.
        at_rest: of the rows, those of sensors that never moved; None where the commission knows of none.
    """

    group: int
    number: int
    generation: int
    rows: Rows
    rounds: list[NDArray[np.intp]]
    age: NDArray[np.int64]
    gap: Floats
    z: Floats
    known: NDArray[np.bool_]
    raw: Floats
    place: tuple[NDArray[np.intp], NDArray[np.intp]] | None
    job: StepJob | None
    heard: NDArray[np.intp]
    heard_seconds: NDArray[np.float64]
    seen_seconds: NDArray[np.float64]
    is_rehearsal: bool = False
    messages: Messages | None = None
    at_rest: AtRest | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Answer:
    """The scorer's answer by row of a work; None or NaN where it has no say.

    Attributes:
        value_nll, mean, sigma: float32 [n, C].
        gap_nll: float32 [n].
    """

    value_nll: Floats | None = None
    gap_nll: Floats | None = None
    mean: Floats | None = None
    sigma: Floats | None = None

    @classmethod
    def of(cls, work: Work, result: StepResult | None) -> Answer:
        """Return the answer to a work's job, row by row."""
        if result is None or work.place is None:
            return cls()
        place = work.place
        return cls(result.value_nll[place], result.gap_nll[place], result.mean[place], result.sigma[place])

    def without_gap(self, rows: NDArray[np.bool_]) -> Answer:
        """Return the answer without its opinion on the gaps before some rows."""
        if self.gap_nll is None or not rows.any():
            return self
        return replace(self, gap_nll=np.where(rows, np.float32(np.nan), self.gap_nll))


def split_by_rank(rows: Rows, most: int) -> list[Rows]:
    """Return rows in parts in which no sensor has more than `most`, to be worked off in this order."""
    if not len(rows) or int(rows.rank.max()) < most:
        return [rows]
    part = rows.rank // most
    return [_part(rows, np.flatnonzero(part == i), i * most) for i in range(int(part.max()) + 1)]


def _part(rows: Rows, index: NDArray[np.intp], first_rank: int) -> Rows:
    return Rows(
        group=rows.group,
        sensor=rows.sensor[index],
        time_seconds=rows.time_seconds[index],
        gap_seconds=rows.gap_seconds[index],
        values=rows.values[index],
        mask=rows.mask[index],
        rank=rows.rank[index] - np.int32(first_rank),
        offset=rows.offset,
    )
