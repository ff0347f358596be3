"""Names of threads as the system shows them."""

from __future__ import annotations

import threading
from pathlib import Path

from offbeat.observe.thread_names import name_threads


def test_the_system_knows_a_thread_by_its_name_and_the_program_by_its_own() -> None:
    """What `top -H` shows."""
    program, ended = Path("/proc/self/comm").read_text(), threading.Event()
    thread = threading.Thread(target=ended.wait, name="a part")
    thread.start()
    name_threads()
    assert Path(f"/proc/self/task/{thread.native_id}/comm").read_text() == "a part\n"
    assert Path("/proc/self/comm").read_text() == program
    ended.set()
    thread.join()
