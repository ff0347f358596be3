"""Whether a model that was just trained is better than the one in service."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.learn.trial import Terms, TrialFigures, Verdict, by_chance, clear_nats, judge, judge_first
from offbeat.learn.trials import Trials

TERMS = Terms(sensors=20, weeks=2.0, budget_per_week=1.0, heard=20)
SAME = np.zeros(20)


def figures(found: int = 20, of: int = 40, alerts: int = 1) -> TrialFigures:
    """Figures of a model that finds some faults; it misses those with the highest numbers."""
    return TrialFigures(tuple(number < found for number in range(of)), alerts, alerts)


def test_no_clear_difference_is_no_reason_to_swap() -> None:
    """Also where everything is a little worse, or a little better, as chance has it."""
    assert judge(figures(), figures(), SAME, TERMS) == (False, "no clear difference")
    assert not judge(figures(found=22), figures(found=20), SAME, TERMS)[0]
    noise = np.random.default_rng(1).normal(0.0, 0.5, 20)
    assert not judge(figures(), figures(), noise - noise.mean() + 0.05, TERMS)[0]


def test_as_good_is_enough_for_a_model_that_knows_more() -> None:
    """Sensors have joined, or it has seen far more; a little worse by chance is as good."""
    joined = Terms(20, 2.0, 1.0, new_sensors=3, heard=20)
    assert judge(figures(found=19), figures(), SAME, joined) == (True, "as good, and it knows 3 sensors more")
    longer = Terms(20, 2.0, 1.0, heard=20, data_ratio=4.0)
    assert judge(figures(found=19), figures(), SAME, longer) == (
        True, "as good, and learnt from 4 times as long",
    )  # fmt: skip
    barely = Terms(200, 2.0, 1.0, new_sensors=1, heard=200)
    assert not judge(figures(), figures(), SAME, barely)[0]


def test_a_model_that_finds_fewer_faults_is_not_wanted_whatever_it_knows() -> None:
    """The reason tells the figures."""
    joined = Terms(20, 2.0, 1.0, new_sensors=3, heard=20, data_ratio=9.0)
    assert judge(figures(found=10), figures(found=20), SAME, joined) == (
        False, "fewer faults are found (10 of 40 instead of 20)",
    )  # fmt: skip


def test_a_model_that_finds_more_or_foretells_better_is_wanted() -> None:
    """Either is enough."""
    assert judge(figures(found=30), figures(found=20), SAME, TERMS) == (
        True, "more faults are found (30 of 40 instead of 20)",
    )  # fmt: skip
    gains = np.random.default_rng(1).normal(0.3, 0.1, 20)
    better, why = judge(figures(), figures(), gains, TERMS)
    assert (better, why) == (True, f"the next value is {gains.mean():.2f} nats better foretold")
    assert not judge(figures(), figures(), -gains, TERMS)[0]


def test_one_figure_that_is_clearly_worse_outweighs_another_that_is_better() -> None:
    """A person may choose otherwise: both are told."""
    gains = np.random.default_rng(1).normal(0.3, 0.1, 20)
    better, why = judge(figures(found=10), figures(found=20), gains, TERMS)
    assert not better
    assert why.startswith("fewer faults are found (10 of 40 instead of 20), though the next value is 0.3")


def test_too_many_alerts_are_no_price_for_faults_that_are_found() -> None:
    """A model that tells of everything finds everything."""
    better, why = judge(figures(found=40, alerts=30), figures(found=20, alerts=1), SAME, TERMS)
    assert (better, "too many alerts (30 alerts instead of 1" in why) == (False, True)
    better, why = judge(figures(found=20, alerts=1), figures(found=38, alerts=30), SAME, TERMS)
    assert (better, why) == (True, "there are fewer alerts (1 alert instead of 30 where nothing was put in)")


def test_within_the_budget_alerts_decide_nothing() -> None:
    """Four in two weeks of sensors at one a week may be chance, and none is no merit."""
    assert not judge(figures(alerts=4), figures(alerts=0), SAME, TERMS)[0]
    assert judge(figures(alerts=0), figures(alerts=4), SAME, TERMS) == (False, "no clear difference")


def test_a_first_model_is_wanted_unless_it_tells_of_a_large_part_of_the_sensors() -> None:
    """Then something happens in the stretch, or it is wrong."""
    assert judge_first(figures(alerts=2), TERMS)[0]
    better, why = judge_first(TrialFigures((), 40, 15), TERMS)
    assert (better, why.startswith("15 of 20 sensors would alert")) == (False, True)
    of_one = Terms(sensors=1, weeks=2.0, budget_per_week=1.0)
    assert judge_first(TrialFigures((), 1, 1), of_one) == (
        True,
        "the first model: 1 alert on 1 sensor in the newest stretch",
    )
    busy = Terms(sensors=20, weeks=2.0, budget_per_week=30.0)
    assert judge_first(TrialFigures((), 40, 15), busy)[0]


def test_few_sensors_say_nothing_of_likelihoods() -> None:
    """Nobody knows by how much they differ by chance."""
    assert clear_nats(np.array([5.0, 5.0])) == 0.0
    assert clear_nats(np.array([5.0, 5.0, 5.1])) == pytest.approx(5.033, abs=1e-3)
    assert clear_nats(np.array([0.01, 0.01, 0.0101])) == 0.0


def test_the_sign_test_is_that_of_the_books() -> None:
    """Five of five come about by chance once in 32 times."""
    assert by_chance(5, 0) == 1 / 32
    assert by_chance(0, 0) == 1.0
    assert by_chance(1, 1) == 0.75
    assert by_chance(520, 490) == pytest.approx(0.18, abs=0.01)


def test_verdicts_survive_a_file() -> None:
    """Figures that one of two lacks as well; of several on one version the newest counts."""
    one = Verdict("a" * 12, "", "2026-01-01T00:00:00+00:00", better=True, reason="the first", promoted=True)
    two = Verdict("a" * 12, "b" * 12, "2026-01-02T00:00:00+00:00", False, "no", {"alerts": (1.0, None)})
    kept = Trials.from_bytes(Trials().and_then(one).and_then(two).to_bytes())
    assert kept.entries == (one, two)
    assert kept.of("a" * 12) == two
    assert kept.of("c" * 12) is None
    for damaged in (b"{}", b'{"format": "offbeat-trials/1", "trials": [{"version": 1}]}'):
        with pytest.raises(ValueError, match="not"):
            Trials.from_bytes(damaged)
