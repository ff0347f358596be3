"""Faults go where they are meant to, as often as asked for, and are labelled to the row."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.replay.series import Series
from tests.benchmarks.detection.judge import labelled
from tests.benchmarks.detection.short_faults import ROWS_PER_FAULT, injected, spoilt

ROWS, TEST_FROM = 8000, 60.0 * 2000
EVENTS = [(60.0 * 3000, 60.0 * 4000)]


def series(channels: int = 3) -> Series:
    """Return noise; the last channel never moves."""
    values = np.random.default_rng(0).normal(size=(ROWS, channels)).astype(np.float32)
    values[:, -1] = 1.0
    return Series("s", tuple("abc")[:channels], 60.0 * np.arange(ROWS), values)


def seeded(seed: int = 0) -> np.random.Generator:
    """Return a source of randomness."""
    return np.random.default_rng(seed)


def test_labels_hold_exactly_the_rows_that_were_shifted() -> None:
    """Every other row that is left is as it was."""
    whole = series()
    faulty, spans = injected(whole, TEST_FROM, EVENTS, seeded())
    original = whole.values[(faulty.times_seconds / 60.0).astype(int)]
    changed = (faulty.values != original).any(axis=1)
    assert (changed == labelled(faulty.times_seconds, spans)).all()
    assert len(spans) == pytest.approx((ROWS - 2000) // ROWS_PER_FAULT, abs=2)


def test_faults_are_in_the_test_part_and_beside_its_own_events() -> None:
    """No row goes missing elsewhere, either."""
    faulty, spans = injected(series(), TEST_FROM, EVENTS, seeded())
    assert min(start for start, _ in spans) >= TEST_FROM
    assert all(end < EVENTS[0][0] or start > EVENTS[0][1] for start, end in spans)
    assert (faulty.times_seconds < TEST_FROM).sum() == 2000
    assert labelled(faulty.times_seconds, EVENTS).sum() == 1001


def test_some_faults_come_after_missing_rows_and_some_are_one_row() -> None:
    """Steps over gaps and spikes among them."""
    faulty, spans = injected(series(), TEST_FROM, [], seeded())
    starts = np.searchsorted(faulty.times_seconds, [start for start, _ in spans])
    assert (np.diff(faulty.times_seconds)[starts - 1] > 60.0).any()
    assert any(start == end for start, end in spans)


def test_a_shift_is_of_3_to_8_deviations_of_a_channel_that_moves() -> None:
    """The channel that never moved stays still."""
    faulty, _ = injected(series(), TEST_FROM, [], seeded())
    original = series().values[(faulty.times_seconds / 60.0).astype(int)]
    size = np.abs(faulty.values - original)
    assert (size[:, 2] == 0).all()
    assert size[size > 0].min() > 2.7
    assert size.max() < 8.8


def test_a_twentieth_of_what_is_learnt_from_is_spoilt() -> None:
    """And nothing of the test part."""
    whole = series()
    changed = (spoilt(whole, TEST_FROM, 0.05, seeded()).values != whole.values).any(axis=1)
    assert changed.sum() == 100
    assert not changed[2000:].any()


def test_nothing_can_be_put_where_nothing_moves() -> None:
    """Neither faults nor labels."""
    still = series().where(np.ones(ROWS, np.bool_))
    still.values[:] = 1.0
    faulty, spans = injected(still, TEST_FROM, [], seeded())
    assert spans == []
    assert len(faulty) == ROWS
    assert (spoilt(still, TEST_FROM, 0.05, seeded()).values == 1.0).all()


def test_the_same_seed_gives_the_same_faults() -> None:
    """And another one others."""
    first, again, other = (injected(series(), TEST_FROM, [], seeded(seed))[1] for seed in (1, 1, 2))
    assert first == again
    assert first != other
