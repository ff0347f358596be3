"""The history of episodes."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

from structlog.testing import capture_logs

from offbeat.state.store import FILE, MOST_HELD, EpisodeHistory
from tests.support.disk import log_that_cannot_be_synced, no_file_beyond
from tests.support.events import an_event


def a_history(tmp_path: Path, **arguments: int) -> EpisodeHistory:
    """Return an empty history."""
    return EpisodeHistory(tmp_path / "episodes.sqlite", **arguments)


def test_an_episode_is_followed_from_open_to_close(tmp_path: Path) -> None:
    """One row, with the peak of its scores and the newest sentence."""
    history = a_history(tmp_path)
    history.record([an_event(id="1", event="open", score=1.5, started_at=10.0, updated_at=20.0)])
    assert [episode.id for episode in history.open()] == ["1"]
    history.record(
        [
            an_event(
                id="1", event="update", score=4.0, severity="critical", started_at=10.0, updated_at=30.0
            ),
            an_event(
                id="1",
                event="close",
                score=0.5,
                started_at=10.0,
                updated_at=40.0,
                ended_at=39.0,
                message="Over.",
            ),
        ]
    )
    (episode,) = history.recent()
    assert (episode.opened_at, episode.closed_at, episode.peak_score) == (10.0, 39.0, 4.0)
    assert episode.message == "Over."
    assert history.open() == []
    history.close()


def test_a_snapshot_is_told_whether_the_disk_has_what_was_recorded(tmp_path: Path) -> None:
    """An episode that is open in a snapshot is one of which the history knows; the refusal is said once."""
    history = a_history(tmp_path)
    assert history.sync()
    history.record([an_event()])
    with log_that_cannot_be_synced(tmp_path / "episodes.sqlite"), capture_logs() as logs:
        assert not history.sync()
        assert not history.sync()
        assert (history.degraded, history.safety.counts["failed"]) == (True, 2)
    assert history.sync()
    assert not history.degraded
    assert [entry["event"] for entry in logs] == [
        "a file cannot be made safe against a power cut; no snapshot is written until it can"
    ]
    history.close()


def test_what_cannot_be_written_waits_and_is_written_before_a_snapshot(tmp_path: Path) -> None:
    """Another program holds the file: who records waits for it once; nothing is forgotten, and its order is kept."""
    history = a_history(tmp_path)
    history.record([an_event(id="1", updated_at=10.0, message="It began.")])
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other, capture_logs() as logs:
        other.execute("BEGIN IMMEDIATE")
        assert not history.record([an_event(id="2", updated_at=20.0, message="So did this.")])
        assert not history.record([an_event(id="1", event="close", updated_at=30.0, ended_at=30.0)])
        assert not history.record([an_event(id="2", event="update", updated_at=40.0, message="It goes on.")])
        assert not history.sync()
        assert (history.degraded, [one.id for one in history.open()]) == (True, ["1"])
        other.execute("COMMIT")
    assert history.sync()
    assert (history.degraded, history.lost) == (False, 0)
    assert [(one.id, one.opening, one.message) for one in history.open()] == [
        ("2", "So did this.", "It goes on.")
    ]
    assert history.record([an_event(id="3")])
    assert [(one["event"], one["path"]) for one in logs] == [
        ("the history of episodes cannot be written; what happens waits in memory", str(tmp_path / FILE))
    ]
    history.close()


def test_what_waits_on_a_full_disk_is_written_once_there_is_room_or_at_the_end(tmp_path: Path) -> None:
    """The last chance is the way down."""
    history = a_history(tmp_path)
    for id in ("1", "2"):
        size = max(path.stat().st_size for path in tmp_path.iterdir())
        with no_file_beyond(size):
            assert not history.record([an_event(id=id, message="x" * 20_000)])
            assert not history.sync()
        if id == "1":
            assert history.sync()
    history.close()
    again = a_history(tmp_path)
    assert {one.id for one in again.recent()} == {"1", "2"}
    again.close()


def test_no_more_waits_than_memory_is_for_and_what_is_lost_is_counted(tmp_path: Path) -> None:
    """The oldest goes first, and it is said once."""
    history = a_history(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other, capture_logs() as logs:
        other.execute("BEGIN IMMEDIATE")
        for id in ("first", "second"):
            history.record([an_event(id=id)])
        history.record(
            [an_event(id="many", event="update", updated_at=float(i)) for i in range(MOST_HELD - 1)]
        )
        history.record([an_event(id="last")])
        other.execute("COMMIT")
    assert history.sync()
    assert history.lost == 2
    assert {one.id for one in history.recent()} == {"many", "last"}
    assert [one["event"] for one in logs][1:] == [
        "too much waits for the history of episodes; the oldest is lost"
    ]
    history.close()


def test_recording_a_replay_again_changes_nothing(tmp_path: Path) -> None:
    """Old transitions neither reopen an episode nor take its sentence back."""
    history = a_history(tmp_path)
    events = [
        an_event(id="1", event="open", updated_at=20.0, message="Opened."),
        an_event(id="1", event="close", updated_at=40.0, ended_at=40.0, message="Over."),
    ]
    history.record(events)
    before = history.recent()
    history.record(events[:1])
    history.record(events)
    assert history.recent() == before
    history.close()


def test_recent_is_newest_first_and_by_sensor(tmp_path: Path) -> None:
    """Limited as asked."""
    history = a_history(tmp_path)
    history.record([an_event(id=str(i), sensor=f"s{i % 2}", started_at=float(i)) for i in range(10)])
    assert [e.id for e in history.recent(3)] == ["9", "8", "7"]
    assert [e.id for e in history.recent(2, sensor="s0")] == ["8", "6"]
    history.close()


def test_a_score_that_is_no_number_is_no_peak(tmp_path: Path) -> None:
    """And does not hide a later one."""
    history = a_history(tmp_path)
    history.record([an_event(id="1", score=math.nan)])
    assert history.recent()[0].peak_score is None
    history.record([an_event(id="1", event="update", score=2.0, updated_at=1_700_000_100.0)])
    assert history.recent()[0].peak_score == 2.0
    history.close()


def test_the_history_survives_a_restart(tmp_path: Path) -> None:
    """What was recorded is there again."""
    history = a_history(tmp_path)
    history.record([an_event(id="1")])
    history.close()
    again = a_history(tmp_path)
    assert [e.id for e in again.recent()] == ["1"]
    again.close()


def test_old_closed_episodes_go_and_open_ones_stay(tmp_path: Path) -> None:
    """The history is bounded."""
    history = a_history(tmp_path, max_episodes=10)
    history.record([an_event(id="open", started_at=0.0)])
    history.record(
        [
            an_event(id=str(i), event="close", started_at=1.0 + i, updated_at=2.0 + i, ended_at=2.0 + i)
            for i in range(1100)
        ]
    )
    found = history.recent(10_000)
    assert len(found) == 11
    assert found[-1].id == "open"
    history.close()


def test_a_damaged_history_does_not_stop_the_daemon(tmp_path: Path) -> None:
    """It is put aside and begun anew."""
    (tmp_path / "episodes.sqlite").write_bytes(b"no database at all" * 100)
    history = a_history(tmp_path)
    assert history.record([an_event(id="1")])
    assert history.quarantined == 1
    assert (tmp_path / "episodes.sqlite.bad").exists()
    history.close()


def test_why_an_episode_is_open_is_what_its_loudest_event_says(tmp_path: Path) -> None:
    """Shares of channels and loud streams; the kind, which may change, is that of the newest."""
    history = a_history(tmp_path)
    history.record([an_event(id="1", kind="spike", contributions={"a": 1.0}, streams={"jump": 6.0})])
    later = {
        "kind": "level",
        "contributions": {"a": 0.25, "b": 0.75},
        "streams": {"level": 7.5, "x": math.nan},
    }
    history.record([an_event(id="1", event="update", updated_at=1_700_000_090.0, score=3.0, **later)])
    fading = {"kind": "level", "contributions": {"b": 1.0}, "streams": {"level": 4.5}}
    history.record([an_event(id="1", event="update", updated_at=1_700_000_190.0, score=3.0, **fading)])
    (episode,) = history.open()
    assert (episode.kind, episode.contributions, episode.streams) == (
        "level",
        {"a": 0.25, "b": 0.75},
        {"level": 7.5},
    )
    history.close()


def test_what_was_strange_is_known_when_it_is_over(tmp_path: Path) -> None:
    """The sentence of the opening, and the streams of when it was loudest: the close tells of calm readings."""
    history = a_history(tmp_path)
    history.record(
        [
            an_event(id="1", event="open", updated_at=20.0, message="Reads 9.", streams={"level": 9.5}),
            an_event(
                id="1", event="close", updated_at=40.0, ended_at=40.0, score=2.0, message="Back.",
                streams={"level": 0.2}, contributions={"other": 1.0},
            ),
        ]
    )  # fmt: skip
    (episode,) = history.recent()
    assert (episode.opening, episode.message) == ("Reads 9.", "Back.")
    assert (episode.streams, episode.contributions) == ({"level": 9.5}, {"value": 1.0})
    history.close()


def test_a_history_of_the_release_before_is_kept(tmp_path: Path) -> None:
    """Without the sentences of the opening, which it did not have; also where a command is the first to open it."""
    with sqlite3.connect(tmp_path / "episodes.sqlite") as before:
        before.execute(
            "CREATE TABLE episode (id TEXT PRIMARY KEY, sensor TEXT NOT NULL, family TEXT NOT NULL, "
            "kind TEXT NOT NULL, severity TEXT NOT NULL, opened_at REAL NOT NULL, updated_at REAL NOT NULL, "
            "closed_at REAL, peak_score REAL, message TEXT NOT NULL, contributions TEXT NOT NULL, "
            "streams TEXT NOT NULL)"
        )
        before.execute(
            "INSERT INTO episode VALUES ('1', 'pump', 'process', 'value', 'warning', 1, 2, NULL, 3, 'Old.', '{}', '{}')"
        )
        before.execute("PRAGMA user_version=2")
    before.close()
    EpisodeHistory(tmp_path / "episodes.sqlite", visiting=True).close()
    history = a_history(tmp_path)
    history.record([an_event(id="1", event="close", updated_at=40.0, ended_at=40.0, message="Back.")])
    history.record([an_event(id="2", event="open", message="New.")])
    assert [(one.id, one.opening) for one in history.recent()] == [("2", "New."), ("1", None)]
    assert history.quarantined == 0
    history.close()


def test_which_of_some_episodes_have_closed(tmp_path: Path) -> None:
    """And when; of those that are open, or nobody knows, nothing."""
    history = a_history(tmp_path)
    for name in ("1", "2"):
        history.record([an_event(id=name, event="open", updated_at=20.0)])
    history.record([an_event(id="2", event="close", updated_at=40.0, ended_at=39.0)])
    assert history.closed(["1", "2", "3"]) == {"2": 39.0}
    assert history.closed([]) == {}
    history.close()
