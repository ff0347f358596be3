"""Which topics a session at the broker holds: it keeps what was subscribed once, whatever is wanted today.

A daemon that was stopped, given other topics and started again would else get the old ones for ever.
"""

from __future__ import annotations

import json
from pathlib import Path

import structlog

from offbeat.ingest.wish import Wish
from offbeat.storage.atomic_file import write_atomically

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class HeldTopics:
    """A small file that remembers it over restarts. Used by the reader's thread.

    Args:
        path: of the file, in a folder that is there when the first connection is made; None remembers for as long as
            the process lives.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._session = ""
        self._filters: frozenset[str] = frozenset()
        if path is not None:
            self._read(path)

    def begin(self, wish: Wish) -> frozenset[str]:
        """Return the filters that a wish's session may hold from before, and note that it will hold those wanted now.

        Nothing is held where the broker keeps no session.
        """
        if not wish.settings.persistent_session:
            return frozenset()
        held = self._filters if wish.session == self._session else frozenset()
        self._note(wish.session, held | wish.filters)
        return held

    def settled(self, wish: Wish) -> None:
        """Note that the session holds what is wanted and nothing else: the broker has said so."""
        if wish.settings.persistent_session:
            self._note(wish.session, wish.filters)

    def _note(self, session: str, filters: frozenset[str]) -> None:
        if (session, filters) == (self._session, self._filters):
            return
        self._session, self._filters = session, filters
        if self._path is None:
            return
        text = json.dumps({"session": session, "filters": sorted(filters)}, ensure_ascii=False)
        try:
            write_atomically(self._path, text.encode("utf-8", "replace"))
        except OSError as error:
            # It costs messages that nobody wants, no others.
            _log.warning(
                "what is subscribed could not be written down", path=str(self._path), reason=str(error)
            )

    def _read(self, path: Path) -> None:
        try:
            known = json.loads(path.read_bytes())
            self._session, self._filters = str(known["session"]), frozenset(map(str, known["filters"]))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.warning("what was subscribed before cannot be read", path=str(path), reason=str(error))
