"""What was learnt of one group when it was commissioned, frozen until the next training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.calibration import FrozenCalibration
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.ridge import Ridge
from offbeat.core.shape import Shape
from offbeat.core.streams.base import Arrays, Floats

LEAST_ALARM_P = 1e-12
MOST_ALARM_P = 0.05
"""A sensor of a few rows a week would else be allowed to raise an alert at every row."""

Budget = float | NDArray[np.float64]
"""False alerts a week: one number, or one a track."""

_LAWS = ("runs", "streams", "severity", "alarm")
_FUSED = ("severity", "alarm")


@dataclass(frozen=True)
class Commission:
    """Normalisers, ridge weights and laws of one group over artifact rows R; row 0 = unknown sensors.

    It works before its calibrations are known (None): commissioning first learns the normaliser and the
    ridge, plays the recordings through the production streams, and then calibrates what they said.

    Attributes:
        channels: names, as in the group.
        sensors: ids; row r >= 1 belongs to sensors[r - 1].
        center, scale: of the robust normaliser, float32 [R, C]; scale > 0, or 0 in row 0 where sensors share no unit.
        constant: the channel never moved in the recording, bool [R, C].
        resolution: smallest step between two values ever seen, float32 [R, C]; 0 where unknown.
        gap_unit_seconds: median gap, float64 [R]; > 0.
        rows_per_week: float64 [R]; > 0.
        pace: mean log of a gap in median gaps, float32 [R].
        step: usual step between two observations of a channel a median gap apart, in scales, float32 [R, C];
            > 0.
        ridge: weights of the linear stream.
        shape: law of the shape stream: principal components on a time grid, relations of channels.
        runs: law of the lengths of runs of one value over (row, channel), for the stuck stream.
        streams: law of each stream's raw value over (row, `registry.STREAM_NAMES`).
        severity: law of the severity F over (row, `registry.TRACKS`), with tails of bouts (`bout_tail`).
        alarm: law of the fused surprise g over (row, track): where the trailing calibration starts from.
        long_scale: usual size of the means that the long view holds, in scales, float32 [R, C]; > 0; None
            without a model of the long view.
        voting: streams that take part in what is fused, bool [K]; None = all. It goes with the laws of F and g.
        severity_run: rows beyond the knots of the law of F that are one bout, on the mean, float32 [R, Q].
        alarm_run: the same of g above its 98th percentile.
        still_rows: rows in which each channel was seen of a sensor of which none ever moved, float32 [R, C]; 0 where
            one did; None = not known.
    """

    channels: tuple[str, ...]
    sensors: tuple[str, ...]
    center: Floats
    scale: Floats
    constant: NDArray[np.bool_]
    resolution: Floats
    gap_unit_seconds: NDArray[np.float64]
    rows_per_week: NDArray[np.float64]
    pace: Floats
    step: Floats
    ridge: Ridge
    shape: Shape
    runs: FrozenCalibration
    streams: FrozenCalibration | None = None
    severity: FrozenCalibration | None = None
    alarm: FrozenCalibration | None = None
    severity_run: Floats | None = None
    alarm_run: Floats | None = None
    long_scale: Floats | None = None
    voting: NDArray[np.bool_] | None = None
    still_rows: Floats | None = None

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {sensor: row for row, sensor in enumerate(self.sensors, start=1)}

    @cached_property
    def any_constant(self) -> bool:
        """Whether any channel of any sensor was constant: lets streams skip the question."""
        return bool(self.constant.any())

    def row_of(self, sensor_id: str) -> int:
        """Return the row of a sensor, 0 if it is unknown."""
        return self._rows.get(sensor_id, 0)

    @cached_property
    def learnt_seconds(self) -> NDArray[np.float64]:
        """How much of its time each sensor was learnt from, by rows and their usual rate, [R]; 0 if not known."""
        if self.alarm is None:
            return np.zeros(len(self.rows_per_week))
        rows = self.alarm.count.max(axis=1, initial=0.0).astype(np.float64)
        seconds: NDArray[np.float64] = rows / self.rows_per_week * WEEK_SECONDS
        seconds[0] = 0.0
        return seconds

    def of_strangers(self) -> Self:
        """Return what it knows of sensors that it does not know, whatever unit they measure in: row 0 alone."""
        tensors = self.to_tensors()
        alone = {name: array if name == "voting" else array[:1] for name, array in tensors.items()}
        nothing = np.zeros_like(self.center[:1])
        alone |= {"center": nothing, "scale": nothing, "resolution": nothing}
        return self.from_tensors(self.channels, (), alone)

    def with_rows_of(self, other: Self, sensors: Sequence[str]) -> Self:
        """Return it with some sensors that it does not know as another commission of these channels knows them.

        What only this one learnt, the long view for instance, is of strangers for them; so are the laws of what streams
        say together, where others had a vote.

        Args:
            other: knows the sensors.
            sensors: ids; they get the last rows, in this order.
        """
        rows = [other.row_of(sensor) for sensor in sensors]
        ours, theirs = self.to_tensors(), other.to_tensors()
        votes_alike = np.array_equal(ours.get("voting", ()), theirs.get("voting", ()))
        for name, array in ours.items():
            if name == "voting":
                continue
            same = name in theirs and theirs[name].shape[1:] == array.shape[1:]
            same &= votes_alike or not name.startswith(_FUSED)
            added = theirs[name][rows] if same else np.repeat(array[:1], len(rows), axis=0)
            ours[name] = np.concatenate([array, added.astype(array.dtype)])
        return self.from_tensors(self.channels, (*self.sensors, *sensors), ours)

    def normalise(self, row: NDArray[np.intp], values: Floats, mask: NDArray[np.bool_]) -> Floats:
        """Return robust z-scores, float32 [n, C]; 0 where not observed. Not squashed.

        Args:
            row: rows of the commission [n].
            values: as measured [n, C].
            mask: True where observed [n, C].
        """
        z = (values.astype(np.float64) - self.center[row]) / self.scale[row]
        return np.where(mask, np.clip(z, -1e30, 1e30), 0.0).astype(np.float32)

    def surprise(self, row: NDArray[np.intp], raw: Floats) -> Floats:
        """Return the surprise of each stream, float32 [n, K]; NaN where it has none or is not calibrated."""
        if self.streams is None:
            return np.full(raw.shape, np.nan, np.float32)
        return self.streams.surprise(row, raw)

    def severity_p_value(
        self,
        row: NDArray[np.intp],
        budget_per_week: Budget,
        rows_per_week: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Return the chance by the law of the severity at which the budget's boundary lies, float64 [n, Q].

        Beyond its knots that law is the share of rows there times the chance that a bout goes so far (`bout_tail`).
        A bout is one case, and there are as many as rows there over their number in a bout: so p = budget x rows of a
        bout / rows a week.
        """
        rate = self.rows_per_week[row] if rows_per_week is None else rows_per_week
        rows = 1.0 if self.severity_run is None else self.severity_run[row].astype(np.float64)
        return np.clip(budget_per_week / rate[:, None] * rows, LEAST_ALARM_P, MOST_ALARM_P)

    def score(
        self,
        row: NDArray[np.intp],
        severity: Floats,
        budget_per_week: Budget,
        rows_per_week: NDArray[np.float64] | None = None,
    ) -> Floats:
        """Return the surprise of F over that at the budget's boundary, float32 [n, Q]; 1.0 = the boundary.

        Args:
            row: rows of the commission [n].
            severity: F [n, Q].
            budget_per_week: false alerts a week.
            rows_per_week: of the sensors [n]; None = as commissioned.
        """
        if self.severity is None:
            return np.full(severity.shape, np.nan, np.float32)
        boundary = -np.log10(self.severity_p_value(row, budget_per_week, rows_per_week))
        return np.asarray(self.severity.surprise(row, severity) / boundary, np.float32)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return every array by name, for an artifact; names of channels and sensors are kept beside."""
        tensors: dict[str, NDArray[Any]] = self.ridge.to_tensors("ridge.") | self.shape.to_tensors("shape.")
        for name in _PLAIN:
            if getattr(self, name) is not None:
                tensors[name] = getattr(self, name)
        for name in _LAWS:
            law: FrozenCalibration | None = getattr(self, name)
            tensors |= {} if law is None else law.to_tensors(f"{name}.")
        return tensors

    @classmethod
    def from_tensors(cls, channels: tuple[str, ...], sensors: tuple[str, ...], tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave. Raises KeyError where an array is missing."""
        missing = [name for name in _NEEDED if name not in tensors]
        if missing:
            raise KeyError(f"a commission needs the arrays {', '.join(missing)}")
        laws: dict[str, Any] = {
            name: FrozenCalibration.from_tensors(f"{name}.", tensors)
            for name in _LAWS
            if f"{name}.knots" in tensors
        }
        plain: dict[str, Any] = {
            name: np.ascontiguousarray(tensors[name]) for name in _PLAIN if name in tensors
        }
        return cls(
            channels=channels,
            sensors=sensors,
            ridge=Ridge.from_tensors("ridge.", tensors),
            shape=Shape.from_tensors("shape.", tensors),
            **plain,
            **laws,
        )


def alarm_p_value(rows_per_week: NDArray[np.float64], budget_per_week: Budget) -> NDArray[np.float64]:
    """Return the p-value below which an episode opens so that the budget is kept, float64 [n, Q or 1].

    For values it is compared with the chance that a bout of strange rows begins at a row, and a bout is one
    episode: so p = budget / rows a week. For rhythm that chance is bounded from below by that of the row itself,
    and a standstill is judged by the chance of its length alone (`judgement`): their rows count each, though they
    come together. What a standstill repeats is in the budget that it is given (`TrackRule.rows_per_trial`).
    """
    alone = np.asarray(budget_per_week / rows_per_week[:, None], np.float64)
    return np.clip(alone, LEAST_ALARM_P, MOST_ALARM_P)


_PLAIN = tuple(
    field.name
    for field in fields(Commission)
    if field.name not in ("channels", "sensors", "ridge", "shape", *_LAWS)
)
_NEEDED = (
    "center",
    "scale",
    "constant",
    "gap_unit_seconds",
    "rows_per_week",
    "pace",
    "step",
    "ridge.own",
    "shape.pca.basis",
    "runs.knots",
)
