"""The table of threads in the architecture names the threads that the daemon makes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.docs.documents import ROOT

SHOWN = 15
"""Characters of a thread's name that Linux keeps."""


def documented() -> set[str]:
    """Return the first column of the table."""
    section = (ROOT / "docs" / "architecture.md").read_text().split("## Threads and who owns what\n")[1]
    table = section.split("\n## ")[0]
    return set(re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)) - {"thread"}


def made() -> Iterator[tuple[str, str]]:
    """Yield where each thread of the daemon is made, and its name; an empty one where it has none."""
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("threading.Thread", "Thread"):
                names = [word.value for word in node.keywords if word.arg == "name"]
                [name] = names or [ast.Constant("")]
                yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.literal_eval(name)


def test_every_thread_is_in_the_table_and_every_row_of_it_is_a_thread() -> None:
    """Whoever sees a name in `top` finds it there."""
    assert {name for _, name in made() if name} == documented()


def test_every_thread_has_a_name_that_the_system_shows_whole() -> None:
    """One without, or one that is cut, could not be looked up."""
    wrong = [where for where, name in made() if not 0 < len(name) <= SHOWN]
    assert wrong == []
