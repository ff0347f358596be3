"""What a source counts for metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SourceCounts:
    """What a source has received.

    Attributes:
        messages: received from the broker.
        batches: reads that brought any.
        connections: that the broker accepted.
        delivery_failures: batches that whoever they were delivered to failed on.
    """

    messages: int = 0
    batches: int = 0
    connections: int = 0
    delivery_failures: int = 0
