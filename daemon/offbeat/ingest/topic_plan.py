"""How the messages of one topic are read: worked out at its first message, kept for the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import astuple

from offbeat.config.settings import SourceSettings
from offbeat.core.ledger import Drop, Ledger
from offbeat.core.model_choice import ModelChoice
from offbeat.core.sensors import UNIVARIATE, SensorDirectory
from offbeat.ingest.payloads.fields import FieldRule
from offbeat.ingest.payloads.json import JsonError, find, leaves, read_json, typed_reader
from offbeat.ingest.payloads.number import clean, read_number
from offbeat.ingest.payloads.values import value_of
from offbeat.ingest.source import OVERSIZE, RETAINED
from offbeat.ingest.times import SECONDS_BELOW, TimeError, TimeReader
from offbeat.ingest.topics import is_sensor_id

Row = tuple[int, int, float, float]
"""Slot, channel, time, value."""
Target = tuple[int, int] | Drop | None
"""Where a field's values go: slot and channel, the reason why they go nowhere, or None for no measurement."""

_UNSEEN: Any = object()
_MOST_FIELDS = 4096
_MOST_MISFITS = 8
_MALFORMED = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def group_of(source: SourceSettings) -> tuple[tuple[str, ...], ModelChoice]:
    """Return what the sensors of a source share: their channels, and what judges them."""
    choice = ModelChoice(source.family or ModelChoice().family, source.horizon_seconds)
    return source.channels or UNIVARIATE, choice


class SourcePlan:
    """What the topics of one source share.

    Args:
        source: the source.
        directory: where sensors are entered.
        max_payload_bytes: longer payloads are refused.
        readings: counts values that are refused one by one.

    Raises:
        ConfigError: the time zone is unknown.
    """

    def __init__(
        self, source: SourceSettings, directory: SensorDirectory, max_payload_bytes: int, readings: Ledger
    ) -> None:
        self.group = [(group.channels, group.model) for group in directory.groups].index(group_of(source))
        self.channels = source.channels
        self.dialect = source.payload
        self.rule = FieldRule(source)
        self.time_field = source.time.field
        self.time_path = tuple((source.time.field or "").split("."))
        self.times = TimeReader(source.time)
        self.plain_seconds = source.time.format in ("auto", "unix")
        self.unwanted_flags = OVERSIZE | (RETAINED if source.retained == "ignore" else 0)
        self.max_payload = max_payload_bytes
        self.directory = directory
        self.readings = readings
        self.rows: list[Row] = []
        self.typed_fields = self.rule.literal() if source.payload != "number" else ()
        self.typed: Callable[[bytes], Any] | None = (
            typed_reader(source.time.field, self.typed_fields) if self.typed_fields else None
        )

    def names(self, base_id: str, sensor_id: str) -> bool:
        """Tell whether a topic that names `base_id` may have a sensor of this id."""
        if sensor_id == base_id:
            return True
        field = sensor_id.removeprefix(f"{base_id}.")
        return not self.channels and field != sensor_id and self.rule.wants(field)


