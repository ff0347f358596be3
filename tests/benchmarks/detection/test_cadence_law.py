"""A pace that a sensor never had is surprising, whichever way it changed, without any model."""

from __future__ import annotations

import numpy as np

from offbeat.replay.series import Series
from tests.benchmarks.detection.cadence_law import GAPS, CadenceLaw
from tests.benchmarks.detection.injected import SERVICE_SHARE


def series(gaps: list[float], name: str = "s") -> Series:
    """Return rows with such gaps."""
    times = 1e9 + np.cumsum([0.0, *gaps])
    return Series(name, ("value",), times, np.zeros((len(times), 1), np.float32))


def past() -> Series:
    """Return gaps of about 10 s."""
    return series(np.random.default_rng(0).uniform(8.0, 12.5, 600).tolist())


def test_a_faster_and_a_slower_pace_are_surprising() -> None:
    """Four times as fast or as slow, as soon as the newest gaps are of it; the usual pace is not."""
    law = CadenceLaw([past()])
    usual, fast, slow = (law.surprise([series([gap] * 40)], {})[0] for gap in (10.0, 2.5, 40.0))
    assert np.isnan(usual[:GAPS]).all()
    assert usual[GAPS:].max() < 1.0
    assert fast[GAPS:].min() > 4.0
    assert slow[GAPS:].min() > 4.0


def test_a_copy_is_judged_by_the_law_of_its_owner() -> None:
    """What is the usual pace of one sensor is none of another's."""
    law = CadenceLaw([past(), series([10.0 * 4] * 300, "slow")])
    copy = series([40.0] * 40, "copy")
    of_fast, of_slow = (law.surprise([copy], {"copy": name})[0][-1] for name in ("s", "slow"))
    assert of_slow < 1.0 < of_fast


def test_the_shares_of_service_are_those_that_open_alerts() -> None:
    """All of the budget, most of it for values."""
    assert SERVICE_SHARE == {"process": 0.85, "rhythm": 0.05, "stuck": 0.05, "silent": 0.05}
