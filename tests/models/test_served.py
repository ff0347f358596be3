"""Models and baselines behind one interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offbeat_models.artifact import load_artifact, write_artifact
from offbeat_models.base import ModelConfigError
from offbeat_models.baselines.base import Baseline, BaselineConfig
from offbeat_models.baselines.registry import BASELINES, fit_baseline
from offbeat_models.baselines.scoring import BaselineScorer
from offbeat_models.baselines.training import train_baseline
from offbeat_models.manifest import ArtifactError
from offbeat_models.registry import FAMILIES, build, preset
from offbeat_models.scoring import GroupScorer
from offbeat_models.served import ServedModel, scorer_of, shapes_of, tensors_of, with_strangers
from tests.support.model_samples import fleet, quick

NAMES = {"channels": ["a", "b"], "sensors": ["one", "two"], "created_at": "2026-01-01T00:00:00Z"}


def test_no_baseline_has_the_name_of_a_model() -> None:
    """One name chooses one thing."""
    assert not set(FAMILIES) & set(BASELINES)


def test_each_gets_the_scorer_it_needs() -> None:
    """The one for baselines needs no device."""
    assert isinstance(scorer_of(build("lstm_vae", preset("tiny", 1, 2)), 1), GroupScorer)
    assert isinstance(scorer_of(fit_baseline("robust_z", fleet(1), BaselineConfig(1, 2)), 1), BaselineScorer)


@pytest.mark.parametrize("family", [*FAMILIES, *BASELINES])
def test_a_model_can_be_given_rows_for_strangers(family: str) -> None:
    """It takes them for unknown sensors, and those that it knows for what they are."""
    model: ServedModel
    if family in BASELINES:
        model = fit_baseline(family, fleet(2), BaselineConfig(1, 3))
    else:
        model = build(family, preset("tiny", 1, 3)).eval()
    longer = with_strangers(model, 2)
    assert (longer.family, longer.config.rows) == (family, 5)
    assert with_strangers(model, 0).config.rows == 3
    for row, as_row in ((1, 1), (2, 2), (3, 0), (4, 0)):
        assert np.array_equal(_said(longer, row), _said(model, as_row), equal_nan=True), f"row {row}"
    assert not np.array_equal(_said(longer, 1), _said(longer, 3), equal_nan=True)


def _said(model: ServedModel, row: int) -> np.ndarray:
    """Return what a model says of a few readings of the sensor of a row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 40, 1)).astype(np.float32)
    gap = rng.exponential(size=(1, 40)).astype(np.float32)
    said = scorer_of(model, 1).step(np.array([0]), np.array([row]), x, np.ones_like(x), gap, np.array([40]))
    return np.concatenate([said.value_nll[0, :, 0], said.gap_nll[0]])


@pytest.mark.parametrize("family", list(BASELINES))
def test_a_baseline_comes_back_from_its_artifact_as_it_was(family: str, tmp_path: Path) -> None:
    """By family and sizes from the manifest."""
    fitted = fit_baseline(family, fleet(2, channels=2), BaselineConfig(2, 3))
    write_artifact(tmp_path / "a", fitted, **NAMES)  # type: ignore[arg-type]
    loaded = load_artifact(tmp_path / "a").model
    assert isinstance(loaded, Baseline)
    assert loaded.family == family
    for name, value in tensors_of(fitted).items():
        assert np.array_equal(value, loaded.tensors[name])


def test_an_artifact_whose_baseline_lost_an_array_is_refused(tmp_path: Path) -> None:
    """With its name."""
    fitted = fit_baseline("robust_z", fleet(2, channels=2), BaselineConfig(2, 3))
    del fitted.tensors["gap_scale"]
    write_artifact(tmp_path / "a", fitted, **NAMES)  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="tensors are missing: gap_scale"):
        load_artifact(tmp_path / "a")


@pytest.mark.parametrize(
    "sizes", [{}, {"channels": 1}, {"channels": 0, "rows": 2}, {"channels": 1, "rows": "2"}]
)
def test_sizes_that_no_baseline_has_are_refused(sizes: dict[str, object]) -> None:
    """As those of a model are."""
    with pytest.raises(ModelConfigError, match="expected channels and rows"):
        shapes_of("pca", sizes)


def test_a_baseline_is_reported_on_as_a_training_is() -> None:
    """Its figures are of what was held back, against the same constant."""
    report = train_baseline(fleet(3, 400), BaselineConfig(1, 4), quick(), "pca").report
    assert (report.stopped, report.steps) == ("fitted", 0)
    assert report.validation.value < report.validation.constant_gaussian
    assert np.isfinite(report.validation.gap)
