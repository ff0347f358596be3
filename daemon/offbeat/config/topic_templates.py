"""The syntax of topic templates: MQTT filters whose wildcards have names.

`plant/{line}/+/{metric...}` subscribes to `plant/+/+/#` and captures `line` and `metric`. A capture takes a
whole level; `{name...}` takes the rest of the topic and stands last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CAPTURE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_TOPIC_BYTES = 65_535
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\ufffe\uffff\u2028\u2029]")
"""Control characters, halves of characters, and the mark of bytes that were no text."""


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """A template taken apart.

    Attributes:
        levels: literal text, "+" or "#" by level: the filter to subscribe to.
        captures: (name, index of its level) in order of appearance.
    """

    levels: tuple[str, ...]
    captures: tuple[tuple[str, int], ...]

    @property
    def filter(self) -> str:
        """The MQTT topic filter to subscribe to."""
        return "/".join(self.levels)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the captures."""
        return tuple(name for name, _ in self.captures)


def parse_topic_template(text: str) -> TopicTemplate:
    """Return a template taken apart.

    Raises:
        ValueError: it is not a template; the message names the level at fault.
    """
    if not text:
        raise ValueError('the topic is empty; write one such as "plant/{line}/{sensor}/state"')
    if _UNFIT.search(text) or len(text.encode()) > _MAX_TOPIC_BYTES:
        raise ValueError("a topic holds no control characters and at most 65,535 bytes")
    if text.startswith("$share/"):
        raise ValueError(
            "a shared subscription deals a sensor's readings out among its subscribers, breaking windows; "
            'give each daemon topics of its own, such as "plant/line1/#"'
        )
    levels: list[str] = []
    captures: list[tuple[str, int]] = []
    parts = text.split("/")
    for index, part in enumerate(parts):
        wildcard, name = _parse_level(part, last=index == len(parts) - 1)
        if name is not None:
            if name in dict(captures):
                raise ValueError(f'the capture "{{{name}}}" appears twice; give each level a name of its own')
            captures.append((name, index))
        levels.append(wildcard)
    return TopicTemplate(tuple(levels), tuple(captures))


def _parse_level(part: str, *, last: bool) -> tuple[str, str | None]:
    if part == "#" and not last:
        raise ValueError('"#" takes the rest of a topic and can only stand last')
    if part in ("+", "#"):
        return part, None
    if match := _CAPTURE.fullmatch(part):
        return _parse_capture(match[1], last=last)
    if "{" in part or "}" in part:
        raise ValueError(f'a capture takes a whole level between slashes, unlike "{part}"')
    if "+" in part or "#" in part:
        raise ValueError(f'a wildcard takes a whole level between slashes, unlike "{part}"')
    return part, None


def _parse_capture(inside: str, *, last: bool) -> tuple[str, str]:
    tail = inside.endswith("...")
    name = inside.removesuffix("...")
    if not name:
        raise ValueError('a capture needs a name, such as "{sensor}"; "+" matches a level without naming it')
    if not _NAME.fullmatch(name):
        raise ValueError(f'"{name}" cannot name a capture; use letters, digits and underscores')
    if tail and not last:
        raise ValueError(f'"{{{name}...}}" takes the rest of a topic and can only stand last')
    return ("#" if tail else "+"), name


def names_in(id_template: str) -> tuple[str, ...]:
    """Return the names that an id template such as "{line}.{sensor}" uses.

    Raises:
        ValueError: a brace is not closed or a name is empty.
    """
    rest = _CAPTURE.sub("", id_template)
    if "{" in rest or "}" in rest:
        raise ValueError(f'a brace in "{id_template}" has no partner')
    names = tuple(name.removesuffix("...") for name in _CAPTURE.findall(id_template))
    if "" in names:
        raise ValueError(f'"{{}}" in "{id_template}" names no capture')
    return names


def filters_overlap(first: str, second: str) -> bool:
    """Return True where some topic matches both filters."""
    return _levels_overlap(tuple(first.split("/")), tuple(second.split("/")), start=True)


def _levels_overlap(first: tuple[str, ...], second: tuple[str, ...], *, start: bool) -> bool:
    if (first and first[0] == "#") or (second and second[0] == "#"):
        other = second if first and first[0] == "#" else first
        # A wildcard in the first level never matches a topic that begins with "$".
        return not (start and other and other[0].startswith("$"))
    if not first or not second:
        # "a/#" matches "a" itself.
        return (not first and not second) or (first or second) == ("#",)
    a, b = first[0], second[0]
    if (
        a == b
        or (a == "+" and not (start and b.startswith("$")))
        or (b == "+" and not (start and a.startswith("$")))
    ):
        return _levels_overlap(first[1:], second[1:], start=False)
    return False
