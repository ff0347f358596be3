"""Who asked for a training, and which groups still have to be trained for it: a wish is kept until it was served."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import msgspec

from offbeat.learn.library import ModelLibrary
from offbeat.storage.atomic_file import write_atomically

_LEFT = ".train-left"
"""In the library: who asked, by the group that still waits for it; gone where all is served."""


class TrainingWishes:
    """The wishes that a daemon took out of its library and has not come to yet.

    The library keeps a wish until no group waits for it any more, and which ones do: a daemon that is stopped or killed
    before leaves just these to its next start. Belongs to the thread that trains.

    Args:
        library: where people leave their wishes; None = there is none, and nobody asks.
    """

    def __init__(self, library: ModelLibrary | None) -> None:
        self._library = library
        self._by: dict[str, str] = {}
        self._is_new = True

    def take(self, groups: Iterable[str]) -> None:
        """Take in who asked since the last call; it is for all of these groups. The first call takes what was left."""
        if self._library is None:
            return
        names = list(groups)
        if by := self._library.take_wish():  # the newest is for all: who left what no longer counts
            self._by |= dict.fromkeys(names, by)
        elif self._is_new:
            self._by = _left(self._library, names)
        else:
            return
        self._is_new = False
        _keep(self._library, self._by)

    def of(self, group: str) -> str:
        """Return who asked for a training of a group that it has not had; empty if nobody did."""
        return self._by.get(group, "")

    def served(self, group: str) -> None:
        """Note that a group had its training, or that there is none to be had."""
        if self._library is not None and self._by.pop(group, None) is not None:
            _keep(self._library, self._by)


def _left(library: ModelLibrary, groups: Iterable[str]) -> dict[str, str]:
    """Return who asked by group, as the daemon before left it; without its word all groups wait for a wish it took."""
    try:
        kept = msgspec.json.decode((library.root / _LEFT).read_bytes(), type=dict[str, str])
        return {group: kept[group] for group in groups if group in kept}
    except (OSError, msgspec.MsgspecError):
        library.renew_wish()
        by = library.take_wish()
        return dict.fromkeys(groups, by) if by else {}


def _keep(library: ModelLibrary, by: dict[str, str]) -> None:
    """Keep who waits for what; where that cannot be written, a daemon that is killed leaves the wish whole."""
    path = library.root / _LEFT
    try:
        if by:
            write_atomically(path, msgspec.json.encode(by))
            return
        path.unlink(missing_ok=True)  # first: a wish without it is for all groups
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    if not by:
        library.wish_is_done()
