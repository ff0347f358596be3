"""Rules about [[source]]: each by itself, between each other, and against the topics we publish on."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from itertools import combinations

from offbeat.config.guess import did_you_mean
from offbeat.config.places import Key
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.settings import SourceSettings
from offbeat.config.topic_templates import TopicTemplate, filters_overlap, names_in, parse_topic_template

_OUTPUTS = ("status", "state/#", "alerts/#", "cmd/#", "reply/#")


def check_sources(parts: Parts) -> Iterator[Finding]:
    """Yield what is wrong with the sources."""
    templates: dict[int, TopicTemplate] = {}
    for index, source in parts.sources.items():
        try:
            templates[index] = parse_topic_template(source.topic)
        except ValueError as error:
            yield Finding(("source", index, "topic"), str(error))
        else:
            yield from _check_id(index, source, templates[index])
        yield from _check_payload(index, source)
        yield from _check_time(index, source)
    yield from _check_pairs(parts.sources, templates)
    yield from _check_feedback(parts, templates)


def _check_id(index: int, source: SourceSettings, template: TopicTemplate) -> Iterator[Finding]:
    if source.id is None:
        return
    where = ("source", index, "id")
    try:
        names = names_in(source.id)
    except ValueError as error:
        yield Finding(where, str(error))
        return
    for name in names:
        if name not in template.names:
            known = ", ".join(f"{{{known}}}" for known in template.names) or "none"
            guess = did_you_mean(name, template.names)
            yield Finding(where, f'the topic captures no "{name}"{guess}; it captures: {known}')
    if not source.id:
        yield Finding(
            where, "the id is empty", "leave it out to join the captures, or else all levels, by dots"
        )
    if not names and any(level in ("+", "#") for level in template.levels):
        yield Finding(
            where,
            f'every topic that matches would be the one sensor "{source.id}"',
            "use a capture in the id, or a topic without wildcards",
        )


def _check_payload(index: int, source: SourceSettings) -> Iterator[Finding]:
    if len(set(source.channels)) < len(source.channels) or "" in source.channels:
        yield Finding(("source", index, "channels"), "a channel is empty or stands twice")
    if source.payload == "number" and len(source.channels) > 1:
        yield Finding(
            ("source", index, "channels"),
            f"a plain number is one channel, and {len(source.channels)} are named",
            'set payload = "json", or leave channels out',
        )
    if not source.include or "" in source.include:
        yield Finding(
            ("source", index, "include"), "nothing would be read", 'write include = ["*"] for every field'
        )
    if "" in source.exclude:
        yield Finding(("source", index, "exclude"), "an empty pattern matches nothing", "take it out")


def _check_time(index: int, source: SourceSettings) -> Iterator[Finding]:
    time = source.time
    where = ("source", index, "time")
    if time.field is not None and not time.field:
        yield Finding((*where, "field"), "the field is empty", "leave it out to use the time of arrival")
    if time.field and source.payload == "number":
        yield Finding((*where, "field"), "a plain number has no fields to take the time from")
    if time.field is None and time.format != "auto":
        yield Finding(
            (*where, "format"), "no field is named that the time is in", 'add field = "..."', "warning"
        )
    if time.timezone != "UTC":
        try:
            zoneinfo.ZoneInfo(time.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            yield _unknown_timezone((*where, "timezone"), time.timezone)


def _unknown_timezone(path: Key, name: str) -> Finding:
    known = zoneinfo.available_timezones()
    if not known:
        message = f'the time zone "{name}" cannot be looked up: this system has no time zone data'
        return Finding(path, message, "install the package tzdata, of the distribution or of Python")
    message = f'unknown time zone "{name}"{did_you_mean(name, known)}'
    return Finding(path, message, 'write a name such as "Europe/Berlin", or "UTC"')


def _check_pairs(
    sources: dict[int, SourceSettings], templates: dict[int, TopicTemplate]
) -> Iterator[Finding]:
    for first, second in combinations(sorted(templates), 2):
        a, b = templates[first], templates[second]
        where = ("source", second, "topic")
        if a.filter == b.filter:
            yield Finding(
                where,
                f'source {first + 1} listens to the same topics ("{a.filter}") already',
                "join the two: a message is read by one source only",
            )
        elif filters_overlap(a.filter, b.filter):
            yield Finding(
                where,
                f'some topics match this and "{a.filter}" of source {first + 1}',
                "a message is read by the first source that matches; narrow one of them",
                "warning",
            )
        elif _id_shape(sources[first], a) == _id_shape(sources[second], b):
            yield Finding(
                where,
                f"sources {first + 1} and {second + 1} can give two quantities the same sensor id",
                'tell them apart, such as id = "{sensor}.temperature"',
                "warning",
            )


def _id_shape(source: SourceSettings, template: TopicTemplate) -> object:
    # Fields of JSON become part of the id of what they measure; only plain numbers can collide.
    if source.payload == "json":
        return object()
    return source.id or ".".join(f"{{{name}}}" for name in template.names) or source.topic


def _check_feedback(parts: Parts, templates: dict[int, TopicTemplate]) -> Iterator[Finding]:
    if parts.alerts is None or parts.mqtt is None:
        return
    if parts.mqtt.publishing_url != parts.mqtt.url:
        return
    root = parts.alerts.root
    for index, template in templates.items():
        hit = next((out for out in _OUTPUTS if filters_overlap(template.filter, f"{root}/{out}")), None)
        if hit:
            yield Finding(
                ("source", index, "topic"),
                f'this also matches "{root}/{hit}", where Offbeat itself publishes: it would hear itself',
                "begin the topic with a literal level, or set alerts.root to one that it does not match",
            )
