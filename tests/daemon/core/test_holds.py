"""What keeps sensors from being learnt."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.episode_rules import EpisodeRules, Track
from offbeat.core.episodes import Episodes
from offbeat.core.holds import FREEZE, STRETCHES, Holds
from offbeat.core.transitions import Change, Reason, Transition

TIMES = np.arange(0.0, 1000.0, 10.0)


def holds_of(sensors: int, margin_seconds: float) -> Holds:
    """Return what holds sensors of which nothing is strange."""
    return Holds(Episodes(sensors, EpisodeRules()), sensors, margin_seconds)


def transition(
    change: Change, time: float, started: float = 100.0, track: Track = Track.PROCESS
) -> Transition:
    """Return a change of an episode of sensor 1."""
    return Transition(change, Reason.STRANGE, 1, track, 0, started, time, 1.0, 5.0, 1)


def free(holds: Holds, sensor: int = 1) -> set[float]:
    """Return the times of a sensor that may be learnt."""
    kept = holds.free(np.array([sensor]), TIMES[None])[0]
    return set(TIMES[kept].tolist())


def test_rows_of_an_episode_and_before_it_are_not_free() -> None:
    """From the margin before its start to its close; while it is open, to the end."""
    holds = holds_of(2, 50.0)
    holds.note([transition(Change.OPEN, 100.0)])
    assert free(holds) == {0.0, 10.0, 20.0, 30.0, 40.0}
    holds.note([transition(Change.UPDATE, 150.0), transition(Change.CLOSE, 200.0)])
    assert {40.0, 210.0} <= free(holds)
    assert not free(holds) & set(TIMES[5:21].tolist())
    assert free(holds, 0) == set(TIMES.tolist())


def test_a_broken_limit_says_itself_when_it_began_and_a_silence_has_no_rows() -> None:
    """So the first has no margin, and the second leaves nothing out."""
    holds = holds_of(2, 50.0)
    holds.note(
        [transition(Change.OPEN, 100.0, track=Track.RULE), transition(Change.OPEN, 0.0, track=Track.SILENT)]
    )
    assert free(holds) == set(TIMES[:10].tolist())


def test_a_freeze_leaves_out_what_was_read_meanwhile_and_is_known_again_after_a_restart() -> None:
    """The stretch is part of a snapshot; that it goes on follows from what was said."""
    holds = holds_of(2, 0.0)
    holds.freeze(1, frozen=True, time=300.0)
    again = holds_of(2, 0.0)
    for name, array in again.arrays().items():
        array[:] = holds.arrays()[name]
    again.freeze(1, frozen=True, time=300.0)
    assert free(again) == set(TIMES[:30].tolist())
    again.freeze(1, frozen=False, time=400.0)
    assert 410.0 in free(again)
    assert 350.0 not in free(again)


def test_who_is_held() -> None:
    """A frozen sensor, one that breaks a limit, one that is strange; not one that somebody excused."""
    episodes = Episodes(4, EpisodeRules())
    holds = Holds(episodes, 4, 0.0)
    phase, started = episodes.arrays()["phase"], episodes.arrays()["started"]
    holds.frozen[0] = True
    phase[1, Track.RULE] = phase[2, Track.PROCESS] = phase[3, Track.PROCESS] = 1
    started[1:] = 7.0
    holds.excused[3, Track.PROCESS] = 7.0
    everyone = np.arange(4)
    assert holds.held(everyone).tolist() == [True, True, True, False]
    started[3] = 8.0
    assert holds.held(everyone)[3], "it is another episode that was excused"


def test_gaps_of_an_episode_are_not_free_but_those_of_a_broken_limit_are() -> None:
    """By when they ended; the one that ends with the row that opened it is of before."""
    holds = holds_of(2, 50.0)
    holds.note([transition(Change.OPEN, 100.0), transition(Change.CLOSE, 200.0)])
    times = np.array([100.0, 100.1, 200.0, 200.1])
    assert holds.rhythm_free(np.ones(4, np.intp), times).tolist() == [True, False, False, True]
    assert holds.rhythm_free(np.zeros(4, np.intp), times).all()
    of_rule = holds_of(2, 0.0)
    of_rule.note([transition(Change.OPEN, 100.0, track=Track.RULE)])
    assert of_rule.rhythm_free(np.ones(4, np.intp), times).all()


def test_what_was_excused_is_free_and_other_episodes_are_not() -> None:
    """To say so twice changes nothing."""
    holds = holds_of(2, 0.0)
    for start in (100.0, 300.0):
        holds.note([transition(Change.OPEN, start, start), transition(Change.CLOSE, start + 50.0, start)])
    for _ in range(2):
        holds.forget(1, Track.PROCESS, 300.0)
        assert 320.0 in free(holds)
        assert 120.0 not in free(holds)


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 200)), max_size=3 * STRETCHES))
def test_however_many_episodes_there_are_no_row_of_one_becomes_free(drawn: list[tuple[float, float]]) -> None:
    """What cannot be remembered one by one is left out with what lies between."""
    holds = holds_of(2, 0.0)
    for start, lasted in drawn:
        holds.begin(1, Track.PROCESS, start)
        holds.end(1, Track.PROCESS, start + lasted)
    kept = holds.free(np.array([1]), TIMES[None])[0]
    for start, lasted in drawn:
        assert not kept[(start <= TIMES) & (start + lasted >= TIMES)].any()
    assert FREEZE not in Track.__members__.values()


def test_before_a_lasting_change_nothing_is_free() -> None:
    """And a later one takes the place of an earlier one."""
    holds = holds_of(2, 0.0)
    holds.only_since(1, 300.0)
    assert min(free(holds)) == 300.0
    holds.only_since(1, 500.0)
    assert min(free(holds)) == 500.0
