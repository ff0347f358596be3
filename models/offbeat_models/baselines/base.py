"""The contract of a baseline: fitted on recorded series, it judges a row by the rows before it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from offbeat_models.baselines.history import Floats, History, gaps_of
from offbeat_models.series import SensorSeries

SMALLEST_SCALE = np.float32(0.05)
"""Floor of a deviation in normalised units: quantised and constant channels would else cry at every step."""
SMALLEST_GAP_SCALE = np.float32(0.05)
SMALLEST_GAP = np.float32(1e-3)
LOG_2PI_HALF = np.float32(0.5 * np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """Sizes of a baseline's tables.

    Attributes:
        channels: C, channels of a sensor.
        rows: sensors + 1; row 0 is the unknown sensor.
    """

    channels: int
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RowJudgement:
    """What was expected of rows, in squashed normalised units, and how strange they are.

    Attributes:
        nll: negative log-likelihood by channel, float32 [N, C]; meaningless where not observed.
        mean: expected value, float32 [N, C].
        sigma: its deviation, float32 [N, C].
    """

    nll: Floats
    mean: Floats
    sigma: Floats


class Baseline(ABC):
    """A detector without a network. It is a set of float32 arrays: what it learnt of each sensor.

    The judgement of a row depends on its history alone, never on which sensors are judged together.

    Args:
        config: sizes.
    """

    family: ClassVar[str]

    def __init__(self, config: BaselineConfig) -> None:
        self.config = config
        self.tensors: dict[str, Floats] = {
            name: np.zeros(shape, np.float32) for name, shape in self.shapes(config).items()
        }

    @classmethod
    def shapes(cls, config: BaselineConfig) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by name."""
        rows, channels = config.rows, config.channels
        return {
            "center": (rows, channels),
            "scale": (rows, channels),
            "gap_center": (rows,),
            "gap_scale": (rows,),
        }

    @classmethod
    def load(cls, config: BaselineConfig, tensors: Mapping[str, Floats]) -> Self:
        """Rebuild from the arrays of a fitted one."""
        one = cls(config)
        one.tensors = {name: np.ascontiguousarray(tensors[name]) for name in one.tensors}
        return one

    def fit(self, series: Sequence[SensorSeries], seed: int = 0) -> Self:
        """Learn from recorded series, one a sensor; sensors without one become as the unknown sensor.

        Args:
            series: as in training; rows in 1..rows - 1.
            seed: source of all randomness.
        """
        self._fit_scales(series)
        self._fit_more(series, np.random.default_rng(seed))
        return self

    @abstractmethod
    def judge(self, history: History) -> RowJudgement:
        """Judge the last row of each history."""

    def judge_window(self, history: History) -> Floats | None:  # noqa: ARG002 - for those that have one
        """Return how badly each whole history fits by channel, [N, C]; None = no better way than row by row."""
        return None

    def gap_nll(self, row: np.ndarray[Any, np.dtype[np.int64]], gap: Floats) -> Floats:
        """Return the negative log-likelihood of log gaps [N] under each sensor's Laplace law.

        Args:
            row: sensors' rows [N].
            gap: in median gaps [N], > 0.
        """
        scale = self.tensors["gap_scale"][row]
        away = np.abs(np.log(np.maximum(gap, SMALLEST_GAP)) - self.tensors["gap_center"][row])
        return np.asarray(away / scale + np.log(2.0 * scale), np.float32)

    @abstractmethod
    def _fit_more(self, series: Sequence[SensorSeries], rng: np.random.Generator) -> None:
        """Learn what goes beyond medians and scales."""

    def _fit_scales(self, series: Sequence[SensorSeries]) -> None:
        channels = self.config.channels
        center, scale = np.full((2, len(series), channels), np.nan)
        gap_center, gap_scale = np.full((2, len(series)), np.nan)
        for i, one in enumerate(series):
            for c in range(channels):
                column = one.x[one.mask[:, c], c]
                if len(column):
                    low, center[i, c], high = np.quantile(column, [0.05, 0.5, 0.95])
                    # Median and quantiles, without the deviation: a share of faults must not widen the scale.
                    scale[i, c] = max((high - low) / 3.29, SMALLEST_SCALE)
            log_gap = np.log(np.maximum(gap, SMALLEST_GAP)) if len(gap := _positive(gaps_of(one))) else gap
            if len(log_gap):
                gap_center[i] = np.median(log_gap)
                gap_scale[i] = max(np.mean(np.abs(log_gap - gap_center[i])), SMALLEST_GAP_SCALE)
        rows = [one.row for one in series]
        for name, values, else_ in (
            ("center", center, 0.0),
            ("scale", scale, 1.0),
            ("gap_center", gap_center, 0.0),
            ("gap_scale", gap_scale, 1.0),
        ):
            self.tensors[name] = with_fleet(values, rows, self.config.rows, else_)


def _positive(gap: Floats) -> Floats:
    return gap[gap > 0]


def gaussian(value: Floats, mean: Floats, sigma: Floats) -> RowJudgement:
    """Judge values [N, C] by Gaussians."""
    nll = 0.5 * ((value - mean) / sigma) ** 2 + np.log(sigma) + LOG_2PI_HALF
    return RowJudgement(nll.astype(np.float32), mean, sigma)


def with_fleet(values: np.ndarray[Any, Any], rows: Sequence[int], count: int, otherwise: float) -> Floats:
    """Return a table [count, ...]: sensors' own values, the fleet's median where they have none.

    Args:
        values: [n, ...]; NaN = the sensor has none.
        rows: row of each of the n.
        count: rows of the table.
        otherwise: where nobody has one.
    """
    fleet = np.full(values.shape[1:], otherwise)
    if len(values):
        some = np.isfinite(values).any(axis=0)
        fleet = np.where(some, np.nanmedian(np.where(some, values, 0.0), axis=0), otherwise)
    table = np.broadcast_to(fleet, (count, *values.shape[1:])).copy()
    table[list(rows)] = np.where(np.isfinite(values), values, fleet)
    return table.astype(np.float32)
