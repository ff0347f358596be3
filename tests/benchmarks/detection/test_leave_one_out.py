"""The choice for a set is made on the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.detection.played_set import WITHOUT_MODEL
from tests.benchmarks.detection.sections import leave_one_out
from tests.benchmarks.detection.step import Step

PRECISION = {
    WITHOUT_MODEL: {"a": 0.5, "b": 0.5, "c": 0.5},
    "good but for a": {"a": 0.1, "b": 0.9, "c": 0.9},
    "good for a": {"a": 0.9, "b": 0.2, "c": 0.2},
}

IN_PLACE = {"skab": "a", "nab": "b", "lro": "c"}


def test_what_is_good_here_takes_no_part_in_the_choice() -> None:
    """For `a` the others choose what is worst for it."""
    left = {one.name: one for one in leave_one_out.leave_one_out(PRECISION)}
    assert left["a"].chosen == "good but for a"
    assert (left["a"].here, left["a"].default, left["a"].best) == (0.1, 0.5, 0.9)
    assert left["a"].elsewhere == pytest.approx(0.9)


def test_the_default_stands_where_nothing_is_better_elsewhere() -> None:
    """Of equal choices the first."""
    left = {one.name: one for one in leave_one_out.leave_one_out(PRECISION)}
    assert left["b"].chosen == "good for a"
    assert (
        leave_one_out.leave_one_out({WITHOUT_MODEL: {"a": 0.5, "b": 0.5}, "x": {"a": 0.5, "b": 0.5}})[
            0
        ].chosen
        == WITHOUT_MODEL
    )


def test_only_what_every_set_measured_can_be_chosen() -> None:
    """A choice of no opinion on one set is none."""
    found: dict[str, dict[str, Any]] = {
        "a": {"choices": {WITHOUT_MODEL: 0.5, "odd": 0.9}, "rules": {"rule": 0.4}},
        "b": {"choices": {WITHOUT_MODEL: 0.5, "odd": None}, "rules": {"rule": 0.6}},
    }
    assert leave_one_out.by_choice(found) == {
        "rule": {"a": 0.4, "b": 0.6},
        WITHOUT_MODEL: {"a": 0.5, "b": 0.5},
    }


def test_all_choices_are_shown_best_first() -> None:
    """Beside what each set would have got from those chosen without it."""
    found = {
        f"set-{name}": {"choices": {c: by[of] for c, by in PRECISION.items()}}
        for name, of in IN_PLACE.items()
    }
    lines = leave_one_out.render(found)
    first = lines.index("All choices:") + 4
    assert [line.split("|")[1].strip() for line in lines[first : first + 3]] == [
        "good but for a",
        WITHOUT_MODEL,
        "good for a",
    ]
    assert any(line.startswith("| mean ") for line in lines[:first])


def test_it_asks_for_no_work_of_its_own() -> None:
    """Its steps are those of the recorded sets."""
    found: list[Step] = leave_one_out.steps(["skab", "nab"])
    assert [step.name for step in found] == ["set-nab", "set-skab"]
