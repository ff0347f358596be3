"""One battery for every registered stream, and the streams as one object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Floats, Round, Stream
from offbeat.core.streams.registry import (
    CHEAP,
    CHEAP_NAMES,
    STREAM_NAMES,
    STREAM_TRACKS,
    TRACKS,
    CheapStreams,
    voting,
)
from tests.support.commissioned import commissioned, recording, round_of

SENSORS, CHANNELS, ROWS = 4, 3, 60
every_stream = pytest.mark.parametrize("kind", CHEAP, ids=lambda kind: kind.__name__)


def learnt() -> Commission:
    """Return a commission of three sensors; the last channel of the second never moved. Slot 3 is unknown."""
    rng = np.random.default_rng(0)
    values = [np.round(rng.normal(i, 1 + i, size=(300, CHANNELS)), 2) for i in range(3)]
    values[1][:, 2] = 5.0
    return commissioned(*(recording(v, f"s{i}") for i, v in enumerate(values)))


def made_rounds(commission: Commission, seed: int) -> list[Round]:
    """Return rounds in which sensors and channels come and go, values repeat and gaps are irregular."""
    rng = np.random.default_rng(seed)
    started = np.zeros(SENSORS, bool)
    rounds = []
    for i in range(ROWS):
        slot = np.flatnonzero(rng.random(SENSORS) < 0.8)
        values = np.round(rng.normal(scale=3, size=(len(slot), CHANNELS)))
        values[rng.random(values.shape) < 0.2] = np.nan
        gap = np.where(started[slot], rng.choice([0.0, 0.5, 1.0, 3.0, 500.0], len(slot)), np.nan)
        started[slot] = True
        rounds.append(round_of(commission, list(slot), values, list(gap), float(i)))
    return rounds


def part(rows: Round, keep: np.ndarray) -> Round:
    """Return only some rows of a round."""
    return Round(*(getattr(rows, name)[keep] for name in Round.__slots__))


def play(stream: Stream | CheapStreams, rounds: list[Round]) -> list[Floats]:
    """Return what the stream says to each round."""
    return [stream.update(rows) for rows in rounds]


def test_names_are_unique_and_speak_to_known_tracks() -> None:
    """Columns of scores.csv must be told apart, and every track has a speaker."""
    assert len(set(STREAM_NAMES)) == len(STREAM_NAMES) == len(STREAM_TRACKS)
    assert set(STREAM_TRACKS) == set(TRACKS)
    assert STREAM_NAMES[: len(CHEAP_NAMES)] == CHEAP_NAMES


def test_what_a_model_says_votes_only_where_it_is_asked_to() -> None:
    """But for the long view's answer, which was asked for."""
    silenced = {name for name, heard in zip(STREAM_NAMES, voting(model=False), strict=True) if not heard}
    assert silenced == {"value", "value_mean", "gap", "window", "window_mean"}
    assert voting(model=True).all()


@every_stream
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_sensor_is_judged_the_same_alone_and_among_others(kind: type[Stream], seed: int) -> None:
    """Who else is in a round has no influence."""
    commission = learnt()
    rounds = made_rounds(commission, seed)
    together = play(kind(commission, SENSORS), rounds)  # type: ignore[call-arg]
    for slot in range(SENSORS):
        alone = kind(commission, SENSORS)  # type: ignore[call-arg]
        for rows, said in zip(rounds, together, strict=True):
            mine = rows.sensor == slot
            assert np.array_equal(alone.update(part(rows, mine)), said[mine], equal_nan=True)


@every_stream
def test_no_stream_looks_ahead(kind: type[Stream]) -> None:
    """What is said to a prefix does not depend on what follows."""
    commission = learnt()
    rounds = made_rounds(commission, 1)
    changed = rounds[:30] + made_rounds(commission, 2)[30:]
    first = play(kind(commission, SENSORS), rounds)  # type: ignore[call-arg]
    second = play(kind(commission, SENSORS), changed)  # type: ignore[call-arg]
    for a, b in zip(first[:30], second[:30], strict=True):
        assert np.array_equal(a, b, equal_nan=True)


