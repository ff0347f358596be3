"""How much of the recall is kept after learning from a spoilt past."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from offbeat.learn.doubts import Doubts
from tests.benchmarks.detection import contamination, suite
from tests.benchmarks.detection.injected import EVERY, HYBRID
from tests.benchmarks.detection.sections import contamination as section


def results(clean: float, spoilt: float) -> dict[str, dict[str, Any]]:
    """Return results of all steps with these recalls."""
    out = {}
    for step in section.steps([]):
        share = step.arguments["share"]
        recall = spoilt if share else clean
        out[step.name] = {
            "recall": {EVERY: recall, HYBRID: recall - 0.01 * (step.arguments["seed"] - 21) * bool(share)},
            "left_out": share,
            "anomalous": share,
            "found": share or None,
            "sensors": 3,
        }
    return out


@pytest.mark.parametrize(
    ("spoilt", "said"), [(0.75, ".938 (bar .900, met)"), (0.6, ".750 (bar .900, NOT met)")]
)
def test_the_bar_is_about_the_share_that_is_kept(spoilt: float, said: str) -> None:
    """By fleet, over the seeds with their spread where there are several."""
    verdict = section.render(results(0.8, spoilt))[-2]
    several = f"{said} ± .013 over 3 seeds"
    assert verdict.startswith(f"Kept: hybrid, univariate {several}; hybrid, multichannel {several}; ")
    assert verdict.endswith(f"with the model, univariate {said}; with the model, multichannel {said}.")


def test_a_row_needs_both_pasts() -> None:
    """What was measured with one of them only is not shown, and no verdict is made up."""
    found = results(0.8, 0.7)
    del found["contamination-univariate-robust_z-21-0"]
    text = "\n".join(section.render(found))
    assert "hybrid, univariate, seed 20" in text
    assert "hybrid, univariate, seed 21" not in text
    assert "Kept: hybrid, multichannel" in text


def test_the_anomalous_rows_are_those_that_were_changed() -> None:
    """About as many as asked for, and none of a clean past."""
    fleet = suite.univariate(2)
    spoilt = suite.contaminated_history(fleet, 3, 0.05)
    share = np.concatenate(contamination.faulty_rows(fleet, 3, spoilt)).mean()
    assert 0.03 < share < 0.09
    clean = contamination.faulty_rows(fleet, 3, suite.history(fleet, 3))
    assert not np.concatenate(clean).any()


def test_faults_of_a_past_are_found_and_clean_pasts_are_left_whole() -> None:
    """Sensors of all shapes, on a seed that nothing was chosen on; edges and steps are no faults."""
    fleet = suite.univariate(7)
    clean, spoilt = suite.history(fleet, 7), suite.contaminated_history(fleet, 7, 0.05)
    faulty = contamination.faulty_rows(fleet, 7, spoilt)
    left_out = []
    for past in (clean, spoilt):
        doubts = Doubts.looked_for(fleet.channels, [one.recording() for one in past])
        left_out.append([doubts.of(one.sensor, one.times_seconds) for one in past])
    in_clean, in_spoilt, anomalous = map(np.concatenate, (*left_out, faulty))
    assert in_clean.mean() < 0.01
    assert in_spoilt[anomalous].mean() > 0.2
    assert in_spoilt.mean() < 0.15
