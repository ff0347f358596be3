"""How long a silence has to be is asked of the core."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.live.needed import silence_needed

BEGAN = 1_700_000_000.0


def test_the_longer_the_pauses_so_far_the_longer_a_silence_has_to_be() -> None:
    """A pause is not the sensor's fault alone: what came late counts, too."""
    even = BEGAN + np.arange(151.0)
    late = np.where((even > BEGAN + 1) & (even < BEGAN + 6), BEGAN + 6, even)
    found = silence_needed({"even": even.tolist(), "late": late.tolist()})
    assert found["even"] == pytest.approx(20.0, abs=1.5)
    assert found["late"] == pytest.approx(100.0, abs=1.5)


def test_the_longer_a_sensor_is_known_the_sooner_its_silence_is_told() -> None:
    """Down to ten times its longest pause."""
    found = silence_needed(
        {"new": (BEGAN + np.arange(151.0)).tolist(), "old": (BEGAN - 850.0 + np.arange(1001.0)).tolist()}
    )
    assert found["old"] == pytest.approx(10.0, abs=1.5)
    assert found["new"] > found["old"]


def test_one_that_was_hardly_heard_is_not_told_of_within_an_hour() -> None:
    """And of one that never was nothing is said."""
    assert silence_needed({"hardly": [BEGAN, BEGAN + 1.0], "never": []}) == {"hardly": np.inf}
    assert silence_needed({}) == {}
