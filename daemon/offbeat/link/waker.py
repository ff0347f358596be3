"""A way for any thread to wake the one that waits for a socket."""

from __future__ import annotations

import os
import select
from contextlib import suppress


class Waker:
    """Wakes a thread that polls `fileno`. `wake` may be called from any thread, and again and again."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._descriptor

    def wake(self) -> None:
        """Wake the waiting thread, or make its next wait return at once."""
        # A counter at its limit is readable already.
        with suppress(BlockingIOError):
            os.eventfd_write(self._descriptor, 1)

    def clear(self) -> bool:
        """Forget past wakes; return whether there were any."""
        try:
            return os.eventfd_read(self._descriptor) > 0
        except BlockingIOError:
            return False

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for a wake; return whether one came in time."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.poll(max(0.0, timeout_seconds) * 1000)
        return self.clear()

    def __del__(self) -> None:
        """Give the descriptor back, when nobody is left who could wake somebody else by its number."""
        os.close(self._descriptor)
