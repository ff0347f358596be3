"""Names of threads where the system shows them: `top -H` and `ps -L` tell which part is busy, or hangs."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path


def name_threads() -> None:
    """Tell the system the name of each thread that runs, as Python does by itself from 3.14 on.

    The first thread keeps the program's name; the system cuts names after fifteen characters. Where it takes none,
    nothing is said: no part depends on it.
    """
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            with suppress(OSError):
                Path(f"/proc/self/task/{thread.native_id}/comm").write_text(thread.name)
