"""The frozen calibration: raw strangeness to surprise, by what was ordinary at commissioning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats

CAP = 20.0
"""No surprise is larger: beyond 1e-20 nothing is known."""


@dataclass(frozen=True, slots=True)
class FrozenCalibration:
    """Laws of raw values over (row of the commission, column).

    Attributes:
        knots: float32 [R, K, 32]; raw values whose surprises are evenly spaced from 0 to the threshold's.
        body, tail, sigma, xi: see `fit`; float32 [R, K].
        count: samples each law was learnt from, float32 [R, K]; 0 = nothing known, the surprise is NaN.
    """

    knots: Floats
    body: Floats
    tail: Floats
    sigma: Floats
    xi: Floats
    count: Floats

    @classmethod
    def fit(cls, samples: Sequence[Floats]) -> Self:
        """Learn from raw values of each sensor, float32 [n_r, K], NaN = no opinion; row r+1 is samples[r]."""
        raise NotImplementedError

    def surprise(self, row: NDArray[np.intp], raw: Floats) -> Floats:
        """Return -log10 of the chance of a value as large, float32 [n, K] in [0, 20]; NaN stays NaN."""
        raise NotImplementedError

    def to_tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays under names that begin with `prefix`."""
        raise NotImplementedError

    @classmethod
    def from_tensors(cls, prefix: str, tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        raise NotImplementedError
