"""A scorer without a model: it expects every value to stay and every gap to be the median one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult

Floats = NDArray[np.float32]

_HALF_LOG_TAU = 0.9189385


class FakeScorer:
    """Answers every job at once, the same way every time, about each sensor alone.

    Args:
        sigma: deviation it claims for every value.
        sensors: slots to make room for in each group.
    """

    device = "none"

    def __init__(self, sigma: float = 0.5, sensors: int = 1024) -> None:
        self.sigma = np.float32(sigma)
        self._sensors = sensors
        self._last: dict[int, Floats] = {}
        self.steps = 0
        self.windows = 0

    def step(self, job: StepJob) -> StepResult:
        """Judge rows by the values before them, and carry the last value of each channel."""
        self.steps += len(job.sensor)
        carried = self._carried(job.group, job.x.shape[2])
        last = carried[job.sensor]
        mean = np.full_like(job.x, np.nan)
        for i in range(job.x.shape[1]):
            mean[:, i] = last
            seen = (job.mask[:, i] > 0) & (i < job.lengths)[:, None]
            last = np.where(seen, job.x[:, i], last)
        carried[job.sensor] = last
        inside = np.arange(job.x.shape[1]) < job.lengths[:, None]
        seen = (job.mask > 0) & inside[:, :, None]
        nll = self._nll(job.x - mean, self.sigma)
        gap_nll = self._nll(np.log(np.maximum(job.gap, np.float32(1e-3))), np.float32(1.0))
        return StepResult(
            value_nll=np.where(seen, nll, np.float32(np.nan)),
            gap_nll=np.where(inside & (job.gap > 0), gap_nll, np.float32(np.nan)),
            mean=mean,
            sigma=np.where(np.isfinite(mean), self.sigma, np.float32(np.nan)),
        )

    def window(self, job: WindowJob) -> WindowResult:
        """Judge the recent rows by how far they are from 0, the middle of the normaliser."""
        self.windows += len(job.sensor)
        age = job.lengths[:, None] - np.arange(job.x.shape[1])
        seen = (job.mask > 0) & ((age > 0) & (age <= job.recent))[:, :, None]
        nll = np.where(seen, self._nll(job.x, np.float32(1.0)), np.float32(0.0))
        count = seen.sum(axis=1)
        by_channel = np.where(count > 0, nll.sum(axis=1) / np.maximum(count, 1), np.nan)
        total = nll.sum(axis=(1, 2)) / np.maximum(seen.sum(axis=(1, 2)), 1)
        return WindowResult(nll=total.astype(np.float32), channel_nll=by_channel.astype(np.float32))

    def rebuild(self, job: StepJob) -> None:
        """Carry what the rows end with."""
        self.reset(job.group, job.sensor)
        self.step(job)

    def reset(self, group: int, sensor: NDArray[np.int32]) -> None:
        """Forget the last values of these sensors."""
        if group in self._last:
            self._last[group][sensor] = np.nan

    def _carried(self, group: int, channels: int) -> Floats:
        if group not in self._last:
            self._last[group] = np.full((self._sensors, channels), np.nan, np.float32)
        return self._last[group]

    @staticmethod
    def _nll(error: Floats, sigma: np.float32) -> Floats:
        return np.asarray(np.square(error / sigma) / 2 + np.log(sigma) + _HALF_LOG_TAU, np.float32)
