"""Windows drawn at random for training: random lengths, thinning, and what is hidden from the encoder.

Thinning teaches a model that a sensor may report at another rhythm; hiding teaches it to fill in and to
extrapolate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from offbeat_models.batch import WindowBatch, pad
from offbeat_models.series import SensorSeries

LENGTH_STEP = 16
"""Windows of one batch share a length bucket of this many rows, so that little is padding."""

LONGEST_HIDDEN_END = 16
"""Most rows hidden at a window's end."""


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """How windows are drawn.

    Attributes:
        shortest, longest: rows of a window.
        thinned_share: share of windows from which rows are left out, at random or in bursts.
        keep_least, keep_most: share of rows that a thinned window keeps.
        burst_rows: mean rows of a burst that is kept.
        hidden_share: share of observations hidden from the encoder; they still count in the likelihood.
        hidden_end_share: share of windows whose last 1..16 rows are hidden.
    """

    shortest: int = 16
    longest: int = 128
    thinned_share: float = 0.5
    keep_least: float = 0.15
    keep_most: float = 0.8
    burst_rows: float = 10.0
    hidden_share: float = 0.15
    hidden_end_share: float = 0.5


@dataclass(frozen=True, slots=True)
class TrainingWindows:
    """A batch and what goes with it.

    Attributes:
        batch: clean windows.
        shown: what the encoder may see, [B, L, C].
        rhythm: 1 for windows whose gaps are the sensor's own, 0 for thinned ones, [B].
    """

    batch: WindowBatch
    shown: Tensor
    rhythm: Tensor


class WindowSampler:
    """Draws batches of windows from series; the same random state gives the same batches.

    Args:
        series: usable series, each at least `config.shortest` rows long.
        config: how to draw.
        rng: source of all choices.
        device: where batches are put.
    """

    def __init__(
        self,
        series: Sequence[SensorSeries],
        config: SamplingConfig,
        rng: np.random.Generator,
        device: torch.device | None = None,
    ) -> None:
        self._series, self._config, self._rng, self._device = series, config, rng, device
        # By the root of the rows: long series teach more, but must not drown the short ones.
        weight = np.sqrt([float(len(one)) for one in series])
        self._chance = weight / weight.sum()

    def draw(self, count: int, augment: bool = True) -> TrainingWindows:
        """Return `count` windows of similar length.

        Args:
            count: windows.
            augment: thin and hide; without, windows are as recorded and shown whole.
        """
        config, rng = self._config, self._rng
        low, high = np.log(config.shortest), np.log(config.longest + 1)
        bucket = -(-int(np.exp(rng.uniform(low, high))) // LENGTH_STEP) * LENGTH_STEP
        most = min(bucket, config.longest)
        least = max(config.shortest, min(most, most - LENGTH_STEP + 1))
        chosen = rng.choice(len(self._series), count, p=self._chance)
        thinned = rng.random(count) < (config.thinned_share if augment else 0.0)
        windows = []
        for index, thin in zip(chosen, thinned, strict=True):
            one = self._series[index]
            rows = self._rows(len(one), int(rng.integers(least, most + 1)), bool(thin))
            tau = (one.times_seconds[rows] - one.times_seconds[rows[-1]]) / one.gap_unit_seconds
            windows.append((one.x[rows], one.mask[rows].astype(np.float32), tau.astype(np.float32), one.row))
        xs, masks, taus, row = zip(*windows, strict=True)
        lengths = np.array([len(x) for x in xs])
        batch = WindowBatch.from_numpy(
            pad(xs, most), pad(masks, most), pad(taus, most), lengths, row, device=self._device
        )
        shown = self._shown(lengths, most, batch.mask.shape[-1]) if augment else np.ones(batch.mask.shape)
        return TrainingWindows(
            batch,
            torch.as_tensor(shown, dtype=torch.float32, device=self._device),
            torch.as_tensor(~thinned, dtype=torch.float32, device=self._device),
        )

    def _rows(self, available: int, length: int, thin: bool) -> NDArray[np.intp]:
        """Return the ascending indices of a window's rows."""
        rng, config = self._rng, self._config
        keep = rng.uniform(config.keep_least, config.keep_most) if thin else 1.0
        raw = min(available, int(np.ceil(length / keep)))
        start = int(rng.integers(0, available - raw + 1))
        if not thin:
            return np.arange(start, start + raw)
        kept = self._bursts(raw, keep) if rng.random() < 0.5 else rng.random(raw) < keep
        rows = start + np.flatnonzero(kept)[-length:]
        return rows if len(rows) >= 2 else np.arange(start, start + raw)[-length:]

    def _bursts(self, rows: int, keep: float) -> NDArray[np.bool_]:
        """Return which of `rows` are kept when runs of rows come and go."""
        on_rows = self._config.burst_rows
        off_rows = max(on_rows * (1.0 - keep) / keep, 1.0)
        runs = int(np.ceil(rows / on_rows)) * 2 + 4
        lengths = self._rng.geometric(np.tile([1.0 / on_rows, 1.0 / off_rows], runs))
        state = np.repeat(np.tile([True, False], runs), lengths)
        return np.resize(state, rows)

    def _shown(self, lengths: NDArray[np.int64], length: int, channels: int) -> NDArray[np.bool_]:
        """Return what the encoder may see, [B, L, C]; a window's first row always."""
        rng, config, count = self._rng, self._config, len(lengths)
        hidden = rng.random((count, length, channels)) < config.hidden_share
        # Whole rows in half the windows: single channels alone would let the others give the value away.
        whole = rng.random((count, length, 1)) < config.hidden_share
        hidden = np.where(rng.random((count, 1, 1)) < 0.5, whole, hidden)
        end = np.minimum(rng.integers(1, LONGEST_HIDDEN_END + 1, count), lengths // 2)
        end = np.where(rng.random(count) < config.hidden_end_share, end, 0)
        hidden |= (np.arange(length)[None, :] >= (lengths - end)[:, None])[..., None]
        hidden[:, 0] = False
        return np.asarray(~hidden)
