"""Recorded messages through decoder and core on virtual time."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.core_building import Core, build_core
from offbeat.app.engine import Act, Engine
from offbeat.app.replaying import read_log, replay, write_replay
from offbeat.config.settings import JournalSettings, LimitSettings, ModelSettings
from offbeat.errors import ConfigError
from offbeat.ingest.journal import Journal
from offbeat.ingest.source import LISTENING
from offbeat.replay.jsonl_recordings import RecordedMessage, write_messages
from tests.support.configured import a_source, configured
from tests.support.learnt import Learnt
from tests.support.plant import BOILERS, PAIR, live, pair

ROWS = 140
FAULT = slice(90, 110)


def messages(shift: float = 40.0) -> list[RecordedMessage]:
    """Return what two boilers say, the second one off for a while, and a pair, in order of time."""
    found = []
    for i in range(2):
        times, values = live(i, ROWS)
        values[FAULT] += shift * i
        topic = "plant/" + BOILERS[i].replace(".", "/")
        found += [
            RecordedMessage(time, topic, b'{"ts": %.4f, "value": %.4f}' % (time, value), qos=1)
            for time, value in zip(times.tolist(), values.tolist(), strict=True)
        ]
    times, values = pair(0, 500 + 20)
    found += [
        RecordedMessage(time, "pairs/pair0", b'{"ts": %.4f, "temp": %.4f}' % (time, row[0]))
        for time, row in zip(times[500:].tolist(), values[500:].tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: one.time_seconds)


def recorded(path: Path, shift: float = 40.0) -> Path:
    """Write the messages to a file."""
    write_messages(path, messages(shift))
    return path


def journalled(folder: Path, at_once: int) -> Path:
    """Write the messages to a journal in batches of one arrival time each, and return its folder."""
    journal = Journal(folder, JournalSettings())
    found = messages()
    for start in range(0, len(found), at_once):
        part = found[start : start + at_once]
        journal.append([(one.topic, one.payload, one.flags) for one in part], part[-1].time_seconds)
    assert journal.sync(10)
    assert journal.close()
    return folder


@pytest.fixture
def core(learnt: Learnt, tmp_path: Path) -> Core:
    """A new core of two groups, with models."""
    return a_core(learnt, tmp_path)


def a_core(learnt: Learnt, folder: Path) -> Core:
    """Return a new core of two groups, with models."""
    model = ModelSettings(artifact=learnt.folder, device="cpu")
    sources = (a_source(), a_source("pairs/{sensor}", channels=PAIR))
    return build_core(configured(folder, *sources, model=model, limits=LimitSettings(max_sensors=8)))


def test_a_replay_hears_what_a_daemon_heard(core: Core, tmp_path: Path) -> None:
    """Every row is judged, and the fault is told, in the time of the log."""
    result = replay(core, recorded(tmp_path / "log.jsonl"))
    assert result.messages == 2 * ROWS + 20
    assert sum(map(len, result.scores)) == 2 * ROWS + 20
    fault = live(1, ROWS)[0][FAULT]
    opened = [e for e in result.events if (e.event, e.sensor, e.family) == ("open", BOILERS[1], "process")]
    assert opened
    assert fault[0] - 0.001 <= opened[0].updated_at <= fault[-1]


def test_two_replays_of_one_log_are_equal(learnt: Learnt, tmp_path: Path) -> None:
    """Bit for bit."""
    log = recorded(tmp_path / "log.jsonl")
    one, other = (replay(a_core(learnt, tmp_path), log) for _ in range(2))
    assert one.events == other.events
    for a, b in zip(one.scores, other.scores, strict=True):
        assert np.array_equal(a.surprise, b.surprise, equal_nan=True)
        assert np.array_equal(a.p_value, b.p_value, equal_nan=True)


def test_a_journal_is_a_log_too(learnt: Learnt, tmp_path: Path) -> None:
    """A message a record says the same as the file of messages does."""
    file = replay(a_core(learnt, tmp_path), recorded(tmp_path / "log.jsonl"))
    journal = replay(a_core(learnt, tmp_path), journalled(tmp_path / "journal", 1))
    assert journal.messages == file.messages
    assert journal.events == file.events
    for a, b in zip(journal.scores, file.scores, strict=True):
        assert np.array_equal(a.score, b.score, equal_nan=True)


def test_a_damaged_journal_is_refused(core: Core, tmp_path: Path) -> None:
    """The rest would not be what was heard."""
    folder = journalled(tmp_path / "journal", 5)
    (segment,) = [path for path in folder.iterdir() if path.stat().st_size > 1000]
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bytes of the journal are damaged"):
        replay(core, folder)


def test_time_passes_between_messages(core: Core, tmp_path: Path) -> None:
    """A sensor that falls silent is told of at the tick at which a daemon would have told, not at the next message."""
    path = tmp_path / "log.jsonl"
    found = messages(shift=0.0)
    last = found[-1]
    topic = "plant/" + BOILERS[0].replace(".", "/")
    gap = 7200.0
    back = last.time_seconds + gap
    found.append(RecordedMessage(back, topic, b'{"ts": %.4f, "value": 65}' % back))
    write_messages(path, found)
    result = replay(core, path)
    silent = [e for e in result.events if (e.event, e.sensor, e.kind) == ("open", BOILERS[0], "silent")]
    assert len(silent) == 1
    assert last.time_seconds < silent[0].updated_at < last.time_seconds + gap / 2
    closed = [e for e in result.events if (e.event, e.sensor, e.kind) == ("close", BOILERS[0], "silent")]
    assert closed


@pytest.mark.parametrize("make", ["file", "folder"])
def test_a_log_without_messages_is_refused(core: Core, tmp_path: Path, make: str) -> None:
    """An empty file, an empty journal."""
    path = tmp_path / "log"
    if make == "file":
        path.write_text("\n")
    else:
        path.mkdir()
    with pytest.raises(ConfigError, match="log: holds no message; expected"):
        replay(core, path)


def test_a_line_that_is_no_message_is_named(core: Core, tmp_path: Path) -> None:
    """By file and number."""
    path = recorded(tmp_path / "log.jsonl")
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(ConfigError, match=rf"log\.jsonl:{2 * ROWS + 21}: not a message"):
        replay(core, path)


def test_flags_of_a_message_survive(tmp_path: Path) -> None:
    """Retained ones are a rule of their own."""
    path = tmp_path / "log.jsonl"
    write_messages(path, [RecordedMessage(5.0, "a", b"1", retain=True, qos=1)])
    (batch,) = read_log(path)
    assert batch.messages == [("a", b"1", 0b011)]
    assert (batch.first_offset, batch.next_offset, batch.arrival_seconds) == (0, 1, 5.0)


def test_scores_are_written_by_sensor_in_order_of_time(core: Core, tmp_path: Path) -> None:
    """A line a judged row of every group; events a line each."""
    result = replay(core, recorded(tmp_path / "log.jsonl"))
    folder = tmp_path / "deep" / "out"
    assert write_replay(folder, core, result) == 2 * ROWS + 20
    rows = list(csv.DictReader((folder / "scores.csv").read_text().splitlines()))
    assert list(rows[0])[:4] == ["sensor", "time", "score", "p_value"]
    assert list(dict.fromkeys(row["sensor"] for row in rows)) == [*_in_order_of_arrival(), "pair0"]
    for name in BOILERS[:2]:
        times = [float(row["time"]) for row in rows if row["sensor"] == name]
        assert times == pytest.approx(live(BOILERS.index(name), ROWS)[0].tolist(), abs=1e-3)
    events = [json.loads(line) for line in (folder / "episodes.jsonl").read_text().splitlines()]
    assert [event["id"] for event in events] == [event.id for event in result.events]


def test_a_replay_in_which_nothing_was_judged_writes_empty_files(tmp_path: Path) -> None:
    """Without an artifact: the header stands all the same."""
    core = build_core(configured(tmp_path))
    result = replay(core, recorded(tmp_path / "log.jsonl", shift=0.0))
    assert write_replay(tmp_path / "out", core, result) == 0
    assert (tmp_path / "out" / "scores.csv").read_text() == "sensor,time,score,p_value\n"


def _in_order_of_arrival() -> list[str]:
    return sorted(BOILERS[:2], key=lambda name: live(BOILERS.index(name), 1)[0][0])


class Counting(Engine):
    """Remembers the times of ticks."""

    ticks: tuple[float, ...] = ()

    def tick(self, now_seconds: float, act: Act) -> None:
        """Let time pass."""
        self.ticks += (now_seconds,)
        super().tick(now_seconds, act)


def test_time_passes_by_a_clock_that_was_set_back_as_it_did_in_service(tmp_path: Path) -> None:
    """From the mark in the journal on it is what the clock says then."""
    journal = Journal(tmp_path / "journal", JournalSettings())
    for start in (1e9, 1e9 - 3600.0):
        journal.append([LISTENING], start)
        for second in (0.5, 3.5):
            journal.append(
                [("plant/a/pump", b'{"ts": %.1f, "value": 1}' % (start + second), 0)], start + second
            )
    assert journal.close()
    core = build_core(configured(tmp_path / "state"))
    core.engine = engine = Counting(core.pipeline, core.engine.scorer)
    replay(core, tmp_path / "journal")
    assert engine.ticks == (1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 - 3599, 1e9 - 3598, 1e9 - 3597, 1e9 - 3596.5)
