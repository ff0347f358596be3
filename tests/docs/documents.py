"""The documents of the tree, and the parts of them that tests look at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
"""Every document for people, those that are generated included."""

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: where it stands, its language, its text without the indentation."""

    where: str
    language: str
    text: str


def blocks(document: Path, language: str) -> list[Block]:
    """Return the fenced blocks of a language in a document."""
    text = document.read_text()
    found = []
    for match in _FENCED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        inner = "\n".join(part.removeprefix(match[1]) for part in match[3].splitlines())
        found.append(Block(f"{document.relative_to(ROOT)}:{line}", match[2], inner))
    return [block for block in found if block.language == language]


def prose(document: Path) -> str:
    """Return a document without its fenced blocks."""
    return _FENCED.sub("", document.read_text())
