"""Whatever happens to some sensors, the laws of episodes hold."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS, EpisodeRules, Track
from offbeat.core.episodes import Episodes
from offbeat.core.transitions import Change, Marks, Reason, Transition

SENSORS, Q = 3, len(TRACKS)
RULES = EpisodeRules(
    close_rows=2,
    close_seconds=1.0,
    quiet_seconds=20.0,
    escalate_rows=2,
    update_seconds=3.0,
    settle_seconds=30.0,
    settle_rows=8,
)
SURPRISE = st.sampled_from([float("nan"), 0.0, 2.6, 3.0, 3.4, 5.0, 8.0, 20.0])


class Laws(RuleBasedStateMachine):
    """Rows, silence, returns, ticks and restarts in any order; clocks of sensors may lag behind the log's."""

    def __init__(self) -> None:
        super().__init__()
        self.episodes = Episodes(SENSORS, RULES)
        self.now = 1000.0
        self.last = np.full(SENSORS, 900.0)
        self.open: dict[tuple[int, Track], str] = {}
        self.ids: set[str] = set()
        self.times: dict[tuple[int, Track], float] = {}

    def take(self, transitions: list[Transition]) -> None:
        """Check every transition against what a consumer has seen before."""
        for t in transitions:
            place = (t.sensor, t.track)
            ident = episode_id(f"s{t.sensor}", TRACKS[t.track].kind, t.started)
            if t.change is Change.OPEN:
                assert place not in self.open, "two opens without a close between"
                assert ident not in self.ids, "an id was used twice"
                self.ids.add(ident)
                self.open[place] = ident
            else:
                assert self.open.get(place) == ident, "not the id that is open"
            if t.change is Change.CLOSE:
                del self.open[place]
            assert t.started <= t.time
            assert t.time >= self.times.get(place, -np.inf), "time went back"
            self.times[place] = t.time
            assert TRACKS[t.track].may_settle or t.reason is not Reason.SETTLED

    def marks(
        self, track: Track, sensors: list[int], surprise: float, start: np.ndarray, time: np.ndarray
    ) -> Marks:
        """Return marks of one track."""
        n = len(sensors)
        return Marks(
            key=np.array(sensors, np.intp) * Q + track,
            index=np.arange(n),
            time=time,
            start=start,
            seen=np.full(n, self.now),
            surprise=np.full(n, surprise, np.float32),
            threshold=np.full(n, 3.0, np.float32),
            score=np.full(n, surprise / 3, np.float32),
        )

    @rule(
        sensor=st.integers(0, SENSORS - 1),
        track=st.sampled_from([Track.PROCESS, Track.RHYTHM, Track.STUCK, Track.RULE]),
        surprise=SURPRISE,
        step=st.sampled_from([0.0, 0.5, 3.0]),
        count=st.integers(1, 12),
    )
    def rows(self, sensor: int, track: Track, surprise: float, step: float, count: int) -> None:
        """Let a sensor report some rows."""
        for _ in range(count):
            self.last[sensor] += step
            self.now += step
            slot = np.array([sensor])
            self.take(self.episodes.close_returned(slot, np.array([0]), np.array([self.now])))
            time = self.last[slot].copy()
            self.take(self.episodes.judge(self.marks(track, [sensor], surprise, time, time)))

    @rule(surprise=SURPRISE)
    def silence(self, surprise: float) -> None:
        """Let a tick judge how long all have been silent."""
        everyone = list(range(SENSORS))
        time = np.full(SENSORS, self.now)
        self.take(self.episodes.judge(self.marks(Track.SILENT, everyone, surprise, self.last.copy(), time)))

    @rule(step=st.sampled_from([1.0, 25.0]))
    def tick(self, step: float) -> None:
        """Let time pass without rows."""
        self.now += step
        self.take(self.episodes.close_quiet(self.now, np.zeros(SENSORS), -np.inf))

    @rule(sensor=st.integers(0, SENSORS - 1), track=st.sampled_from([Track.PROCESS, Track.RHYTHM]))
    def called_the_new_normal(self, sensor: int, track: Track) -> None:
        """Let somebody say that what is open, or not, is the new normal."""
        key = np.array([sensor * Q + track])
        self.take(self.episodes.declare(key, np.array([self.now])))
        assert (sensor, track) not in self.open

    @rule(sensor=st.integers(0, SENSORS - 1), track=st.sampled_from([Track.PROCESS, Track.RHYTHM]))
    def called_a_fault(self, sensor: int, track: Track) -> None:
        """Let somebody say that what has closed is a fault."""
        if (sensor, track) not in self.open:
            self.take(self.episodes.reopen(np.array([sensor * Q + track]), np.array([self.now])))

    @rule(sensor=st.integers(0, SENSORS - 1))
    def another_model(self, sensor: int) -> None:
        """Let a model that does not know of a lasting change come into service."""
        self.episodes.settle_again(np.array([sensor * Q + Track.PROCESS]))

    @rule()
    def restart(self) -> None:
        """Go on in another process from the arrays alone."""
        slots = np.arange(SENSORS)
        state = {name: array[slots].copy() for name, array in self.episodes.arrays().items()}
        self.episodes = Episodes(SENSORS, RULES)
        self.episodes.put(slots, state)

    @invariant()
    def the_machine_knows_what_is_open(self) -> None:
        """State and story agree."""
        phase = self.episodes.arrays()["phase"]
        assert {(int(s), Track(int(q))) for s, q in np.argwhere(phase == 1)} == set(self.open)


TestLaws = Laws.TestCase
TestLaws.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
