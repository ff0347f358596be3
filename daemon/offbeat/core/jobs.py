"""What the core asks of a model, and what comes back: arrays only, so that any scorer can answer.

The core never sees torch. A scorer answers a `StepJob` for every new row (carried state, O(1) a row) and a
`WindowJob` when windows are due. Either may answer None for a job it had to shed; the core then goes on with the
streams it has, and counts it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepJob:
    """New rows of B sensors as right-padded sequences, each to be read on from its sensor's carried state.

    Attributes:
        group: index of the group.
        sensor: slot, int32 [B]; no slot twice.
        row: the sensor's row in the artifact (0 = unknown sensor), int64 [B].
        x: squashed normalised values, float32 [B, L, C]; 0 where not observed.
        mask: 1 where observed, float32 [B, L, C]; 0 in the padding.
        gap: time since the row before in units of the sensor's median gap, float32 [B, L]; 0 for a first row.
        lengths: int64 [B], each at least 1.
    """

    group: int
    sensor: NDArray[np.int32]
    row: NDArray[np.int64]
    x: Floats
    mask: Floats
    gap: Floats
    lengths: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What the causal heads said before they saw each row. NaN where they had no say (first rows, padding).

    Attributes:
        value_nll: negative log-likelihood by channel, float32 [B, L, C]; NaN where not observed.
        gap_nll: negative log-likelihood of the log gap, float32 [B, L].
        mean: expected squashed normalised value, float32 [B, L, C].
        sigma: its standard deviation, float32 [B, L, C].
    """

    value_nll: Floats
    gap_nll: Floats
    mean: Floats
    sigma: Floats


@dataclass(frozen=True, slots=True)
class WindowJob:
    """The newest windows of B sensors, right padded; the newest `recent` observations of each are to be judged.

    Attributes:
        group, sensor, row: as in `StepJob`.
        x, mask: [B, L, C] as in `StepJob`.
        tau: times relative to the last row in median gaps, float32 [B, L], <= 0.
        lengths: int64 [B].
        recent: how many of the last rows are judged.
        last_time_seconds: event time of the last row, float64 [B]: says which reading the answer is about.
        long: the rows are bins of the long view, and times are in bins: for the model of the long view.
    """

    group: int
    sensor: NDArray[np.int32]
    row: NDArray[np.int64]
    x: Floats
    mask: Floats
    tau: Floats
    lengths: NDArray[np.int64]
    recent: int
    last_time_seconds: NDArray[np.float64]
    long: bool = False


@dataclass(frozen=True, slots=True)
class WindowResult:
    """Reconstruction of the recent rows by the VAE.

    Attributes:
        nll: mean negative log-likelihood of an observed value among the recent rows, float32 [B].
        channel_nll: the same by channel, float32 [B, C]; NaN where the channel was not observed.
    """

    nll: Floats
    channel_nll: Floats
