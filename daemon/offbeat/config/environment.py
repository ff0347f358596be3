"""`${NAME}` in values: replaced by the environment's NAME; `$${` stands for a plain `${`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from offbeat.config.guess import did_you_mean
from offbeat.config.places import Key

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def expand(tree: Any, variables: Mapping[str, str], path: Key = ()) -> Iterator[tuple[Key, str]]:
    """Replace references in all text of a tree, in place.

    Args:
        tree: tables and lists as TOML gives them.
        variables: the environment.
        path: of the tree itself.

    Yields:
        the path and what is wrong, for each reference that has no value; its text stays as it is.
    """
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in list(parts):
        here = (*path, name)
        if isinstance(value, str):
            try:
                tree[name] = _expand_text(value, variables)
            except ValueError as error:
                yield here, str(error)
        else:
            yield from expand(value, variables, here)


def _expand_text(text: str, variables: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if not _NAME.fullmatch(name) or not match[0].endswith("}"):
            raise ValueError(
                f'"{match[0]}" is not a reference to the environment; '
                'write "${NAME}", or "$${" for a plain "${"'
            )
        if name not in variables:
            guess = did_you_mean(name, variables)
            raise ValueError(f"the environment variable {name} is not set{guess}")
        return variables[name]

    return _REFERENCE.sub(replace, text)
