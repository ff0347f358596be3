"""Conservation of what is received: nothing is lost without a counted reason."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Drop(StrEnum):
    """Why a message or a reading was not used. A bounded set: the names are metric labels."""

    RETAINED = "retained"
    """A retained message of unknown age, replayed by the broker at subscription."""
    DUPLICATE = "duplicate"
    """The same reading (sensor, channel, time, value) was there before."""
    REPLAYED = "replayed"
    """Read again from the log after a restart, and held by the restored state already."""
    LATE = "late"
    """Older than the allowed lateness when it arrived, or older than a full window."""
    FUTURE = "future"
    """Further in the future than allowed when it arrived."""
    NOT_FINITE = "not_finite"
    """NaN, infinite, or beyond what a float32 holds."""
    OVERSIZE = "oversize"
    """The payload is longer than `limits.max_payload`."""
    UNDECODABLE = "undecodable"
    """The payload is not what its source says it is."""
    NO_VALUE = "no_value"
    """Decoded, but it holds no numeric field that the source includes."""
    BAD_TIME = "bad_time"
    """The time field is missing or cannot be read."""
    NO_SOURCE = "no_source"
    """No source in the configuration matches the topic."""
    SENSOR_LIMIT = "sensor_limit"
    """A new sensor beyond `limits.max_sensors`."""
    BAD_SENSOR_ID = "bad_sensor_id"
    """The topic gives a sensor id that is empty, too long or not valid text."""
    INBOX_FULL = "inbox_full"
    """Shed because the inbox held `limits.inbox` bytes."""


EXPECTED = frozenset({Drop.RETAINED, Drop.REPLAYED})
"""What a subscription or a restart brings wherever all is well: counted, and no reason to look for a mistake."""


class Ledger:
    """Counts of one stage. `received == accepted + sum(dropped.values())` holds after every call.

    One thread owns a ledger; others may read it at any time and see whole integers.
    """

    def __init__(self, stage: str, unit: str) -> None:
        self.stage = stage
        self.unit = unit
        self.accepted = 0
        self.dropped: dict[Drop, int] = dict.fromkeys(Drop, 0)

    @property
    def received(self) -> int:
        """Everything that entered the stage."""
        return self.accepted + sum(self.dropped.values())

    def accept(self, count: int = 1) -> None:
        """Count what the stage hands on."""
        self.accepted += count

    def drop(self, reason: Drop, count: int = 1) -> None:
        """Count what the stage does not hand on, and why."""
        self.dropped[reason] += count


def dropped(ledgers: Iterable[Ledger]) -> dict[str, int]:
    """Return how many some stages did not hand on by reason, the most first, without what was to be expected."""
    total: dict[str, int] = {}
    for ledger in ledgers:
        for reason, count in ledger.dropped.items():
            if count and reason not in EXPECTED:
                total[reason.value] = total.get(reason.value, 0) + count
    return dict(sorted(total.items(), key=lambda one: -one[1]))
