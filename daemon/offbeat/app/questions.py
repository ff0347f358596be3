"""Questions of other threads about run-time state, answered by the loop between two batches.

The loop alone writes the state, so only there nothing changes while one looks at it. An answer copies what it needs
and is quick: making text of it is the asking thread's work.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from offbeat.errors import UnavailableError

T = TypeVar("T")

PATIENCE_SECONDS = 3.0
MOST_WAITING = 64


class Questions:
    """A short queue of questions.

    Args:
        wake: called when one is waiting; ends the loop's wait.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: queue.Queue[tuple[Callable[[], object], Future[object]]] = queue.Queue(MOST_WAITING)

    def ask(self, question: Callable[[], T], patience_seconds: float = PATIENCE_SECONDS) -> T:
        """Return what `question` returns when the loop calls it; what it raises is raised.

        Raises:
            UnavailableError: the loop did not come to it in time, and never will.
        """
        answer: Future[T] = Future()
        try:
            self._waiting.put_nowait((question, answer))  # type: ignore[arg-type] # of one T each, which a queue cannot say
        except queue.Full:
            raise UnavailableError(f"{MOST_WAITING} questions wait already: ask again in a moment") from None
        self._wake()
        try:
            return answer.result(patience_seconds)
        except FutureTimeoutError:
            if not answer.cancel():
                return answer.result()  # it has begun: whoever is told that it failed would be told wrong
            raise UnavailableError(
                f"the daemon did not come to it within {patience_seconds:g} s: it is starting, stopping or overloaded"
            ) from None

    def answer_all(self) -> None:
        """Answer what is waiting; called by the loop."""
        while True:
            try:
                question, answer = self._waiting.get_nowait()
            except queue.Empty:
                return
            if not answer.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001 - it is the asking thread's, and no end of the loop
                answer.set_exception(error)
