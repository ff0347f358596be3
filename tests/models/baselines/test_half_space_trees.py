"""half_space_trees."""

from __future__ import annotations

import numpy as np

from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.features import row_features
from offbeat_models.baselines.half_space_trees import LEAVES, TREES
from offbeat_models.baselines.history import recorded_history
from offbeat_models.baselines.registry import fit_baseline
from offbeat_models.series import SensorSeries
from tests.support.model_samples import fleet


def test_features_tell_the_value_its_change_its_recent_mean_and_the_gap() -> None:
    """A channel that is not observed tells what was last seen, and no change."""
    x = np.array([[1.0, 5.0], [2.0, 0.0], [4.0, 0.0]], np.float32)
    mask = np.array([[True, True], [True, False], [True, False]])
    one = SensorSeries(1, np.array([0.0, 1.0, 1.5]), x, mask, 0.5)
    (features,) = row_features(recorded_history(one, np.array([2])))
    assert np.allclose(features, [4.0, 5.0, 2.0, 0.0, 7 / 3, 5.0, 0.0])


def test_boxes_hold_all_that_was_learnt_of_each_sensor() -> None:
    """Densities are those of a law over each tree's boxes; the sensors' own differ."""
    density = fit_baseline("half_space_trees", fleet(3, 400), BaselineConfig(1, 4)).tensors["density"]
    assert density.shape == (4, TREES, LEAVES)
    assert np.allclose(density.mean(axis=2), 1.0, atol=1e-4)
    assert (density > 0).all()
    assert not np.array_equal(density[1], density[2])
