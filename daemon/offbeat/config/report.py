"""What a look at a configuration found: problems and warnings, printed the way compilers print theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from offbeat.config.places import Place

_COLOURS = {"error": "\033[1;31m", "warning": "\033[1;33m", "help": "\033[1;36m"}
_RESET = "\033[0m"
_SECRET_VALUE = re.compile(r"""(?i)\b((?:pass(?!word_file)\w*|secret\w*|token\w*)["']?\s*=\s*)\S.*""")
_URL_USER = re.compile(r"://[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or may be.

    Attributes:
        message: what was found, and what was expected.
        place: where in which file; None where no file is to blame.
        option: dotted path, such as "source[0].topic"; empty where none is at fault.
        help: what to do; may be empty.
    """

    message: str
    place: Place | None = None
    option: str = ""
    help: str = ""
    severity: Literal["error", "warning"] = "error"

    def render(self, *, colour: bool = False) -> str:
        """Return the problem as lines of text without a final line break."""
        lines = [f"{_paint(self.severity, self.severity, colour)}: {self.message}"]
        if self.place is not None:
            lines += self._render_place(self.place, colour)
        if self.help:
            lines.append(f"  = {_paint('help', 'help', colour)}: {self.help}")
        return "\n".join(lines)

    def _render_place(self, place: Place, colour: bool) -> list[str]:
        option = f"  ({self.option})" if self.option else ""
        lines = [f"  --> {place.file}:{place.line}{option}" if place.line else f"  --> {place.file}{option}"]
        if place.text:
            text = without_secrets(place.text)
            # Tabs are kept under the text, so that the caret stands below what it points at.
            indent = "".join("\t" if c == "\t" else " " for c in text[: place.column - 1])
            width = max(1, min(place.width, len(text) - place.column + 1))
            caret = _paint("^" * width, self.severity, colour)
            lines += [f"   | {text}", f"   | {indent}{caret}"]
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON types."""
        place = self.place
        return {
            "severity": self.severity,
            "message": self.message,
            "file": str(place.file) if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "option": self.option or None,
            "help": self.help or None,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found in one look.

    Attributes:
        problems: what forbids a start.
        warnings: what does not.
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = field(default=(), kw_only=True)

    @classmethod
    def of(cls, found: Iterable[Problem], files: Iterable[str] = ()) -> Report:
        """Return a report of findings, in the order of the files' lines."""
        names = tuple(files)
        order = {name: i for i, name in enumerate(names)}

        def place(problem: Problem) -> tuple[int, int, int]:
            at = problem.place
            return (order.get(str(at.file), -1), at.line, at.column) if at else (-1, 0, 0)

        ordered = sorted(dict.fromkeys(found), key=place)
        return cls(
            tuple(p for p in ordered if p.severity == "error"),
            tuple(p for p in ordered if p.severity == "warning"),
            files=names,
        )

    @property
    def ok(self) -> bool:
        """True where nothing forbids a start."""
        return not self.problems

    def render(self, *, colour: bool = False, ending: str = "nothing was started") -> str:
        """Return all findings as text: the problems last, with their count and what comes of them."""
        blocks = [p.render(colour=colour) for p in (*self.warnings, *self.problems)]
        if self.problems:
            count = len(self.problems)
            blocks.append(f"{count} problem{'s' if count > 1 else ''}; {ending}.")
        return "\n\n".join(blocks)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {
            "ok": self.ok,
            "files": list(self.files),
            "problems": [p.to_json() for p in self.problems],
            "warnings": [p.to_json() for p in self.warnings],
        }


def without_secrets(line: str) -> str:
    """Return a line of a configuration without the secrets it should not hold, for reports are logged."""
    return _URL_USER.sub("://***@", _SECRET_VALUE.sub(r"\1***", line))


def _paint(text: str, kind: str, colour: bool) -> str:
    return f"{_COLOURS[kind]}{text}{_RESET}" if colour else text