@every_stream
def test_reset_forgets_these_sensors_only(kind: type[Stream]) -> None:
    """After a reset a sensor is as new; the others go on as if nothing had been."""
    commission = learnt()
    before, after = made_rounds(commission, 3), made_rounds(commission, 4)
    stream, other, new = (kind(commission, SENSORS) for _ in range(3))  # type: ignore[call-arg]
    play(stream, before)
    play(other, before)
    stream.reset(np.array([1, 3]))
    for rows in after:
        said, kept, fresh = stream.update(rows), other.update(rows), new.update(rows)
        forgotten = np.isin(rows.sensor, [1, 3])
        assert np.array_equal(said[forgotten], fresh[forgotten], equal_nan=True)
        assert np.array_equal(said[~forgotten], kept[~forgotten], equal_nan=True)


@every_stream
def test_state_comes_back_from_a_snapshot(kind: type[Stream]) -> None:
    """Arrays there and back, into a stream with more room, and it goes on as before."""
    commission = learnt()
    stream = kind(commission, SENSORS)  # type: ignore[call-arg]
    play(stream, made_rounds(commission, 5))
    other = kind(commission, SENSORS + 7)  # type: ignore[call-arg]
    other.restore({name: array.copy() for name, array in stream.arrays().items()})
    rest = made_rounds(commission, 6)
    for a, b in zip(play(stream, rest), play(other, rest), strict=True):
        assert np.array_equal(a, b, equal_nan=True)


@every_stream
def test_state_is_zero_until_a_sensor_is_seen(kind: type[Stream]) -> None:
    """So that the memory of sensors that never came is never touched."""
    commission = learnt()
    stream = kind(commission, SENSORS + 1)  # type: ignore[call-arg]
    play(stream, made_rounds(commission, 7))
    assert all(not array[-1].any() for array in stream.arrays().values())


@every_stream
def test_opinions_are_finite_or_absent_and_a_row_without_values_has_none(kind: type[Stream]) -> None:
    """NaN is the only way to have no opinion; no observed channel means no opinion."""
    commission = learnt()
    stream = kind(commission, SENSORS)  # type: ignore[call-arg]
    for rows in made_rounds(commission, 8):
        said = stream.update(rows)
        assert said.shape == (len(rows.sensor), len(kind.names))
        assert said.dtype == np.float32
        assert (said[~np.isnan(said)] >= 0).all()
        assert not np.isinf(said).any()
        assert np.isnan(said[~rows.mask.any(axis=1)]).all()
    huge = round_of(commission, [0], np.full((1, CHANNELS), 3e38), [1.0])
    assert not np.isinf(stream.update(huge)).any()


@every_stream
def test_what_is_hidden_behind_the_mask_has_no_influence(kind: type[Stream]) -> None:
    """The content of a channel that was not observed is never read."""
    commission = learnt()
    one, two = kind(commission, SENSORS), kind(commission, SENSORS)  # type: ignore[call-arg]
    for rows in made_rounds(commission, 9):
        hidden = ~rows.mask
        poisoned = replace(
            rows,
            raw=np.where(hidden, np.float32(77), rows.raw),
            z=np.where(hidden, np.float32(77), rows.z),
        )
        assert np.array_equal(one.update(rows), two.update(poisoned), equal_nan=True)


def test_all_streams_together_say_what_each_says() -> None:
    """The joined object has the columns of its parts, and their state."""
    commission = learnt()
    joined = CheapStreams(commission, SENSORS)
    parts = [kind(commission, SENSORS) for kind in CHEAP]  # type: ignore[call-arg]
    for rows in made_rounds(commission, 10):
        expected = np.concatenate([stream.update(rows) for stream in parts], axis=1)
        assert np.array_equal(joined.update(rows), expected, equal_nan=True)
    again = CheapStreams(commission, SENSORS)
    again.restore(joined.arrays())
    joined.reset(np.array([0]))
    assert any(array[0].any() for array in again.arrays().values())
    assert not any(array[0].any() for array in joined.arrays().values())
