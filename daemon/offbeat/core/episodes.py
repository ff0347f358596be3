"""The state machines of episodes: one for each sensor and track, all of them stepped as arrays.

Idle -> open when the surprise reaches the threshold. Open -> idle after some calm rows, or by a tick after
a quiet time. Open -> settled when the change has lasted so long that it is one of regime; settled -> idle
when the rows are calm again. A rise far above the peak of an episode, after its first attack, is a new
anomaly: the old episode closes and a new one opens (docs/decisions/0004-episodes.md). Only transitions leave
this file, never a row per reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import TRACKS, EpisodeRules, Track, severity_codes
from offbeat.core.transitions import Change, Marks, Reason, Transition

Bools = NDArray[np.bool_]
Keys = NDArray[np.intp]

IDLE, OPEN, SETTLED = 0, 1, 2
_TRACKS = len(TRACKS)
_MAY_SETTLE = np.array([rule.may_settle for rule in TRACKS.values()])


class Episodes:
    """Episodes of one group's sensors.

    Laws: no two opens of a track without a close between, no close without an open, one id from open to
    close, never the same id twice, and the times of an episode's events do not decrease.

    Args:
        sensors: sensor slots.
        rules: the numbers.
    """

    def __init__(self, sensors: int, rules: EpisodeRules) -> None:
        self.rules = rules
        self._state: dict[str, NDArray[Any]] = {}
        self.phase = self._array("phase", sensors, np.int8)
        self.severity = self._array("severity", sensors, np.int8)
        self.calm = self._array("calm", sensors, np.int16)
        self.rows = self._array("rows", sensors, np.int32)
        self.since_peak = self._array("since_peak", sensors, np.int32)
        self.started = self._array("started", sensors, np.float64, -np.inf)
        self.changed = self._array("changed", sensors, np.float64, -np.inf)
        self.calm_from = self._array("calm_from", sensors, np.float64, np.inf)
        self.hot_seen = self._array("hot_seen", sensors, np.float64, -np.inf)
        """Log time of the last strange row."""
        self.hot_time = self._array("hot_time", sensors, np.float64, -np.inf)
        """Event time of the last strange row of the episode that is open, or was last."""
        self.peak = self._array("peak", sensors, np.float32)
        self.peak_score = self._array("peak_score", sensors, np.float32)
        self.worse_at = self._array("worse_at", sensors, np.float64, -np.inf)
        """Event time at which the episode was last noted to have grown worse ..."""
        self.worse_score = self._array("worse_score", sensors, np.float32)
        """... and the score it had then."""
        self.faulty = np.full(sensors * _TRACKS, np.nan)
        """Start of the episode of each track that somebody called a fault: it never settles. No snapshot keeps it."""

    def _array(self, name: str, sensors: int, dtype: type[Any], fill: float = 0) -> NDArray[Any]:
        """Make one column of the state; return it flat, indexed by key."""
        array: NDArray[Any] = np.zeros((sensors, _TRACKS), dtype)
        if fill:
            array.fill(fill)
        self._state[name] = array
        return array.reshape(-1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, tracks]; views, not copies."""
        return dict(self._state)

    def put(self, sensor: NDArray[np.intp], state: Mapping[str, NDArray[Any]]) -> None:
        """Set the state of some sensors to what `arrays` once gave for them; what was not kept then stays as new."""
        for name in self._state.keys() & state.keys():
            self._state[name][sensor] = state[name]

    def concern(self, key: Keys, surprise: NDArray[np.float32], threshold: NDArray[np.float32]) -> Bools:
        """Return which marks could change anything; all others may be left out of `judge`."""
        return np.asarray((surprise >= threshold) | (self.phase[key] != IDLE), np.bool_)

    def any_open(self) -> bool:
        """Return whether any machine is not idle: else a tick has nothing to close."""
        return bool(self.phase.any())

    def is_open(self, sensor: NDArray[np.intp]) -> Bools:
        """Return which tracks of some sensors have an open episode, [n, tracks]."""
        return np.asarray(self._state["phase"][sensor] == OPEN, np.bool_)

    def judge(self, marks: Marks) -> list[Transition]:
        """Take one mark for each of some (sensor, track) pairs in, in the sensors' time order."""
        marks = marks.where(self.concern(marks.key, marks.surprise, marks.threshold))
        if not len(marks):
            return []
        phase = self.phase[marks.key]
        peak = self.peak[marks.key]
        rise = marks.surprise >= peak + np.maximum(self.rules.escalate_by, self.rules.escalate_share * peak)
        rise &= marks.start > self.started[marks.key]
        attack = self.since_peak[marks.key] < self.rules.escalate_rows
        self._count(marks)
        escalated = (phase == OPEN) & rise & ~attack
        settled = (phase == OPEN) & ~escalated & self._has_settled(marks)
        calmed = (phase != IDLE) & ~escalated & ~settled & self._is_calm(marks)
        fresh = (phase == IDLE) & (marks.surprise >= marks.threshold)
        fresh &= (marks.start > self.started[marks.key]) & ~self._is_echo(marks)
        broken = (phase == SETTLED) & rise
        out = self._close(marks, escalated, Reason.ESCALATED)
        out += self._close(marks, settled, Reason.SETTLED)
        out += self._close(marks, calmed & (phase == OPEN), Reason.CALM)
        self.phase[marks.key[calmed & (phase == SETTLED)]] = IDLE
        out += self._open(marks, fresh, Reason.STRANGE)
        out += self._open(marks, escalated | broken, Reason.ESCALATED)
        out += self._update(marks, (phase == OPEN) & ~escalated & ~settled & ~calmed)
        return out

    def declare(self, key: Keys, time: NDArray[np.float64]) -> list[Transition]:
        """Close episodes because somebody said that this is the new normal; what is not open stays as it is."""
        still = self.phase[key] == OPEN
        key = key[still]
        return self._end(key, np.full(len(key), -1, np.intp), time[still], Reason.CONFIRMED)

    def settle_again(self, key: Keys) -> None:
        """Take what is idle for a lasting change that was told of: only what is far stranger than it opens."""
        self.phase[key[self.phase[key] == IDLE]] = SETTLED

    def calm_down(self, key: Keys) -> None:
        """Forget that a change lasts: it is normal from now on."""
        self.phase[key[self.phase[key] == SETTLED]] = IDLE

    def reopen(self, key: Keys, time: NDArray[np.float64]) -> list[Transition]:
        """Open lasting changes again that somebody called faults: as episodes of their own from then on."""
        later = time > self.started[key]
        key, time = key[later], time[later]
        self.phase[key] = OPEN
        self.started[key] = self.faulty[key] = self.worse_at[key] = time
        self.calm[key] = 0
        self.calm_from[key] = np.inf
        self.rows[key] = 1
        self.since_peak[key] = 0
        self.hot_seen[key] = np.maximum(self.hot_seen[key], time)
        self.hot_time[key] = time
        self.changed[key] = np.maximum(self.changed[key], time)
        return self._transitions(Change.OPEN, Reason.LABELLED, key, np.full(len(key), -1, np.intp))

    def close_returned(
        self, sensor: NDArray[np.intp], index: Keys, seen: NDArray[np.float64]
    ) -> list[Transition]:
        """Close the silence of sensors that have reported.

        Args:
            sensor: slots, none twice.
            index: the caller's numbers, given back in the transitions.
            seen: log times of the reports.
        """
        key = sensor.astype(np.intp) * _TRACKS + Track.SILENT
        back = self.phase[key] == OPEN
        if not back.any():
            return []
        return self._end(key[back], index[back], seen[back], Reason.RETURNED)

    def close_quiet(
        self, now: float, quiet_seconds: NDArray[np.float64], listening_since: float
    ) -> list[Transition]:
        """Close what has shown no strange row for the sensor's quiet time.

        Silence ends by a reading only, and so does a rule that the last reading broke: it still is.

        Args:
            now: log time.
            quiet_seconds: by sensor slot, [S].
            listening_since: log time from which on readings could have been seen.
        """
        key = np.flatnonzero(self.phase != IDLE)
        track = key % _TRACKS
        key = key[(track != Track.SILENT) & ((track != Track.RULE) | (self.calm[key] > 0))]
        if not len(key):
            return []
        quiet = now - np.maximum(self.hot_seen[key], listening_since)
        key = key[quiet >= np.maximum(quiet_seconds[key // _TRACKS], self.rules.quiet_seconds)]
        self.phase[key[self.phase[key] == SETTLED]] = IDLE
        key = key[self.phase[key] == OPEN]
        return self._end(key, np.full(len(key), -1, np.intp), np.full(len(key), now), Reason.QUIET)

    def close_all(self, sensor: NDArray[np.intp], now: float) -> list[Transition]:
        """Close whatever is open of some sensors, none twice, at a log time: nothing will be heard of them."""
        key = (sensor.astype(np.intp)[:, None] * _TRACKS + np.arange(_TRACKS)).reshape(-1)
        self.phase[key[self.phase[key] == SETTLED]] = IDLE
        key = key[self.phase[key] == OPEN]
        return self.take_as_closed(key, np.full(len(key), now))

    def take_as_closed(self, key: Keys, time: NDArray[np.float64]) -> list[Transition]:
        """Close episodes whose close was told before, at the times that were told then."""
        return self._end(key, np.full(len(key), -1, np.intp), time, Reason.RETIRED)

    def _count(self, marks: Marks) -> None:
        """Advance the counters of what is not idle. A mark without an opinion counts for nothing."""
        rules = self.rules
        told = np.isfinite(marks.surprise)
        hot = told & (marks.surprise >= marks.threshold - rules.margin)
        key, calm_key = marks.key[hot], marks.key[told & ~hot]
        self.rows[marks.key[told]] += 1
        self.since_peak[marks.key[told]] += 1
        self.calm[key] = 0
        self.calm_from[key] = np.inf
        self.hot_seen[key] = np.maximum(self.hot_seen[key], marks.seen[hot])
        going_on = hot & (self.phase[marks.key] == OPEN)
        self.hot_time[marks.key[going_on]] = marks.time[going_on]
        self.calm[calm_key] = np.minimum(self.calm[calm_key] + 1, np.iinfo(np.int16).max)
        self.calm_from[calm_key] = np.minimum(self.calm_from[calm_key], marks.time[told & ~hot])

    def _is_echo(self, marks: Marks) -> Bools:
        """Tell what the track's last episode, just over, left in the memory of the streams: strange, but far less.

        It was over at its last strange row, by the sensor's own clock: neither the calm rows nor the quiet time that
        closed it count.
        """
        key = marks.key
        weak = (marks.surprise < self.rules.echo_share * self.peak[key]) & _MAY_SETTLE[key % _TRACKS]
        echo = np.zeros(len(key), np.bool_)
        ended = self.hot_time[key[weak]]
        lasted = np.minimum(ended - self.started[key[weak]], self.rules.echo_seconds)
        echo[weak] = marks.time[weak] < ended + lasted
        return echo

    def _is_calm(self, marks: Marks) -> Bools:
        key = marks.key
        long_enough = marks.time - self.calm_from[key] >= self.rules.close_seconds
        return np.asarray((self.calm[key] >= self.rules.close_rows) & long_enough, np.bool_)

    def _has_settled(self, marks: Marks) -> Bools:
        key = marks.key
        since = np.maximum(self.started[key], self.worse_at[key])
        lasted = marks.time - since >= self.rules.settle_seconds
        enough = self.rows[key] >= self.rules.settle_rows
        fault = self.faulty[key] == self.started[key]
        return np.asarray(lasted & enough & ~fault & _MAY_SETTLE[key % _TRACKS], np.bool_)

    def _open(self, marks: Marks, which: Bools, reason: Reason) -> list[Transition]:
        if not which.any():
            return []
        new = marks.where(which)
        key = new.key
        self.phase[key] = OPEN
        self.started[key] = new.start
        self.calm[key] = 0
        self.calm_from[key] = np.inf
        self.rows[key] = 1
        self.since_peak[key] = 0
        self.hot_seen[key] = new.seen
        self.hot_time[key] = new.time
        self.peak[key] = new.surprise
        self.peak_score[key] = np.nan_to_num(new.score, nan=0.0)
        self.worse_at[key] = new.start
        self.worse_score[key] = self.peak_score[key]
        self.severity[key] = severity_codes(self.peak_score[key], self.rules)
        self.changed[key] = np.maximum(self.changed[key], np.maximum(new.time, new.start))
        return self._transitions(Change.OPEN, reason, key, new.index)

    def _close(self, marks: Marks, which: Bools, reason: Reason) -> list[Transition]:
        if not which.any():
            return []
        return self._end(marks.key[which], marks.index[which], marks.time[which], reason)

    def _end(self, key: Keys, index: Keys, time: NDArray[np.float64], reason: Reason) -> list[Transition]:
        self.phase[key] = SETTLED if reason is Reason.SETTLED else IDLE
        self.calm[key] = 0
        self.calm_from[key] = np.inf
        self.changed[key] = np.maximum(self.changed[key], time)
        return self._transitions(Change.CLOSE, reason, key, index)

    def _update(self, marks: Marks, which: Bools) -> list[Transition]:
        """Raise the peaks of what stays open, and tell of it where the severity rose or an update is due."""
        if not which.any():
            return []
        new = marks.where(which)
        key = new.key
        higher = new.surprise > self.peak[key]
        self.since_peak[key[higher]] = 0
        self.peak[key] = np.fmax(self.peak[key], new.surprise)
        self.peak_score[key] = np.fmax(self.peak_score[key], new.score)
        worse = self.peak_score[key] > self.worse_score[key] * np.float32(1.0 + self.rules.settle_growth)
        self.worse_at[key[worse]] = new.time[worse]
        self.worse_score[key[worse]] = self.peak_score[key[worse]]
        severity = severity_codes(self.peak_score[key], self.rules)
        age = new.time - self.started[key]
        wait = np.maximum(self.rules.update_seconds, self.rules.update_growth * age)
        strange = self.calm[key] == 0
        due = (severity > self.severity[key]) | (strange & (new.time - self.changed[key] >= wait))
        self.severity[key] = severity
        self.changed[key[due]] = np.maximum(self.changed[key[due]], new.time[due])
        return self._transitions(Change.UPDATE, Reason.STRANGE, key[due], new.index[due])

    def _transitions(self, change: Change, reason: Reason, key: Keys, index: Keys) -> list[Transition]:
        return [
            Transition(
                change=change,
                reason=reason,
                sensor=k // _TRACKS,
                track=Track(k % _TRACKS),
                index=i,
                started=float(self.started[k]),
                time=float(self.changed[k]),
                score=float(self.peak_score[k]),
                surprise=float(self.peak[k]),
                severity=int(self.severity[k]),
            )
            for k, i in zip(key.tolist(), index.tolist(), strict=True)
        ]
