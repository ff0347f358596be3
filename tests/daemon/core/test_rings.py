"""Rings: search and insertion over many sensors at once, against sorted lists."""

from __future__ import annotations

import bisect

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.rings import Rings


@given(st.integers(1, 7), st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=9)))
def test_rings_are_sorted_lists_cut_to_their_newest(
    readings: int, additions: list[list[tuple[int, int]]]
) -> None:
    """Whatever is added wherever, rings hold their newest W times, and say of each row if it is there."""
    rings = Rings(3, readings, 1)
    lists: list[list[int]] = [[], [], []]
    for addition in additions:
        new = sorted({(s, t) for s, t in addition if t not in lists[s]})
        slot = np.array([s for s, _ in new], np.intp)
        time = np.array([t for _, t in new], np.float64)
        before = rings.places(slot, time)
        assert before.tolist() == [bisect.bisect_left(lists[s], t) for s, t in new]
        kept = rings.add(
            slot, before, time, time[:, None].astype(np.float32), np.ones((len(new), 1), np.bool_)
        )
        for s in range(3):
            lists[s] = sorted(lists[s] + [t for owner, t in new if owner == s])[-readings:]
        assert kept.tolist() == [t in lists[s] for s, t in new]
    for s in range(3):
        cells = rings.cells(np.array([s]), np.arange(rings.counts[s]))
        assert rings.times[s, cells].tolist() == lists[s]
        assert rings.values[s, cells, 0].tolist() == lists[s]
        assert rings.last_time[s] == (lists[s][-1] if lists[s] else -np.inf)
