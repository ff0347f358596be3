"""Reading TOML files: the main one and its `conf.d/*.toml`, merged without silent overrides."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offbeat.config.places import Key, Place, Places
from offbeat.config.report import Problem

_AT = re.compile(
    r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)
_SYNTAX_HELP = {
    "Invalid value": 'text stands in quotes: name = "text"; true and false are lower case',
    "Expected '=' after a key": "an option is written name = value, a table [name]",
    "Cannot overwrite a value": "the option stands twice in this file; keep one of them",
    "Cannot declare": "the table stands twice in this file; join the two, or write [[source]] for a list",
    "Illegal character": "check the quotes: text opens and closes with the same quote, on one line",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read."""

    file: Path
    data: dict[str, Any]
    places: Places


def read_document(file: Path) -> Document | Problem:
    """Return a file's content, or why there is none."""
    try:
        text = file.read_bytes().decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return Problem(
            f"not UTF-8: byte {error.start} of the file is 0x{error.object[error.start]:02x}",
            Place(file),
            help="save the file as UTF-8",
        )
    except FileNotFoundError:
        return Problem("there is no such file", Place(file), help="name the file with --config")
    except OSError as error:
        return unreadable("read the file", file, error)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _syntax_problem(file, text, str(error))
    return Document(file, data, Places(file, text))


def unreadable(what: str, path: Path, error: OSError) -> Problem:
    """Return the problem that a file or folder cannot be read, and what to do where it is closed to the user."""
    asked = "give the command with sudo or as its owner, or name another file with --config"
    helps = asked if isinstance(error, PermissionError) else ""
    return Problem(f"cannot {what}: {error.strerror}", Place(path), help=helps)


def _syntax_problem(file: Path, text: str, message: str) -> Problem:
    lines = text.split("\n")
    match = _AT.match(message)
    what = match["what"] if match else message
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line = max(1, len(text.rstrip("\n").split("\n")))
        column = len(lines[line - 1]) + 1
    hint = next((help_ for start, help_ in _SYNTAX_HELP.items() if what.startswith(start)), "")
    place = Place(file, line, column, 1, lines[line - 1])
    return Problem(f"not valid TOML: {what[:1].lower()}{what[1:]}", place, help=hint)


class Merged:
    """Several documents as one tree, which knows where each option came from.

    Args:
        documents: the main file first; at least one.

    Attributes:
        data: the tree; tables are joined and lists of tables are appended to.
        problems: options that more than one file sets.
    """

    def __init__(self, documents: list[Document]) -> None:
        self.data: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.files = [document.file for document in documents]
        self._origins: dict[Key, tuple[Document, Key]] = {(): (documents[0], ())}
        for document in documents:
            self._merge(self.data, document.data, (), (), document)

    def key_place(self, path: Key) -> Place:
        """Return the place of an option's name in the file that sets it."""
        document, own = self._origin(path)
        return document.places.key(own)

    def value_place(self, path: Key) -> Place:
        """Return the place of an option's value in the file that sets it."""
        document, own = self._origin(path)
        return document.places.value(own)

    def _origin(self, path: Key) -> tuple[Document, Key]:
        head = path
        while head not in self._origins:
            head = head[:-1]
        document, own = self._origins[head]
        return document, own + path[len(head) :]

    def _merge(
        self, into: dict[str, Any], table: dict[str, Any], path: Key, own: Key, document: Document
    ) -> None:
        for name, value in table.items():
            here, there = (*path, name), (*own, name)
            if name not in into:
                into[name] = _copied(value)
                self._origins[here] = (document, there)
            elif isinstance(into[name], dict) and isinstance(value, dict):
                self._merge(into[name], value, here, there, document)
            elif _is_tables(into[name]) and _is_tables(value):
                first = len(into[name])
                into[name] += _copied(value)
                for index in range(len(value)):
                    self._origins[(*here, first + index)] = (document, (*there, index))
            else:
                self._refuse(here, there, document)

    def _refuse(self, here: Key, there: Key, document: Document) -> None:
        earlier = self.key_place(here)
        self.problems.append(
            Problem(
                f'"{there[-1]}" is already set in {earlier.file}:{earlier.line}',
                document.places.key(there),
                dotted(here),
                help="set it in one file only; a later file never overrides an earlier one",
            )
        )


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_copied(part) for part in value]
    return value


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def dotted(path: Key) -> str:
    """Return a path as people write it: source[0].time.field."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
