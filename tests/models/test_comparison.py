"""The model beside the baselines, on held-back rows with injected faults."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.registry import BASELINES
from offbeat_models.baselines.training import train_baseline
from offbeat_models.case_scoring import CASES_PER_CALL, score_cases
from offbeat_models.comparison import Comparison, Figures, compare
from offbeat_models.held_back_faults import CLEAN, FAULT_ROWS, LEAD_ROWS, cases
from offbeat_models.served import scorer_of
from offbeat_models.synthetic import FAULT_KINDS
from tests.support.model_samples import fleet, quick

SENSORS = 4


def _figures(detector: str, precision: float, recall: float) -> Figures:
    return Figures(detector, precision, recall, {})


@pytest.fixture(scope="module")
def compared() -> Comparison:
    """Robust z, fitted as a model would be, beside the others."""
    series = fleet(SENSORS, 800)
    learnt = train_baseline(series, BaselineConfig(1, SENSORS + 1), quick(), "robust_z")
    comparison = compare(learnt.model, series, quick())
    assert comparison is not None
    return comparison


def test_faults_lie_in_held_back_time_only() -> None:
    """Every kind that the sensors can have, behind a lead of rows as recorded."""
    series = fleet(SENSORS, 800, channels=2)
    made = cases(series, [100] * SENSORS, 3, 5, seed=1)
    assert {case.kind for case in made} == {CLEAN, *FAULT_KINDS}
    for case in made:
        one = series[case.sensor]
        assert case.times_seconds[LEAD_ROWS - 1] >= one.times_seconds[len(one) - 101]
        assert not case.faulty[:LEAD_ROWS].any()
        start = int(np.searchsorted(one.times_seconds, case.times_seconds[0]))
        assert np.allclose(case.x[:LEAD_ROWS], one.x[start : start + LEAD_ROWS], atol=1e-5)
        assert case.faulty.any() == (case.kind != CLEAN)


def test_channels_fall_out_of_step_only_where_there_are_two() -> None:
    """And sensors with too little held back take no part."""
    series = fleet(2, 800)
    made = cases(series, [100, FAULT_ROWS], 2, 2, seed=0)
    assert {case.sensor for case in made} == {0}
    assert "decoupling" not in {case.kind for case in made}
    assert cases(series, [0, 0], 2, 2, seed=0) == []


def test_scores_do_not_depend_on_which_cases_are_scored_together() -> None:
    """More of them than one call takes."""
    series = fleet(2, 800)
    made = cases(series, [200, 200], 3, CASES_PER_CALL + 20, seed=0)
    fitted = train_baseline(series, BaselineConfig(1, 3), quick(), "pca").model
    rows, units = [1, 2], [one.gap_unit_seconds for one in series]
    scored = score_cases(scorer_of(fitted, CASES_PER_CALL), made, rows, units)
    assert [len(score) for score in scored] == [len(case.faulty) - LEAD_ROWS for case in made]
    turned = score_cases(scorer_of(fitted, CASES_PER_CALL), made[::-1], rows, units)[::-1]
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(scored, turned, strict=True))


def test_every_detector_is_judged_on_the_same_cases(compared: Comparison) -> None:
    """Each finds some faults, and they fit into JSON."""
    assert [one.detector for one in compared.baselines] == [name for name in BASELINES if name != "robust_z"]
    for one in (compared.model, *compared.baselines):
        assert set(one.recall_by_fault) == set(FAULT_KINDS) - {"decoupling"}
        assert 0.0 < one.recall <= 1.0
        assert 0.0 < one.average_precision <= 1.0
    assert compared.sensors == SENSORS
    assert json.loads(json.dumps(compared.to_dict()))["not_beaten"] == compared.better()


def test_the_same_training_is_compared_alike() -> None:
    """The seed is that of the recipe."""
    series = fleet(2, 800)
    model = train_baseline(series, BaselineConfig(1, 3), quick(), "pca").model
    assert compare(model, series, quick()) == compare(model, series, quick())


def test_nothing_is_compared_where_nothing_was_held_back() -> None:
    """Series too short to spare any rows."""
    series = fleet(2, 40)
    model = train_baseline(series, BaselineConfig(1, 3), quick(), "robust_z").model
    assert compare(model, series, quick()) is None


@pytest.mark.parametrize(
    ("precision", "recall", "beaten"),
    [(0.5, 0.5, False), (0.7, 0.7, True), (0.605, 0.595, False), (0.7, 0.3, True), (0.6, 0.6, True)],
)
def test_the_model_wins_where_no_baseline_is_clearly_better_at_a_figure_or_as_good_at_both(
    precision: float, recall: float, beaten: bool
) -> None:
    """The model has .6 and .6."""
    model, other = _figures("lstm_vae", 0.6, 0.6), _figures("pca", precision, recall)
    assert Comparison(model, (other,), 3, 100).better() == (["pca"] if beaten else [])


def test_the_model_is_judged_on_its_own_rows_of_the_tables() -> None:
    """Not every sensor of a training has enough rows to take part."""
    short, *rest = fleet(3, 800)
    series = [dataclasses.replace(short.part(0, 10)), *rest]
    model = train_baseline(series, BaselineConfig(1, 4), quick(), "robust_z").model
    comparison = compare(model, series, quick())
    assert comparison is not None
    assert comparison.sensors == 2
