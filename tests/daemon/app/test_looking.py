"""Looking again and again: what goes wrong is said once, and ends nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from structlog.testing import capture_logs

from offbeat.app.looking import look_until


def test_what_goes_wrong_again_and_again_is_said_when_it_begins_or_is_something_else() -> None:
    """And once more where it had been well in between."""
    stopping, script = threading.Event(), iter(["a", "a", "b", "", "b"])
    with capture_logs() as logs:
        look_until(stopping, 0.0, lambda: look(script, stopping), "it went wrong")
    assert [(one["event"], one["reason"]) for one in logs] == [
        ("it went wrong", "ValueError('a')"),
        ("it went wrong", "ValueError('b')"),
        ("it went wrong", "ValueError('b')"),
    ]


def test_who_is_told_to_stop_looks_no_more() -> None:
    """Not once."""
    stopping, looks = threading.Event(), []
    stopping.set()
    look_until(stopping, 0.0, lambda: looks.append("a look"), "it went wrong")
    assert looks == []


def look(script: Iterator[str], stopping: threading.Event) -> None:
    """Go wrong as the script says; empty = all is well. At its end, stop."""
    trouble = next(script, None)
    if trouble is None:
        stopping.set()
    elif trouble:
        raise ValueError(trouble)
