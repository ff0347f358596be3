"""Parameters of the JSON API: what they may be, how they are read, and how they are documented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MOST_OFFSET = 10_000_000


class BadRequestError(ValueError):
    """A query has a parameter that cannot be used; the message says which and what it may be."""


class Parameter(Protocol):
    """One parameter of a query string."""

    @property
    def name(self) -> str:
        """As it is written."""
        ...

    @property
    def about(self) -> str:
        """One sentence for the document."""
        ...

    @property
    def default(self) -> Any:
        """What counts without it."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        ...

    def read(self, text: str) -> Any:
        """Return its value.

        Raises:
            BadRequestError: it cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""

    name: str
    about: str
    default: str | None = None

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string"} | ({} if self.default is None else {"default": self.default})

    def read(self, text: str) -> str:
        """Return the text as it is."""
        return text


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from 0 to a bound."""

    name: str
    about: str
    default: int
    most: int

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "integer", "minimum": 0, "maximum": self.most, "default": self.default}

    def read(self, text: str) -> int:
        """Return the number."""
        # More digits than the bound has are no number to convert first.
        short = len(text) <= len(str(self.most))
        if not (short and text.isascii() and text.isdigit()) or int(text) > self.most:
            raise BadRequestError(f"{self.name} is {text!r}, expected a whole number 0..{self.most}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words, by default the first."""

    name: str
    about: str
    words: tuple[str, ...]

    @property
    def default(self) -> str:
        """The first."""
        return self.words[0]

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "enum": list(self.words), "default": self.default}

    def read(self, text: str) -> str:
        """Return the word."""
        if text not in self.words:
            raise BadRequestError(f"{self.name} is {text!r}, expected {' or '.join(self.words)}")
        return text


@dataclass(frozen=True, slots=True)
class Flag:
    """0 or 1, by default 0."""

    name: str
    about: str
    default: bool = False

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "enum": ["0", "1"], "default": "0"}

    def read(self, text: str) -> bool:
        """Return whether it is set."""
        if text not in ("0", "1"):
            raise BadRequestError(f"{self.name} is {text!r}, expected 0 or 1")
        return text == "1"


def read_query(parameters: Sequence[Parameter], query: Mapping[str, str]) -> dict[str, Any]:
    """Return the value of every parameter by name.

    Raises:
        BadRequestError: one cannot be used, or there is no such parameter.
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name in query:
        if name not in known:
            expected = " or ".join(known) if known else "none here"
            raise BadRequestError(f"there is no parameter {name!r}, expected {expected}")
    return {
        name: parameter.read(query[name]) if name in query else parameter.default
        for name, parameter in known.items()
    }