class TopicPlan:
    """Reads the messages of one topic.

    Args:
        shared: the plan of its source; readings are added to its `rows`.
        base_id: what the topic names: the sensor, or the beginning of its sensors' ids.
        topic: that it is.
    """

    __slots__ = (
        "_lone_target",
        "_misfits",
        "_only_target",
        "_plan",
        "_targets",
        "_topic",
        "_typed",
        "base_id",
    )

    def __init__(self, shared: SourcePlan, base_id: str, topic: str) -> None:
        self.base_id = base_id
        self._topic = topic
        self._plan = shared
        self._typed = shared.typed
        self._targets: dict[str, Target] = {}
        self._lone_target: tuple[int, int] | Drop | None = None
        self._only_target: tuple[int, int] | None = None
        self._misfits = 0

    def read(self, payload: bytes, flags: int, arrival_seconds: float) -> Drop | None:
        """Add the readings of a message to the rows. Return why there are none, or None if there are some."""
        plan = self._plan
        if flags & plan.unwanted_flags or len(payload) > plan.max_payload:
            return Drop.OVERSIZE if flags & OVERSIZE or len(payload) > plan.max_payload else Drop.RETAINED
        if self._typed is not None and payload[:1] == b"{":
            try:
                values = astuple(self._typed(payload))
            except _MALFORMED:
                self._count_misfit()
            else:
                return self._take_typed(values, arrival_seconds)
        return self._read_any(payload, arrival_seconds)

    def _take_typed(self, values: tuple[Any, ...], time: float) -> Drop | None:
        plan = self._plan
        if plan.time_field is not None:
            given = values[0]
            # Most devices send seconds: the check is here so that the common case needs no call.
            if type(given) is float and plan.plain_seconds and -SECONDS_BELOW < given < SECONDS_BELOW:
                time = given
            else:
                try:
                    time = plan.times.seconds(given)
                except TimeError:
                    return Drop.BAD_TIME
        # One wanted field that went somewhere before is the common case: it needs no loop.
        only, value = self._only_target, values[-1]
        if only is not None and value == value:
            plan.rows.append((only[0], only[1], time, value))
            return None
        return self._take_fields(values[plan.time_field is not None :], time)

    def _take_fields(self, values: tuple[Any, ...], time: float) -> Drop | None:
        plan, used = self._plan, 0
        targets, add = self._targets, plan.rows.append
        for name, value in zip(plan.typed_fields, values, strict=True):
            if value == value:  # NaN stands for a field that is not there
                target = targets.get(name)
                if type(target) is tuple:
                    add((target[0], target[1], time, value))
                    used += 1
                    if len(values) == 1:
                        self._only_target = target
                else:
                    used += self._take(name, value, time)
        return None if used else Drop.NO_VALUE

    def _read_any(self, payload: bytes, arrival_seconds: float) -> Drop | None:
        dialect = self._plan.dialect
        if dialect == "number" or (dialect == "auto" and payload[:1] != b"{"):
            value = read_number(payload)
            if value is not None or dialect == "number":
                return self._take_scalar(value, arrival_seconds)
        try:
            content = read_json(payload)
        except JsonError:
            return Drop.UNDECODABLE if clean(payload) else Drop.NO_VALUE
        if isinstance(content, dict):
            return self._take_object(content, arrival_seconds)
        return (
            Drop.NO_VALUE
            if isinstance(content, list)
            else self._take_scalar(value_of(content), arrival_seconds)
        )

    def _take_scalar(self, value: float | None, time: float) -> Drop | None:
        plan = self._plan
        if value is None or len(plan.channels) > 1:
            return Drop.UNDECODABLE
        if plan.time_field is not None:
            return Drop.BAD_TIME
        if value != value:
            plan.readings.drop(Drop.NO_VALUE)
            return Drop.NO_VALUE
        target = self._lone_target
        if target is None:
            target = self._lone_target = self._target((plan.channels or UNIVARIATE)[0])
        self._put(target, time, value)
        return None

    def _take_object(self, content: dict[str, Any], time: float) -> Drop | None:
        plan = self._plan
        if plan.time_field is not None:
            given = content.get(plan.time_field)
            try:
                time = plan.times.seconds(find(content, plan.time_path) if given is None else given)
            except TimeError:
                return Drop.BAD_TIME
        used = 0
        targets, add = self._targets, plan.rows.append
        for name, leaf in content.items():
            target = targets.get(name, _UNSEEN)
            if target is None:
                continue
            if type(leaf) is float and type(target) is tuple:
                add((target[0], target[1], time, leaf))
                used += 1
            elif isinstance(leaf, dict):
                used += sum(self._take(inner, value, time) for inner, value in leaves(leaf, f"{name}.", 2))
            elif not isinstance(leaf, list):
                used += self._take(name, leaf, time)
        return None if used else Drop.NO_VALUE

    def _take(self, name: str, leaf: object, time: float) -> int:
        """Take a field's value, or count why not; return 1 if the message was of use for it."""
        value = value_of(leaf)
        if value is None:
            return 0
        target = self._targets.get(name, _UNSEEN)
        if value != value:
            # Not a value yet, so not a sensor yet: a text field that is empty today would become one.
            if target is not None and (target is not _UNSEEN or self._plan.rule.wants(name)):
                self._plan.readings.drop(Drop.NO_VALUE)
            return 0
        if target is _UNSEEN:
            target = self._resolve(name)
        if target is None:
            return 0
        self._put(target, time, value)
        return 1

    def _put(self, target: tuple[int, int] | Drop, time: float, value: float) -> None:
        if isinstance(target, tuple):
            self._plan.rows.append((target[0], target[1], time, value))
        else:
            self._plan.readings.drop(target)

    def _resolve(self, name: str) -> Target:
        target = self._target(name) if self._plan.rule.wants(name) else None
        if len(self._targets) < _MOST_FIELDS:
            self._targets[name] = target
        return target

    def _target(self, name: str) -> tuple[int, int] | Drop:
        plan = self._plan
        if plan.channels:
            sensor_id, channel = self.base_id, plan.channels.index(name)
        else:
            sensor_id, channel = (self.base_id if name in UNIVARIATE else f"{self.base_id}.{name}"), 0
        if not is_sensor_id(sensor_id):
            return Drop.BAD_SENSOR_ID
        slot = plan.directory.admit(plan.group, sensor_id, self._topic)
        return (slot, channel) if slot >= 0 else Drop.SENSOR_LIMIT

    def _count_misfit(self) -> None:
        # A topic whose payloads are not what the typed reader expects is read twice: not for ever.
        self._misfits += 1
        if self._misfits >= _MOST_MISFITS:
            self._typed = None


class RefusedTopic:
    """A topic whose messages are not used.

    Args:
        reason: why.
    """

    __slots__ = ("_reason",)

    def __init__(self, reason: Drop) -> None:
        self._reason = reason

    def read(self, payload: bytes, flags: int, arrival_seconds: float) -> Drop | None:  # noqa: ARG002 - as TopicPlan
        """Return why the message is not used."""
        return self._reason
