"""Which bars the recorded sets meet, in words."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.detection.sections import sets


def result(precision: float, found: float, false: float) -> dict[str, Any]:
    """Return the figures of a set that the verdict looks at."""
    return {"AP": precision, "found": found, "false per week": false}


def test_bars_are_met_or_not_by_set() -> None:
    """A set of short series has no rate of false alerts to be held to."""
    found = {"skab": result(0.84, 0.8, 380.0), "nab": result(0.2, 0.8, 3.1), "lro": result(0.5, 0.3, 1.0)}
    assert sets._verdict(found) == [
        "- AP: NOT met on nab; met on skab, lro.",
        "- Events found: NOT met on lro; met on skab, nab.",
        "- False alerts a sensor and week (0.3 to 3, skab aside): NOT met on nab; met on lro.",
    ]


def test_the_mean_is_judged_only_of_all_sets() -> None:
    """Of some it would be another figure under the same name."""
    whole = {name: result(0.6, 0.9, 1.0) for name in sets.FOUND_BAR}
    assert sets._verdict(whole)[1] == "- Mean AP: .600 (bar .530, met)."
    assert sets._verdict(whole)[2] == "- Events found: met on all."
    del whole["smap"]
    assert len(sets._verdict(whole)) == 3
