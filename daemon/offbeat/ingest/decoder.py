"""Messages in, readings out: where topics, payloads, time and limits meet. It never raises."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import structlog

from offbeat.config.settings import LimitSettings, SourceSettings
from offbeat.core.admission import ACCEPT, AdmissionLimits, admit, refusals
from offbeat.core.ledger import Drop, Ledger
from offbeat.core.readings import ReadingBatch
from offbeat.core.sensors import SensorDirectory
from offbeat.ingest.source import LogBatch
from offbeat.ingest.topic_plan import RefusedTopic, Row, SourcePlan, TopicPlan, group_of
from offbeat.ingest.topics import TopicTable

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SAFE_VALUE = 1e38
"""Inside what a float32 holds; values beyond are for `admit` to judge."""
_SAFE_SECONDS = 1.0
"""So close to a time bound the judgement is left to `admit`, whatever rounding does."""


def directory_of(sources: Sequence[SourceSettings], max_sensors: int, shards: int = 8) -> SensorDirectory:
    """Return an empty directory with the groups that the sources fill: by channels, and by what judges them.

    Args:
        sources: of the settings.
        max_sensors: sensors over all groups.
        shards: number of shards.
    """
    groups = dict.fromkeys(map(group_of, sources))
    channels, choices = [one for one, _ in groups], [one for _, one in groups]
    return SensorDirectory(channels, max_sensors, shards, choices)


class Decoder:
    """Decodes batches of the log, in order; the same log gives the same readings in the same slots.

    Args:
        sources: what may come.
        directory: where new sensors are entered; as `directory_of` makes it.
        limits: sizes and time bounds.
        ledger: counts messages; accepted are those that held a value.
        readings: counts readings; accepted are those that were handed on.

    Attributes:
        failures: messages that were counted as undecodable because of an error of ours.
        refused: topic of the newest message that was not used, by reason.

    Raises:
        ConfigError: a topic, an id template or a time zone of a source cannot be used.
    """

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        directory: SensorDirectory,
        limits: LimitSettings,
        ledger: Ledger | None = None,
        readings: Ledger | None = None,
    ) -> None:
        self.ledger = ledger if ledger is not None else Ledger("decoder", "message")
        self.readings = readings if readings is not None else Ledger("decoder", "reading")
        self.failures = 0
        self.refused: dict[Drop, str] = {}
        self._table = TopicTable(sources)
        self._plans = [
            SourcePlan(source, directory, limits.max_payload_bytes, self.readings) for source in sources
        ]
        self._limits = AdmissionLimits(limits.allowed_lateness_seconds, limits.max_future_seconds)
        self._topics: dict[str, TopicPlan | RefusedTopic] = {}
        # Topics are named by others: past this many the table starts anew, which costs time but no memory.
        self._most_topics = 4 * limits.max_sensors + 4096

    @property
    def known_topics(self) -> int:
        """How many topics are remembered."""
        return len(self._topics)

    def decode(self, batch: LogBatch) -> list[ReadingBatch]:
        """Return the readings of a batch of messages, one `ReadingBatch` for each group that has any."""
        if batch.listening_since is not None:
            return []
        accepted = 0
        topics, arrival = self._topics, batch.arrival_seconds
        for topic, payload, flags in batch.messages:
            plan = topics.get(topic)
            if plan is None:
                plan = self._learn(topic)
            try:
                refusal = plan.read(payload, flags, arrival)
            except Exception:  # noqa: BLE001
                # Whatever a payload brought about must not stop the others.
                self.failures += 1
                _log.exception("a message could not be decoded", topic=topic, bytes=len(payload))
                refusal = Drop.UNDECODABLE
            if refusal is None:
                accepted += 1
            else:
                self.ledger.drop(refusal)
                self.refused[refusal] = topic
        self.ledger.accept(accepted)
        return self._take_rows(batch)

    def names(self, group: int, sensor_id: str, topic: str) -> bool:
        """Tell whether a message of a topic would still be a reading of a sensor that it named before.

        Args:
            group: index of the sensor's group.
            sensor_id: of the sensor.
            topic: that named it last; where that is not known, "", nothing speaks against it.
        """
        if not topic:
            return True
        found = self._table.resolve(topic)
        if isinstance(found, Drop):
            return False
        plan = self._plans[found[0]]
        return plan.group == group and plan.names(found[1], sensor_id)

    def _learn(self, topic: str) -> TopicPlan | RefusedTopic:
        found = self._table.resolve(topic)
        plan: TopicPlan | RefusedTopic
        plan = (
            RefusedTopic(found)
            if isinstance(found, Drop)
            else TopicPlan(self._plans[found[0]], found[1], topic)
        )
        if len(self._topics) >= self._most_topics:
            self._topics.clear()
        self._topics[topic] = plan
        return plan

    def _take_rows(self, batch: LogBatch) -> list[ReadingBatch]:
        by_group: dict[int, list[Row]] = {}
        for plan in self._plans:
            if plan.rows:
                by_group.setdefault(plan.group, []).extend(plan.rows)
                plan.rows.clear()
        decoded = [self._columns(group, rows, batch) for group, rows in sorted(by_group.items())]
        return [readings for readings in decoded if len(readings)]

    def _columns(self, group: int, rows: list[Row], batch: LogBatch) -> ReadingBatch:
        slots, channels, times, values = zip(*rows, strict=True)
        sensor = np.array(slots, np.int32)
        channel = np.array(channels, np.int16)
        time = np.array(times, np.float64)
        value = np.array(values, np.float64)
        arrival = np.full(len(rows), batch.arrival_seconds)
        if not self._is_plain(times, values, batch.arrival_seconds):
            codes = admit(time, arrival, value, self._limits)
            for reason, count in refusals(codes).items():
                self.readings.drop(reason, count)
            keep = codes == ACCEPT
            sensor, channel, time, value, arrival = (
                column[keep] for column in (sensor, channel, time, value, arrival)
            )
        self.readings.accept(len(sensor))
        return ReadingBatch(
            group, sensor, channel, time, value.astype(np.float32), arrival, batch.next_offset
        )

    def _is_plain(self, times: tuple[float, ...], values: tuple[float, ...], arrival: float) -> bool:
        """Tell whether `admit` would accept all; in small batches this is cheaper than asking it."""
        earliest = arrival - self._limits.allowed_lateness_seconds + _SAFE_SECONDS
        latest = arrival + self._limits.max_future_seconds - _SAFE_SECONDS
        return (
            earliest <= min(times)
            and max(times) <= latest
            and isfinite(sum(values))  # NaN would pass the comparisons, but not the sum
            and max(values) < _SAFE_VALUE
            and min(values) > -_SAFE_VALUE
        )
