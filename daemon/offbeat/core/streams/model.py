"""What the model's answers say, as streams: value, value_mean, gap, window, window_mean."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.streams.level import restore

MOST_NLL = np.float32(8.0)
"""One channel's share in a value's likelihood: quantised and rare-event channels would drown the others."""

GAP_ROWS = 8.0
STALE_ROWS = 64
"""A window's score is said again for so many rows at most ..."""

FRESH_ROWS = 4
"""... and after so many for no longer than the horizon: what an hourly sensor's window was two days ago is past."""


class ModelStreams:
    """Turns likelihoods into raw strangeness. Fed by the pipeline after the scorer answered, in time order.

    value: mean clipped NLL of the observed channels that are not constant. value_mean: its mean over the
        horizon.
    gap: mean NLL of the last 8 gaps. window: NLL of the newest rows of the last window that was scored.
    window_mean: its mean over the horizon.

    Args:
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("value", "value_mean", "gap", "window", "window_mean")
    tracks: ClassVar[tuple[str, ...]] = ("process", "process", "rhythm", "process", "process")
    kinds: ClassVar[tuple[str, ...]] = ("shape", "shape", "rhythm", "shape", "shape")

    def __init__(self, sensors: int) -> None:
        self._mean = np.zeros((sensors, 3), np.float32)
        self._weight = np.zeros((sensors, 3), np.float32)
        self._filled = np.zeros((sensors, 3), np.float32)
        self._window = np.zeros(sensors, np.float32)
        self._left = np.zeros(sensors, np.uint8)
        self._held_seconds = np.zeros(sensors, np.float32)

    def step(
        self,
        sensor: NDArray[np.intp],
        constant: NDArray[np.bool_],
        gap: Floats,
        gap_seconds: NDArray[np.float64],
        value_nll: Floats | None,
        gap_nll: Floats | None,
    ) -> Floats:
        """Take one round's step answer in; return raw strangeness, float32 [n, 5].

        Args:
            sensor: slots [n].
            constant: channels that never moved [n, C]; they have no say.
            gap: time since the sensor's row before in median gaps [n]; NaN for a first row.
            gap_seconds: the same in seconds [n].
            value_nll: by channel [n, C]; NaN where not observed; None = the scorer had no answer.
            gap_nll: [n]; NaN for a first row; None = the scorer had no answer.
        """
        now = np.full((len(sensor), 3), np.nan, np.float32)
        if value_nll is not None:
            now[:, 0] = self._value(value_nll, constant)
        if gap_nll is not None:
            now[:, 1] = gap_nll
        now[:, 2] = self._held_window(sensor, gap_seconds)
        known = np.isfinite(now)
        keep = np.empty_like(now)
        keep[:, 0] = keep[:, 2] = horizon.decay(gap_seconds, gap)
        keep[:, 1] = horizon.of_rows(GAP_ROWS)
        filled = horizon.fill(self._filled[sensor], keep, self._weight[sensor])
        mean, weight = horizon.fade(self._mean[sensor], self._weight[sensor], now, keep, known)
        self._mean[sensor], self._weight[sensor], self._filled[sensor] = mean, weight, filled
        mean = np.where(known & horizon.settled(filled), mean, np.float32(np.nan))
        return np.column_stack([now[:, 0], mean[:, :2], now[:, 2], mean[:, 2]])

    def _value(self, nll: Floats, constant: NDArray[np.bool_]) -> Floats:
        """Return the mean over the channels that have a say, NaN where none has."""
        known = np.isfinite(nll) & ~constant
        count = known.sum(axis=1)
        share = np.where(known, np.minimum(nll, MOST_NLL), np.float32(0.0))
        total = np.einsum(
            "nc->n", np.ascontiguousarray(share)
        )  # the same to the last bit for any number of rows
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float32)

    def _held_window(self, sensor: NDArray[np.intp], gap_seconds: NDArray[np.float64]) -> Floats:
        """Return the last window score where it is not stale, and let it age by a row."""
        held = self._held_seconds[sensor] + np.nan_to_num(gap_seconds).astype(np.float32)
        left = self._left[sensor]
        past = (held > horizon.HOURS_4) & (left <= STALE_ROWS - FRESH_ROWS)
        left = np.where(past, np.uint8(0), left)
        self._held_seconds[sensor] = held
        self._left[sensor] = left - (left > 0)
        return np.where(left > 0, self._window[sensor], np.float32(np.nan))

    def window(self, sensor: NDArray[np.intp], nll: Floats) -> None:
        """Take in the answer to a window job; it is said on every following row until it is stale."""
        self._window[sensor] = nll
        self._left[sensor] = np.where(np.isfinite(nll), STALE_ROWS, 0)
        self._held_seconds[sensor] = 0

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors: the answers of another model are not comparable."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return means, weights and memories [S, 3]; window scores, rows to live, seconds held [S]."""
        return {
            "mean": self._mean,
            "weight": self._weight,
            "filled": self._filled,
            "window": self._window,
            "left": self._left,
            "held_seconds": self._held_seconds,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
