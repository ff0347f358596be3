"""The table of false alerts against the budget."""

from __future__ import annotations

import pytest

from tests.benchmarks.detection.budgets import ENOUGH, PLANS, believable, kept, kind_of, rhythm_of
from tests.benchmarks.detection.clean_streams import KINDS, RHYTHMS, clean_streams
from tests.benchmarks.detection.sections import calibration


def test_a_budget_is_kept_within_a_factor_two() -> None:
    """Half of it and twice of it still are."""
    assert [kept(alerts, 24.0) for alerts in (11, 12, 24, 48, 49)] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("alerts", "expected", "said"),
    [(0, 2.0, True), (8, 2.0, True), (9, 2.0, False), (0, 24.0, False), (6, 24.0, True), (63, 24.0, False)],
)
def test_what_chance_may_make_of_a_kept_budget_is_believable(
    alerts: int, expected: float, said: bool
) -> None:
    """Few alerts say little, none among many expected says enough."""
    assert believable(alerts, expected) is said


def test_names_tell_kind_and_rhythm() -> None:
    """All kinds have their turn before the rhythm changes."""
    names = [one.sensor for one in clean_streams(0, len(KINDS) + 1, (60.0, 60.0), 3600.0)]
    assert [kind_of(name) for name in names] == [*KINDS, next(iter(KINDS))]
    assert [rhythm_of(name) for name in (names[0], names[-1])] == list(RHYTHMS)[:2]


def test_a_count_is_judged_alone_only_where_enough_is_allowed() -> None:
    """The table leaves the share of sensors out where their counts cannot tell it."""
    names = [one.sensor for one in clean_streams(0, 80, (600.0, 600.0), 3600.0)]
    results = {
        f"budget-{plan}": {
            "expected": allowed,
            "readings": 1,
            "alerts": dict.fromkeys(names, 3),
            "about": {"level": 240},
        }
        for plan, allowed in (("week", 3.0), ("day", ENOUGH))
    }
    day, week = (line.split("|") for line in calibration.render(results)[4:6])
    assert (day[2].strip(), day[10].strip(), week[10].strip()) == ("400-900 s", "0.00", "-")
    assert set(PLANS) == set(calibration.COST)
