"""Names of threads as the system shows them."""

from __future__ import annotations

import threading
from pathlib import Path

from offbeat.observe.thread_names import threads_named


def shown() -> str:
    """Return what `top -H` calls the thread that asks."""
    return Path("/proc/thread-self/comm").read_text().removesuffix("\n")


def named_from_within(name: str) -> str:
    """Return what the system calls a thread of that name, as the thread itself sees it when it begins."""
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(shown()), name=name, daemon=True)
    thread.start()
    thread.join()
    return seen[0]


def test_the_system_knows_a_thread_that_begins_later_by_its_name() -> None:
    """From its first statement on, whoever makes it."""
    with threads_named():
        assert [named_from_within(name) for name in ("a part", "another")] == ["a part", "another"]


def test_the_system_knows_a_thread_that_runs_already_by_its_name_and_the_program_by_its_own() -> None:
    """Logs have a thread before there is a daemon."""
    program, ended = Path("/proc/self/comm").read_text(), threading.Event()
    thread = threading.Thread(target=ended.wait, name="a part", daemon=True)
    thread.start()
    with threads_named():
        assert Path(f"/proc/self/task/{thread.native_id}/comm").read_text() == "a part\n"
        assert Path("/proc/self/comm").read_text() == program
    ended.set()
    thread.join()


def test_a_profiler_that_was_there_first_sees_every_thread() -> None:
    """Names are worth less than what somebody measures just now."""
    seen: list[str] = []
    threading.setprofile(lambda *_: seen.append(threading.current_thread().name))
    try:
        with threads_named():
            named_from_within("measured")
        assert threading.getprofile() is not None
    finally:
        threading.setprofile(None)
    assert "measured" in seen


def test_threads_of_later_are_nobodys_business() -> None:
    """Nothing is left behind in the process."""
    with threads_named():
        pass
    assert threading.getprofile() is None
