"""Where each option stands in a TOML text: line, column and width of its key and of its value.

`tomllib` gives values without positions. This walks a text that tomllib has accepted, so it trusts its form.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

Key = tuple[str | int, ...]
"""Path of an option: names of tables and keys, indexes in arrays."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of one line of a file.

    Attributes:
        line: counted from 1; 0 for the file as a whole.
        column: counted from 1.
        width: characters to underline.
        text: the whole line.
    """

    file: Path
    line: int = 0
    column: int = 1
    width: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an option's key and value stand; for a table both are its header."""

    key: Place
    value: Place


class Places:
    """The place of each option of one file.

    Args:
        file: for the places; it is not read.
        text: TOML that tomllib accepts.
    """

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self._text = text
        self._lines = text.split("\n")
        self._spots: dict[Key, Spot] = {}
        self._arrays: dict[Key, int] = {}
        self._walk()

    def key(self, path: Key) -> Place:
        """Return the place of an option's name, or that of the nearest table around it."""
        return self._nearest(path).key

    def value(self, path: Key) -> Place:
        """Return the place of an option's value, or that of the nearest table around it."""
        return self._nearest(path).value

    def has(self, path: Key) -> bool:
        """Return True where the option itself is written in the file."""
        return path in self._spots

    def at(self, line: int, column: int, width: int = 1) -> Place:
        """Return a place by its line and column, counted from 1."""
        text = self._lines[line - 1].rstrip("\r") if 0 < line <= len(self._lines) else ""
        return Place(self.file, line, column, width, text)

    def _nearest(self, path: Key) -> Spot:
        while path and path not in self._spots:
            path = path[:-1]
        whole = Place(self.file)
        return self._spots.get(path, Spot(whole, whole))

    def _place(self, start: int, end: int) -> Place:
        line = self._text.count("\n", 0, start)
        begin = self._text.rfind("\n", 0, start) + 1
        text = self._lines[line].rstrip("\r")
        width = min(end, begin + len(text)) - start
        return Place(self.file, line + 1, start - begin + 1, max(1, width), text)

    def _skip_blank(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        return match.end() if match else at

    def _walk(self) -> None:
        at = self._skip_blank(0)
        table: Key = ()
        while at < len(self._text):
            if self._text[at] == "[":
                table, at = self._read_header(at)
            else:
                at = self._read_pair(table, at)
            at = self._skip_blank(at)

    def _read_header(self, at: int) -> tuple[Key, int]:
        start, array = at, self._text.startswith("[[", at)
        names, at = self._read_key(self._skip_blank(at + (2 if array else 1)))
        end = self._text.index("]", at) + (2 if array else 1)
        path: Key = ()
        for name in names[:-1]:
            path = self._inside((*path, name))
        path = (*path, names[-1])
        if array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            spot = self._spots.setdefault(path, self._spot(start, end))
            path = (*path, self._arrays[path])
            spot = self._spot(start, end)
        else:
            spot = self._spot(start, end)
        self._spots[path] = spot
        return path, end

    def _inside(self, path: Key) -> Key:
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _spot(self, start: int, end: int) -> Spot:
        place = self._place(start, end)
        return Spot(place, place)

    def _read_key(self, at: int) -> tuple[tuple[str, ...], int]:
        names: list[str] = []
        while match := _KEY.match(self._text, at):
            name = match[0]
            names.append(str(tomllib.loads(f"k = {name}")["k"]) if name[0] in "\"'" else name)
            at = match.end()
            if not (dot := _DOT.match(self._text, at)):
                break
            at = dot.end()
        return tuple(names), at

    def _read_pair(self, table: Key, at: int) -> int:
        start = at
        names, at = self._read_key(at)
        key = self._place(start, at)
        at = self._skip_blank(self._text.index("=", at) + 1)
        path: Key = (*table, *names)
        for depth in range(1, len(names)):
            self._spots.setdefault((*table, *names[:depth]), Spot(key, key))
        return self._read_value(path, key, at)

    def _read_value(self, path: Key, key: Place | None, at: int) -> int:
        start = at
        # Entered before its parts, so that a part is never nearer than its whole.
        self._spots[path] = Spot(key or self._place(start, start + 1), self._place(start, start + 1))
        if self._text[at] == "[":
            at = self._read_array(path, at + 1)
        elif self._text[at] == "{":
            at = self._read_inline_table(path, at + 1)
        else:
            match = _STRING.match(self._text, at) or _SCALAR.match(self._text, at)
            at = match.end() if match else at + 1
            at -= len(self._text[start:at]) - len(self._text[start:at].rstrip())
        value = self._place(start, at)
        self._spots[path] = Spot(key or value, value)
        return at

    def _read_array(self, path: Key, at: int) -> int:
        index, at = 0, self._skip_blank(at)
        while self._text[at] != "]":
            at = self._skip_blank(self._read_value((*path, index), None, at))
            index += 1
            if self._text[at] == ",":
                at = self._skip_blank(at + 1)
        return at + 1

    def _read_inline_table(self, path: Key, at: int) -> int:
        at = self._skip_blank(at)
        while self._text[at] != "}":
            at = self._skip_blank(self._read_pair(path, at))
            if self._text[at] == ",":
                at = self._skip_blank(at + 1)
        return at + 1


def underline(place: Place, offset: int, width: int) -> Place:
    """Return the part of a place that begins `offset` characters into it."""
    return replace(place, column=place.column + offset, width=width)
