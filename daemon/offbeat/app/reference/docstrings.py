"""What the docstring of a class says: about itself, and about each of its attributes."""

from __future__ import annotations

import inspect
import re

_ENTRY = re.compile(r" {4}(\w+): (.*)")


def summary_of(described: type) -> str:
    """Return what stands before the sections of a docstring, as one paragraph."""
    text = inspect.getdoc(described) or ""
    return " ".join(text.split("\n\nAttributes:\n")[0].split())


def attributes_of(described: type) -> dict[str, str]:
    """Return what the section "Attributes" says of each, on one line.

    Lines that are indented further than an entry go on with it; the section ends with an empty line.
    """
    section = (inspect.getdoc(described) or "").partition("\nAttributes:\n")[2].split("\n\n")[0]
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if match := _ENTRY.fullmatch(line):
            name, found[match[1]] = match[1], match[2]
        elif name:
            found[name] += " " + line.strip()
    return found
