"""What stands out of a past is doubted; what comes again and again is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat.core.doubt import MOST_SHARE, doubtful
from offbeat.core.streams.registry import STREAM_NAMES

ROWS = 1500
Floats = NDArray[np.float32]


def said(seed: int = 0, rows: int = ROWS) -> Floats:
    """Return raw values of streams about a past in which nothing happens."""
    return np.abs(np.random.default_rng(seed).normal(size=(rows, len(STREAM_NAMES)))).astype(np.float32)


def nothing(rows: int = ROWS) -> NDArray[np.bool_]:
    """Return a past in which no row is doubted."""
    return np.zeros(rows, np.bool_)


def test_a_few_rows_far_from_all_others_are_doubted_whole() -> None:
    """Every row of the occasion, and next to none beside it."""
    raw = said()
    raw[700:720] += 12
    doubted = doubtful(raw, nothing())
    assert doubted[700:720].all()
    assert np.count_nonzero(doubted) < 30


def test_several_faults_of_one_past_do_not_hide_each_other() -> None:
    """Five in a hundred rows, in blocks and alone, are all found."""
    raw = said()
    places = [*range(200, 232), *range(800, 832), 500, 600, 1100, 1300]
    raw[places] += 12
    assert doubtful(raw, nothing())[places].all()


def test_what_happens_often_is_the_sensors_way() -> None:
    """An edge at every fiftieth row is no fault, however strange each is; one twice as strange is."""
    raw = said()
    raw[25::50] += 4
    assert not doubtful(raw, nothing()).any()
    raw[702] += 40
    doubted = doubtful(raw, nothing())
    assert doubted[702]
    assert np.count_nonzero(doubted) < 10


def test_a_change_that_lasts_is_not_left_out() -> None:
    """A quarter of the past in another state is what the sensor does."""
    raw = said()
    raw[1100:] += 12
    assert not doubtful(raw, nothing()).any()


def test_one_stream_that_shouts_is_one_opinion_of_many() -> None:
    """However loud it is: streams are surprised together now and then, by as much."""
    raw = said() + 2 * said(1)[:, :1]
    raw[700, STREAM_NAMES.index("jump")] = 1e30
    alone = doubtful(raw, nothing())
    raw[700] = 1e30
    assert not alone.any()
    assert doubtful(raw, nothing())[700]


def test_rows_doubted_before_have_no_part_in_what_is_usual() -> None:
    """They do not widen the body that they are measured against."""
    raw = said()
    first = nothing()
    first[:360] = True
    raw[:360] += 3
    raw[900:903] += 8
    assert doubtful(raw, first)[900:903].all()


@pytest.mark.parametrize("rows", [0, 1, 199])
def test_a_short_past_is_believed(rows: int) -> None:
    """Too little to tell rare from usual."""
    raw = said(rows=rows)
    raw[rows // 2 :] += 50
    assert not doubtful(raw, nothing(rows)).any()


def test_streams_without_an_opinion_and_streams_that_never_move_do_not_matter() -> None:
    """Quantised sensors have streams that say one thing for ever."""
    raw = said()
    raw[700:710] += 12
    raw[:, STREAM_NAMES.index("variance")] = np.nan
    raw[:, STREAM_NAMES.index("relation")] = 1.0
    assert doubtful(raw, nothing())[700:710].all()
    assert not doubtful(np.full_like(raw, np.nan), nothing()).any()
    assert not doubtful(np.ones_like(raw), nothing()).any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    scale=st.floats(1e-3, 1e3),
    faults=st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(1, 300), st.floats(0, 100)), max_size=12),
)
def test_no_more_than_a_share_is_left_out_and_units_do_not_matter(
    seed: int, scale: float, faults: list[tuple[int, int, float]]
) -> None:
    """Whatever the past holds."""
    raw = said(seed)
    for first, length, size in faults:
        raw[first : first + length] += np.float32(size)
    doubted = doubtful(raw, nothing())
    assert np.count_nonzero(doubted) <= MOST_SHARE * ROWS
    again = doubtful((raw.astype(np.float64) * scale).astype(np.float32), nothing())
    assert np.count_nonzero(again != doubted) <= 4
