"""The isolation forest that baselines are compared with in the benchmark."""

from __future__ import annotations

import numpy as np

from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.history import gaps_of
from offbeat_models.baselines.scoring import BaselineScorer
from tests.benchmarks.detection.isolation_forest import Forests
from tests.support.model_samples import fleet


def test_it_is_asked_as_every_baseline_is() -> None:
    """A value far off is stranger than nearly all that the sensor ever said; the same seed says the same."""
    series = fleet(2, 400)
    x, mask = np.stack([one.x for one in series]), np.ones((2, 400, 1), np.float32)
    gap, row, lengths = np.stack([gaps_of(one) for one in series]), np.array([1, 2]), np.full(2, 400)
    x[:, 350] = 7.0
    said = []
    for _ in range(2):
        scorer = BaselineScorer(Forests(BaselineConfig(1, 3)).fit(series, seed=5), 2)
        said.append(scorer.step(np.array([0, 1]), row, x, mask, gap, lengths).value_nll[..., 0])
    assert np.array_equal(said[0], said[1], equal_nan=True)
    assert (said[0][:, 350] > np.nanquantile(said[0], 0.97, axis=1)).all()
