"""Server-sent events."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from offbeat.observe.broadcast import MOST_LISTENERS, MOST_WAITING, Broadcast
from offbeat.observe.http import Request


def listen(broadcast: Broadcast) -> Iterator[bytes]:
    """Return what a listener is told from now on."""
    stream = broadcast.page(Request()).stream
    assert stream is not None
    return stream


def test_all_who_listen_are_told() -> None:
    """Each in the order in which it happened."""
    broadcast = Broadcast()
    streams = [listen(broadcast), listen(broadcast)]
    broadcast.tell("episode", b'{"id":1}')
    broadcast.tell("status", b"{}")
    for stream in streams:
        assert next(stream) == b'event: episode\ndata: {"id":1}\n\n'
        assert next(stream) == b"event: status\ndata: {}\n\n"


def test_a_quiet_line_has_a_heartbeat() -> None:
    """A connection that is dead is noticed by writing to it."""
    stream = listen(Broadcast(heartbeat_seconds=0.01))
    assert next(stream) == b": still here\n\n"


def test_a_listener_that_went_away_makes_room() -> None:
    """The server closes its stream."""
    broadcast = Broadcast()
    streams = [listen(broadcast) for _ in range(MOST_LISTENERS)]
    assert broadcast.page(Request()).status is HTTPStatus.SERVICE_UNAVAILABLE
    broadcast.tell("status", b"{}")
    next(streams[0])
    streams[0].close()  # type: ignore[attr-defined] # a generator
    assert broadcast.listeners == MOST_LISTENERS - 1
    assert broadcast.page(Request()).status is HTTPStatus.OK


def test_who_does_not_read_is_let_go_and_holds_nobody_up() -> None:
    """Telling never waits."""
    broadcast = Broadcast()
    slow = listen(broadcast)
    for _ in range(MOST_WAITING + 1):
        broadcast.tell("status", b"{}")
    assert broadcast.listeners == 0
    assert list(slow) == []


def test_closing_ends_all_streams_and_lets_nobody_in() -> None:
    """Also that of a listener with a full queue."""
    broadcast = Broadcast()
    empty, full = listen(broadcast), listen(broadcast)
    for _ in range(MOST_WAITING):
        broadcast.tell("status", b"{}")
    for _ in range(MOST_WAITING):
        next(empty)
    broadcast.close()
    assert list(empty) == []
    assert list(full) == []
    assert broadcast.page(Request()).status is HTTPStatus.SERVICE_UNAVAILABLE
