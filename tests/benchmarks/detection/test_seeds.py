"""What the model adds is more than noise only if the seeds agree on it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.detection.injected import EVERY, HYBRID
from tests.benchmarks.detection.played_set import ALL, WITHOUT_MODEL
from tests.benchmarks.detection.sections import injected, seeds


def results(gains: tuple[float, float, float]) -> dict[str, dict[str, Any]]:
    """Return results of every step in which the model adds so much, by seed."""
    found: dict[str, dict[str, Any]] = {}
    for seed, gain in enumerate(gains):
        behind = f"-seed{seed}" if seed else ""
        for name in ("skab", "nab", "lro", "ms_cloud", "smap", "smd8"):
            found[f"set-{name}{behind}"] = {"choices": {ALL: 0.5 + gain, WITHOUT_MODEL: 0.5}}
        for fleet in injected.FLEETS:
            recall = {HYBRID: {"mean": 0.7}, EVERY: {"mean": 0.7 + gain}}
            found[injected.step_name(fleet, injected.SEEDS[seed])] = {"recall": recall}
    return found


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((0.02, 0.03, 0.04), "the model adds +.030 (3 seeds, standard error .0058): more than noise"),
        ((0.01, 0.04, 0.04), "the model adds +.030 (3 seeds, standard error .0100): NOT more than noise"),
        ((-0.02, 0.03, 0.04), "the model adds +.017 (3 seeds, standard error .0186): NOT more than noise"),
        ((-0.02, -0.03, -0.04), "the model adds -.030 (3 seeds, standard error .0058): NOT more than noise"),
    ],
)
def test_the_verdict_weighs_the_gain_against_its_spread(gains: tuple[float, float, float], said: str) -> None:
    """Of three seeds 4.30 standard errors are asked, not 2; a loss that all seeds agree on is no gain."""
    text = "\n".join(seeds.render(results(gains)))
    assert f"On the recorded sets {said}" in text
    assert f"On the injected suite {said}" in text
    assert text.count("more than 4.30 standard errors") == 2


def test_what_is_not_whole_has_no_verdict() -> None:
    """A set that lacks a seed says nothing about noise."""
    found = results((0.1, 0.1, 0.1))
    last = ("-seed2", f"-seed{injected.SEEDS[-1]}")
    partial = {name: one for name, one in found.items() if not name.endswith(last)}
    assert "Not measured." in seeds.render(partial)


def test_every_seed_has_its_steps() -> None:
    """Under names of their own, so that one result does not take another's place."""
    names = [step.name for step in seeds.steps(["skab"])]
    assert len(names) == len(set(names)) == 9
    assert {"set-skab", "set-skab-seed1", "set-skab-seed2"} <= set(names)
    assert {injected.step_name("univariate", seed) for seed in injected.SEEDS} <= set(names)


def test_the_suite_is_reported_on_seeds_that_nothing_was_chosen_on() -> None:
    """Powers, votes and shares were chosen on 0, 1 and 2."""
    assert not {0, 1, 2} & set(injected.SEEDS)
