"""Who asked for a training, and which groups still have to be trained for it: a wish is kept until it was served."""

from __future__ import annotations

from collections.abc import Iterable

from offbeat.learn.library import ModelLibrary


class TrainingWishes:
    """The wishes that a daemon took out of its library and has not come to yet.

    The library keeps a wish until no group waits for it any more: a daemon that is killed before asks itself again at
    its next start. Belongs to the thread that trains.

    Args:
        library: where people leave their wishes; None = there is none, and nobody asks.
    """

    def __init__(self, library: ModelLibrary | None) -> None:
        self._library = library
        self._by: dict[str, str] = {}
        if library is not None:
            library.renew_wish()  # a daemon that was killed may have left one

    def take(self, groups: Iterable[str]) -> None:
        """Take in who asked since the last call; it is for all of these groups."""
        if self._library is not None and (by := self._library.take_wish()):
            self._by |= dict.fromkeys(groups, by)
            self._forget_served()

    def of(self, group: str) -> str:
        """Return who asked for a training of a group that it has not had; empty if nobody did."""
        return self._by.get(group, "")

    def served(self, group: str) -> None:
        """Note that a group had its training, or that there is none to be had."""
        if self._by.pop(group, None) is not None:
            self._forget_served()

    def leave(self) -> None:
        """Leave what was not served to the next daemon."""
        if self._library is not None and self._by:
            self._library.renew_wish()

    def _forget_served(self) -> None:
        if self._library is not None and not self._by:
            self._library.wish_is_done()
