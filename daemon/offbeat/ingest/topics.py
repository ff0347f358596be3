"""Topic templates: which topics a source subscribes to, and which sensor a topic names.

plant/{line}/{sensor}/state   ->  filter plant/+/+/state, sensor "<line>.<sensor>"
site/+/{metric...}            ->  filter site/+/#,        sensor "<the rest, joined by dots>"
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from offbeat.config.settings import SourceSettings
from offbeat.config.topic_templates import names_in, parse_topic_template
from offbeat.core.ledger import Drop
from offbeat.errors import ConfigError

MAX_ID_BYTES = 200
_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?:\.\.\.)?\}")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\ufffe\uffff\u2028\u2029]")
"""Control characters, halves of characters, and the mark of bytes that were no text."""


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """A topic with captures.

    Attributes:
        text: as it was written.
        filter: the MQTT topic filter.
        captures: names of the captures, in order.
        pattern: matches the topics of the filter; one group a capture.
    """

    text: str
    filter: str
    captures: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> TopicTemplate:
        """Read a template.

        Raises:
            ConfigError: the text is no template; the message says what is wrong with it.
        """
        try:
            parsed = parse_topic_template(text)
        except ValueError as error:
            raise ConfigError(f'the topic "{text}" cannot be used: {error}') from None
        pattern = _pattern(parsed.levels, {index for _, index in parsed.captures})
        return cls(text, parsed.filter, parsed.names, re.compile(pattern))

    def match(self, topic: str) -> tuple[str, ...] | None:
        """Return what the captures caught, or None if the topic is another one."""
        found = self.pattern.fullmatch(topic)
        return None if found is None else tuple(group or "" for group in found.groups())


class SensorNaming:
    """Makes the id of a sensor from what a topic's captures caught.

    Args:
        template: where the captures are from.
        id_template: text with "{capture}" in it; without it the captures are joined by dots, and where there
            are none the id is the whole topic with dots.

    Raises:
        ConfigError: the id template names a capture that the topic does not have.
    """

    def __init__(self, template: TopicTemplate, id_template: str | None) -> None:
        self._captures = template.captures
        self._text = id_template
        if id_template is None:
            return
        try:
            unknown = [name for name in names_in(id_template) if name not in template.captures]
        except ValueError as error:
            raise ConfigError(f'the id "{id_template}" cannot be used: {error}') from None
        if unknown:
            known = ", ".join("{" + name + "}" for name in template.captures) or "none"
            raise ConfigError(
                f'the id "{id_template}" names {{{unknown[0]}}}, but the captures of its topic "{template.text}" '
                f"are: {known}. Name one of these, or add the capture to the topic"
            )

    def name(self, topic: str, caught: tuple[str, ...]) -> str | None:
        """Return the sensor's id, or None if the topic gives none that may be used."""
        values = [part.replace("/", ".") for part in caught]
        if self._text is not None:
            by_name = dict(zip(self._captures, values, strict=True))
            name = _CAPTURE.sub(lambda found: by_name[found[1]], self._text)
        else:
            name = ".".join(values) if values else topic.replace("/", ".")
        return name if all(values) and is_sensor_id(name) else None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to ask the broker for.

    Attributes:
        filter: the topic filter.
        qos: the highest quality of service wanted.
        retained: whether retained messages are wanted.
    """

    filter: str
    qos: int
    retained: bool


class TopicTable:
    """Which source a topic belongs to, and which sensor it names. The first source that matches has it.

    Raises:
        ConfigError: a topic or id template cannot be read.
    """

    def __init__(self, sources: Iterable[SourceSettings]) -> None:
        self._entries: list[tuple[TopicTemplate, SensorNaming]] = []
        self._wanted: list[Subscription] = []
        for source in sources:
            template = TopicTemplate.parse(source.topic)
            self._entries.append((template, SensorNaming(template, source.id)))
            self._wanted.append(Subscription(template.filter, source.qos, source.retained == "accept"))

    def resolve(self, topic: str) -> tuple[int, str] | Drop:
        """Return the source's index and the sensor's base id, or why the topic is not used."""
        for index, (template, naming) in enumerate(self._entries):
            caught = template.match(topic)
            if caught is not None:
                name = naming.name(topic, caught)
                return Drop.BAD_SENSOR_ID if name is None else (index, name)
        return Drop.NO_SOURCE

    def subscriptions(self) -> list[Subscription]:
        """Return what to subscribe to: a filter within another one is left to that one.

        A broker of MQTT 5 may send a message once for every filter that it matches.
        """
        kept: list[Subscription] = []
        for wanted in self._wanted:
            rivals = [other for other in kept if covers(other.filter, wanted.filter)]
            if rivals:
                kept[kept.index(rivals[0])] = _join(rivals[0].filter, [rivals[0], wanted])
                continue
            inner = [other for other in kept if covers(wanted.filter, other.filter)]
            kept = [other for other in kept if other not in inner]
            kept.append(_join(wanted.filter, [wanted, *inner]))
        return kept


def is_sensor_id(text: str) -> bool:
    """Tell whether a text may be a sensor's id: neither empty nor too long, whole characters, no controls."""
    if not text or len(text) > MAX_ID_BYTES or _UNFIT.search(text):
        return False
    return text.isascii() or len(text.encode()) <= MAX_ID_BYTES


def covers(outer: str, inner: str) -> bool:
    """Tell whether a topic filter matches everything that another one matches."""
    a, b = outer.split("/"), inner.split("/")
    if a[0] in ("+", "#") and b[0].startswith("$"):
        return False
    for index, level in enumerate(a):
        if level == "#":
            return True
        if index >= len(b) or b[index] == "#" or (level != "+" and level != b[index]):
            return False
    return len(a) == len(b)


def _join(chosen: str, parts: list[Subscription]) -> Subscription:
    return Subscription(chosen, max(part.qos for part in parts), any(part.retained for part in parts))


def _pattern(levels: tuple[str, ...], captured: set[int]) -> str:
    """Return a regular expression for the topics of a filter, with a group for each captured level."""
    parts = []
    for index, level in enumerate(levels):
        part = {"+": "[^/]*", "#": ".*"}.get(level, re.escape(level))
        parts.append(f"({part})" if index in captured else part)
    # Wildcards never match the broker's own topics; a last "#" also matches the level above it.
    own = r"(?!\$)" if levels[0] in ("+", "#") else ""
    if len(levels) > 1 and levels[-1] == "#":
        return f"{own}{'/'.join(parts[:-1])}(?:/{parts[-1]})?"
    return own + "/".join(parts)
