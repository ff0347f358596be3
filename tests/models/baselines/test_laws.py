"""What every baseline keeps, whatever it looks at; the counterpart of the battery of models."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from offbeat_models.baselines.base import Baseline, BaselineConfig
from offbeat_models.baselines.history import HISTORY_ROWS, gaps_of
from offbeat_models.baselines.registry import BASELINES, fit_baseline
from offbeat_models.baselines.scoring import BaselineScorer
from offbeat_models.scoring import Steps
from offbeat_models.series import SensorSeries
from tests.support.model_samples import fleet

SENSORS, ROWS = 5, 400
FAMILIES = pytest.mark.parametrize("family", list(BASELINES))


def _fitted(family: str, channels: int = 2) -> tuple[Baseline, list[SensorSeries]]:
    series = fleet(SENSORS, ROWS, channels, missing=0.3 if channels > 1 else 0.0)
    return fit_baseline(family, series, BaselineConfig(channels, SENSORS + 1)), series


def _arrays(series: list[SensorSeries]) -> dict[str, NDArray[np.generic]]:
    return {
        "row": np.array([one.row for one in series]),
        "x": np.stack([one.x for one in series]),
        "mask": np.stack([one.mask for one in series]).astype(np.float32),
        "gap": np.stack([gaps_of(one) for one in series]),
    }


def _step(
    scorer: BaselineScorer, slots: list[int], part: dict[str, NDArray[np.generic]], rows: slice
) -> Steps:
    cut = {name: part[name][:, rows] for name in ("x", "mask", "gap")}
    lengths = np.full(len(slots), cut["gap"].shape[1])
    return scorer.step(np.array(slots), part["row"], **cut, lengths=lengths)  # type: ignore[arg-type]


@FAMILIES
def test_reading_in_pieces_gives_what_reading_at_once_gives(family: str) -> None:
    """To the last bit, for any cut."""
    baseline, series = _fitted(family)
    given, slots = _arrays(series), list(range(SENSORS))
    whole = _step(BaselineScorer(baseline, SENSORS), slots, given, slice(0, 120))
    scorer = BaselineScorer(baseline, SENSORS)
    cuts = [0, 1, 2, 9, 50, 51, 120]
    parts = [_step(scorer, slots, given, slice(a, b)) for a, b in itertools.pairwise(cuts)]
    for name in ("value_nll", "gap_nll", "mean", "sigma"):
        pieces = np.concatenate([getattr(part, name) for part in parts], axis=1)
        assert np.array_equal(pieces, getattr(whole, name), equal_nan=True), name


@FAMILIES
def test_a_sensor_is_judged_alike_in_any_company(family: str) -> None:
    """Alone or with all others, in any order."""
    baseline, series = _fitted(family)
    together = _step(BaselineScorer(baseline, SENSORS), [3, 0, 4, 1, 2], _arrays(series), slice(0, 60))
    for i, one in enumerate(series):
        alone = _step(BaselineScorer(baseline, 1), [0], _arrays([one]), slice(0, 60))
        assert np.array_equal(alone.value_nll[0], together.value_nll[i], equal_nan=True)


@FAMILIES
def test_what_stands_where_nothing_was_observed_is_irrelevant(family: str) -> None:
    """Also NaN; and nothing is said about it."""
    baseline, series = _fitted(family)
    given = _arrays(series)
    clean = _step(BaselineScorer(baseline, SENSORS), list(range(SENSORS)), given, slice(0, 60))
    dirty = given | {"x": np.where(given["mask"] > 0, given["x"], np.float32(np.nan))}
    again = _step(BaselineScorer(baseline, SENSORS), list(range(SENSORS)), dirty, slice(0, 60))
    assert np.array_equal(clean.value_nll, again.value_nll, equal_nan=True)
    assert np.isnan(clean.value_nll[given["mask"][:, :60] == 0]).all()
    assert np.isfinite(clean.value_nll[:, 1:][given["mask"][:, 1:60] > 0]).all()


@FAMILIES
def test_nothing_is_said_of_a_first_row(family: str) -> None:
    """Nor after the sensor was forgotten; a value that is not finite is taken as not observed, and counted."""
    baseline, series = _fitted(family, 1)
    given, scorer = _arrays(series[:1]), BaselineScorer(baseline, 3)
    first = _step(scorer, [2], given, slice(0, 1))
    assert np.isnan(first.value_nll).all()
    assert np.isnan(first.gap_nll).all()
    assert list(scorer.alive(np.array([1, 2]))) == [False, True]
    scorer.reset(np.array([2]))
    assert np.isnan(_step(scorer, [2], given, slice(1, 2)).mean).all()
    broken = given | {"x": np.full_like(given["x"], np.inf)}
    assert np.isnan(_step(scorer, [2], broken, slice(2, 3)).value_nll).all()
    assert scorer.non_finite_inputs == 1
    assert scorer.non_finite_outputs == 0


@FAMILIES
def test_state_rebuilt_from_a_window_is_the_state_that_was_carried(family: str) -> None:
    """All that matters lies within the rows that a baseline remembers."""
    baseline, series = _fitted(family)
    given, slots = _arrays(series), list(range(SENSORS))
    carried, rebuilt = BaselineScorer(baseline, SENSORS), BaselineScorer(baseline, SENSORS)
    _step(carried, slots, given, slice(0, 100))
    end = {name: given[name][:, 100 - HISTORY_ROWS - 5 : 100] for name in ("x", "mask", "gap")}
    lengths = np.full(SENSORS, HISTORY_ROWS + 5)
    rebuilt.encode(np.array(slots), given["row"], **end, lengths=lengths)  # type: ignore[arg-type]
    one, other = (_step(scorer, slots, given, slice(100, 110)) for scorer in (carried, rebuilt))
    assert np.array_equal(one.value_nll, other.value_nll, equal_nan=True)


@FAMILIES
def test_windows_are_judged_by_their_recent_rows_whatever_the_padding(family: str) -> None:
    """And a window in which none of them was observed is not judged."""
    baseline, series = _fitted(family)
    one = series[0]
    tau = ((one.times_seconds[:64] - one.times_seconds[63]) / one.gap_unit_seconds).astype(np.float32)
    x, mask = one.x[None, :64], one.mask[None, :64].astype(np.float32)
    scorer, row = BaselineScorer(baseline, 1), np.array([one.row])
    plain = scorer.window(row, x, mask, tau[None], np.array([64]), 16)
    padded = scorer.window(
        row,
        np.pad(x, ((0, 0), (0, 9), (0, 0)), constant_values=7.0),
        np.pad(mask, ((0, 0), (0, 9), (0, 0)), constant_values=1.0),
        np.pad(tau[None], ((0, 0), (0, 9))),
        np.array([64]),
        16,
    )
    assert np.array_equal(plain.nll, padded.nll)
    assert np.array_equal(plain.channel_nll, padded.channel_nll, equal_nan=True)
    unseen = mask.copy()
    unseen[:, 48:] = 0
    assert np.isnan(scorer.window(row, x, unseen, tau[None], np.array([64]), 16).nll).all()


@FAMILIES
def test_a_spike_and_a_drift_are_stranger_than_what_was_learnt(family: str) -> None:
    """On every sensor, of every shape: to be worth comparing with."""
    baseline, series = _fitted(family, 1)
    given, scorer = _arrays(series), BaselineScorer(baseline, SENSORS)
    slots = list(range(SENSORS))
    usual = _step(scorer, slots, given, slice(0, 300)).value_nll[..., 0]
    spiked = given | {
        "x": np.where(np.arange(ROWS)[None, :, None] == 300, 6.0, given["x"]).astype(np.float32)
    }
    strange = _step(scorer, slots, spiked, slice(300, 301)).value_nll[:, 0, 0]
    assert (strange > np.nanquantile(usual, 0.98, axis=1)).all()


@FAMILIES
def test_the_same_seed_gives_the_same_baseline_and_its_arrays_are_all_of_it(family: str) -> None:
    """A baseline rebuilt from its arrays judges as it did; sensors without a past are as the unknown one."""
    series = fleet(SENSORS, ROWS, 1)
    config = BaselineConfig(1, SENSORS + 3)
    one, same = (fit_baseline(family, series, config, seed=3) for _ in range(2))
    for name, value in one.tensors.items():
        assert np.array_equal(value, same.tensors[name]), name
        assert value.dtype == np.float32
        assert value.shape == BASELINES[family].shapes(config)[name], name
        assert np.isfinite(value).all(), name
        if name not in ("dimension", "halfway"):  # trees are common to all
            assert np.array_equal(value[SENSORS + 1], value[0]), name
    again = BASELINES[family].load(config, one.tensors)
    given = _arrays(series)
    said = [
        _step(BaselineScorer(b, SENSORS), list(range(SENSORS)), given, slice(0, 40)) for b in (one, again)
    ]
    assert np.array_equal(said[0].value_nll, said[1].value_nll, equal_nan=True)


@FAMILIES
def test_a_sensor_with_hardly_a_past_does_no_harm(family: str) -> None:
    """Twenty rows, or a channel that was never observed."""
    series = fleet(2, 300, 2)
    short = series[0].part(0, 20)
    blind = dataclasses.replace(series[1], mask=series[1].mask & [True, False])
    fitted = fit_baseline(family, [short, blind], BaselineConfig(2, 3))
    assert all(np.isfinite(value).all() for value in fitted.tensors.values())
