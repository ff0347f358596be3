"""The sections of variants show what was measured and say where a bar is missed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.detection.grids import FILLS
from tests.benchmarks.detection.played_variants import GRIDDED_LEVELS, OURS, on_grid
from tests.benchmarks.detection.rules import rules
from tests.benchmarks.detection.sections import robustness, variants
from tests.benchmarks.detection.variants import BOTH, INJECTED, LEVELS, SPOILT, WHOLE, thin


def of_clean(kept: float, grid: float) -> dict[str, Any]:
    """Return a result whose thinned rows keep a share of the precision, and its grids another."""
    others = dict.fromkeys([*rules(), *variants.SIMPLE], 0.4) | {"robust z": 0.6}
    curve: dict[str, Any] = {thin(level): {OURS: {"a": 0.5 * kept}} | others for level in LEVELS}
    grids = {on_grid(fill, level): {OURS: {"a": 0.5 * grid}} for fill in FILLS for level in GRIDDED_LEVELS}
    # Of `b` no event is left at any level but the whole: it takes no part in the curve.
    whole = {WHOLE: {OURS: {"a": 0.5, "b": 0.1}} | others, INJECTED: {OURS: {"a": 0.5}} | others}
    return {"AP": curve | grids | whole, "series": ["a", "b"], "steps": 7}


def of_spoilt() -> dict[str, Any]:
    """Return a result of a set whose past was spoilt."""
    others = dict.fromkeys([*rules(), *variants.SIMPLE], 0.4)
    return {"AP": {name: {OURS: {"a": 0.5}} | others for name in (SPOILT, BOTH)}, "series": ["a"], "steps": 7}


@pytest.mark.parametrize(
    ("kept", "grid", "said"),
    [
        (0.95, 0.8, "met), aim .970; better than every grid version on every set."),
        (0.8, 0.7, "NOT met), aim .970; better than"),
        (0.95, 0.99, "met), aim .970; below a grid version on: skab (.475 against .495), mean"),
    ],
)
def test_the_curve_is_held_against_its_bar_and_the_grids(kept: float, grid: float, said: str) -> None:
    """Over the series that are there at every level."""
    lines = "\n".join(robustness.render({"copies-skab": of_clean(kept, grid)}))
    assert f"Kept at 30 %: {kept:.3f}".replace("0.", ".") in lines
    assert said in lines
    assert "skab: 2 series (a, b). 7 steps" in lines


def test_ours_is_held_against_the_best_simple_detector() -> None:
    """By variant, and every rule of the decision has its row."""
    whole = {"rules": dict.fromkeys(rules(), 0.7)}
    found = {"copies-skab": of_clean(0.9, 0.9), "spoilt-skab": of_spoilt(), "set-skab": whole}
    lines = "\n".join(variants.render(found))
    assert "- as they are: ours .300; best simple detector for all .600 (robust z)" in lines
    assert (
        "- ic: both: ours .500; best simple detector for all .400 (max abs z); the best of each set .400"
        in lines
    )
    assert all(f"| {name} " in lines for name in rules())
    assert "| skab | sets | thin 30 |    c |    i |   ic | variants |" in lines
    assert "| plain mean                          | .700 | .700 |" in lines
