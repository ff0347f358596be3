"""Every section of the report can be asked for its steps, and shown before anything was measured."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from tests.benchmarks.detection import skab
from tests.benchmarks.detection.injected import EVERY, HYBRID, SCORE, SERVICE, SIMPLE
from tests.benchmarks.detection.runner import ALL_SETS, SECTIONS
from tests.benchmarks.detection.sections import injected, published
from tests.benchmarks.detection.step import Step

SETS = list(ALL_SETS)


def section(name: str) -> ModuleType:
    """Return a section by its name."""
    return importlib.import_module(f"tests.benchmarks.detection.sections.{name}")


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_what_it_is_before_it_is_measured(name: str) -> None:
    """Without a result it renders to lines, and no figure is made up."""
    one = section(name)
    assert one.TITLE
    lines = one.render({})
    assert lines
    assert not [line for line in lines if line.startswith("|")]


@pytest.mark.parametrize("name", SECTIONS)
def test_the_function_of_every_step_is_there(name: str) -> None:
    """Steps run in processes of their own, where a wrong name would only be found late."""
    for step in section(name).steps(SETS):
        module, _, function = step.function.partition(":")
        measure = getattr(importlib.import_module(f"tests.benchmarks.detection.{module}"), function)
        assert set(step.arguments) <= set(measure.__code__.co_varnames[: measure.__code__.co_argcount])


def test_steps_of_one_name_are_the_same_work() -> None:
    """Sections share results: what one has measured stands in the other."""
    known: dict[str, Step] = {}
    for name in SECTIONS:
        for step in section(name).steps(SETS):
            assert known.setdefault(step.name, step) == step


def test_injected_faults_are_shown_with_their_spread_over_the_seeds() -> None:
    """Mean and deviation of each fault, the difference seed by seed, and the verdict over all seeds."""
    found = {}
    for seed, spike in zip(injected.SEEDS, (0.8, 0.9, 1.0), strict=True):
        for fleet in injected.FLEETS:
            faults = {"spike": spike, "decoupling": 0.9, "mean": spike}
            simple = {"spike": 0.7, "decoupling": 0.95, "mean": 0.7}
            recall = {HYBRID: faults, SCORE: faults, SERVICE: simple, EVERY: faults, SIMPLE: simple}
            found[injected.step_name(fleet, seed)] = {
                "recall": recall,
                "sensors": 3,
                "windows": {"healthy": 100},
            }
    text = "\n".join(injected.render(found))
    assert "and 3 seeds: hybrid .900 (bar .840, met)" in text
    assert "Hybrid below the simple bag on: decoupling." in text
    spikes = [line.split(" | ") for line in text.splitlines() if line.startswith("| spike")]
    assert len(spikes) == len(injected.FLEETS)
    for _, hybrid, score, service, every, *bags, difference in spikes:
        assert {one.strip() for one in (hybrid, score, every)} == {".900 ± .100"}
        assert {one.strip() for one in (service, *bags)} == {".700 ± 0.000"}
        assert difference.strip().startswith(".200 ± .100")


@pytest.mark.parametrize(
    ("gaussian", "drawn", "said"),
    [(40.1, [2.0, 18.0], "is right"), (45.0, [2.0, 18.0], "is NOT right"), (39.0, [20.0], "is NOT right")],
)
def test_the_scorer_is_held_to_what_is_published(gaussian: float, drawn: list[float], said: str) -> None:
    """Both detectors have to be within their tolerance."""
    line = published._scorer(gaussian, drawn)
    assert f"The scorer {said}" in line


def test_a_bar_is_held_to_the_mean_of_all_seeds() -> None:
    """A single lucky training meets none."""

    def rows(f1: float) -> dict[str, object]:
        judged = {"f1": f1, "false_alarm_share": 0.4, "missed_share": 0.1}
        return {
            "rows": {
                skab.BOUNDARY: {"test rows": judged, "whole files": judged},
                "all rows": {"test rows": judged},
            }
        }

    first = {"set-skab": rows(0.79)}
    assert "Ours: F1 .790 (bar .780, met), aim .85." in "\n".join(published.render(first))
    more = first | {"set-skab-seed1": rows(0.76), "set-skab-seed2": rows(0.76)}
    said = "Ours: F1 .770 (bar .780, NOT met) as the mean of 3 seeds (.790, .760, .760), aim .85."
    assert said in "\n".join(published.render(more))
