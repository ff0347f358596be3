"""Which version of a group's model was put into service when, by whom and why: the last one is the one in service.

The pointer to the current version and the history are one file, so that they cannot tell different things.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, Self

from offbeat.learn import entries

FORMAT = "offbeat-promotions/1"
MOST_KEPT = 200
LATEST = 3
"""Entries whose versions are kept: the daemon's state may still be of one of them, after a rollback or a while down."""

Kind = Literal["promote", "rollback"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """One change of the version in service.

    Attributes:
        version: in service from then on.
        at: when, RFC 3339.
        by: who asked for it.
        why: what for.
        kind: whether it was a step forward or the way back of one.
    """

    version: str
    at: str
    by: str
    why: str
    kind: Kind = "promote"


@dataclass(frozen=True, slots=True)
class Promotions:
    """The history of one group, oldest first."""

    entries: tuple[Promotion, ...] = ()

    def __iter__(self) -> Iterator[Promotion]:
        """Go through it from the oldest on."""
        return iter(self.entries)

    @property
    def current(self) -> str | None:
        """The version in service; None before the first promotion."""
        return self.entries[-1].version if self.entries else None

    @property
    def previous(self) -> str | None:
        """The version that a rollback brings back; None if there is none."""
        line = self._line()
        return line[-2] if len(line) > 1 else None

    @property
    def latest(self) -> frozenset[str]:
        """The version in service and those that were before the last changes, also what was rolled back."""
        return frozenset(one.version for one in self.entries[-LATEST:])

    def and_then(self, promotion: Promotion) -> Promotions:
        """Return the history with one more entry; the oldest are forgotten in the end."""
        return Promotions((*self.entries, promotion)[-MOST_KEPT:])

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        return entries.to_bytes(FORMAT, "promotions", [asdict(one) for one in self.entries])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what `to_bytes` gave.

        Raises:
            ValueError: it is something else; the message says what.
        """
        try:
            made = tuple(Promotion(**one) for one in entries.from_bytes(FORMAT, "promotions", data))
        except (KeyError, TypeError) as error:
            raise ValueError(f"an entry is not as expected: {error}") from error
        if not all(isinstance(value, str) for one in made for value in asdict(one).values()):
            raise ValueError("an entry holds something that is no text")
        return cls(made)

    def _line(self) -> list[str]:
        """Return what was in service and was not rolled back since, oldest first."""
        line: list[str] = []
        for one in self.entries:
            if one.kind == "rollback":
                line = line[:-1]
                if line[-1:] != [one.version]:  # what it went back to is no longer remembered
                    line = [one.version]
            elif line[-1:] != [one.version]:
                line.append(one.version)
        return line
