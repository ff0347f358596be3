"""The daemon's life, without a broker: what needs one is in the integration tests."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.app.service import Service
from offbeat.config.settings import JournalSettings, MetricsSettings, Settings, StateSettings
from offbeat.errors import OffbeatError, UnavailableError
from offbeat.ingest.journal import Journal
from offbeat.publish.event_json import from_json
from offbeat.publish.outbox import Outbox
from offbeat.state.order_book import OrderBook
from offbeat.state.running import FILE, running_on
from offbeat.state.snapshots import SnapshotStore
from offbeat.state.store import FILE as EPISODES
from offbeat.state.store import EpisodeHistory
from tests.support.configured import NOBODY, configured
from tests.support.daemon import Daemon
from tests.support.events import an_event
from tests.support.waiting import wait_until

SHARDS = 3
START = 1_700_000_000.0


def settings(folder: Path, listen: str = "") -> Settings:
    """Return settings of a daemon of three shards."""
    state = StateSettings(directory=folder, shards=SHARDS)
    return configured(folder, state=state, metrics=MetricsSettings(listen=listen))


def record(folder: Path, rows: int = 30) -> int:
    """Write a journal as a daemon left it that was killed; return the offset of its end."""
    journal = Journal(folder / "journal", JournalSettings())
    for i in range(rows):
        payload = b'{"ts": %.1f, "value": %d}' % (START + i, i)
        journal.append([("plant/a/pump", payload, 0)], START + i)
    assert journal.close()
    return journal.next_offset


def test_a_service_that_is_asked_to_stop_leaves_whole_state(tmp_path: Path) -> None:
    """Journal read, a snapshot of every shard at its end, files free for the next one."""
    end = record(tmp_path)
    service = Service(settings(tmp_path))
    service.request_stop()
    service.run()
    store = SnapshotStore(tmp_path / "snapshots")
    found = [store.newest_valid("value", shard) for shard in range(SHARDS)]
    assert [one.offset for one in found if one] == [end] * SHARDS
    assert [sensor for one in found if one for sensor in one.ids] == ["a.pump"]
    again = Service(settings(tmp_path))
    again.request_stop()
    again.run()


def test_by_what_it_runs_is_known_while_it_runs_and_what_keeps_that_from_being_written_stops_nothing(
    tmp_path: Path,
) -> None:
    """The daemon is well without; commands then go by its file."""
    record(tmp_path)
    for is_taken in (False, True):
        if is_taken:
            (tmp_path / FILE).unlink()
            (tmp_path / FILE).mkdir()
        service = Service(settings(tmp_path))
        service.request_stop()
        with capture_logs() as logs:
            service.run()
        warned = [one for one in logs if one["event"] == "commands cannot know by what the daemon runs"]
        assert len(warned) == is_taken
        assert (tmp_path / FILE).is_file() is not is_taken
        assert running_on(tmp_path) is None, "it has ended"


def test_what_people_said_is_obeyed_from_the_start_and_while_the_log_is_played(tmp_path: Path) -> None:
    """A freeze that held when the log was written holds when it is read."""
    record(tmp_path)
    book = OrderBook(tmp_path / "orders.sqlite")
    book.freeze("all", "", START - 1, START + 20)
    book.close()
    service = Service(settings(tmp_path))
    service.request_stop()
    service.run()
    store = SnapshotStore(tmp_path / "snapshots")
    found = [store.newest_valid("value", shard) for shard in range(SHARDS)]
    (gaps,) = (int(one.arrays["cadence.observed"][0]) for one in found if one and one.ids)
    assert 8 <= gaps <= 10, "the gaps of the last ten of thirty seconds"


def test_a_close_that_a_kill_kept_from_its_way_out_is_on_it_after_the_next_start(tmp_path: Path) -> None:
    """The history has it and consumers were told only of the open; nothing else knows of the episode."""
    opened = an_event(sensor="a.pump")
    outbox, history = Outbox(tmp_path / "outbox.sqlite"), EpisodeHistory(tmp_path / EPISODES)
    outbox.add([opened])
    history.record(
        [opened, replace(opened, event="close", updated_at=opened.updated_at + 60, ended_at=START)]
    )
    outbox.close()
    history.close()
    service = Service(settings(tmp_path))
    service.request_stop()
    service.run()
    outbox = Outbox(tmp_path / "outbox.sqlite")
    assert [from_json(one.payload).event for one in outbox.pending(10)] == ["open", "close"]
    outbox.close()


def test_what_nobody_can_look_at_is_not_kept(tmp_path: Path) -> None:
    """Rings of verdicts for charts cost kilobytes a sensor and a copy of every verdict."""
    record(tmp_path)
    for listen in ("", "127.0.0.1:0"):
        service = Service(settings(tmp_path, listen))
        service.request_stop()
        service.run()
        assert (service._live is not None) == (service._web is not None) == bool(listen)


def test_the_signals_are_given_back(tmp_path: Path) -> None:
    """As they were before, whatever way the run ended."""
    asked = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in asked]
    service = Service(settings(tmp_path))
    service.request_stop()
    service.run()
    assert [signal.getsignal(number) for number in asked] == before


def test_a_failing_loop_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    """Nothing is saved of a state that may be half of what was taken in; the journal holds it."""
    record(tmp_path)

    def clock() -> float:
        if threading.current_thread().name == "loop":
            raise OSError("no time")
        return time.time()

    service = Service(settings(tmp_path), clock)
    with pytest.raises(OffbeatError, match=r"the loop failed: OSError\('no time'\)") as failed:
        service.run()
    assert failed.value.exit_code == 1
    assert isinstance(failed.value.__cause__, OSError)
    assert SnapshotStore(tmp_path / "snapshots").generations("value", 0) == []
    again = Service(settings(tmp_path))
    again.request_stop()
    again.run()


def test_a_port_that_is_taken_is_unavailable(tmp_path: Path) -> None:
    """With its name, before any message is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=str(port)):
            Service(settings(tmp_path, f"127.0.0.1:{port}"))


def test_a_state_directory_in_use_is_refused(tmp_path: Path) -> None:
    """Two daemons over one journal would write over each other."""
    journal = Journal(tmp_path / "journal", JournalSettings())
    try:
        with pytest.raises(UnavailableError, match="journal"):
            Service(settings(tmp_path))
    finally:
        journal.close()


def test_the_same_signal_twice_is_no_force(tmp_path: Path) -> None:
    """Supervisors send it to the process and to its group: the way down is walked to its end all the same."""
    config = f'[mqtt]\nurl = "{NOBODY}"\n[[source]]\ntopic = "a/{{sensor}}"\n'
    with Daemon(tmp_path, config, shards=SHARDS) as daemon:
        process = daemon.start(ready=False).process
        assert process is not None
        wait_until(lambda: daemon.get("/-/ready")[0] == 503, 60, "the page that says it is not ready")
        wait_until(
            lambda: "connecting" in daemon.get("/-/ready")[1] or "refused" in daemon.get("/-/ready")[1], 30
        )
        for _ in range(2):
            os.kill(process.pid, signal.SIGTERM)
        assert process.wait(40) == 0, daemon.log()
        assert "stopped" in daemon.log()
        assert SnapshotStore(daemon.state / "snapshots").newest_valid("value", 0) is not None
