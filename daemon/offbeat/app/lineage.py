"""What a model came from: the readings it was learnt from, and the version that was in service before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from offbeat.replay.series import Series


def lineage(series: Sequence[Series], after: str | None) -> dict[str, object]:
    """Return the lineage of a model as its manifest tells it.

    Args:
        series: what it was learnt from; at least one has rows.
        after: version in service when it was trained; None if there was none.
    """
    timed = [one.times_seconds for one in series if len(one)]
    return {
        "after": after,
        "warm_started_from": None,
        "recordings": len(series),
        "rows": sum(len(times) for times in timed),
        "from": moment(min(float(times.min()) for times in timed)),
        "to": moment(max(float(times.max()) for times in timed)),
    }


def moment(seconds: float) -> str:
    """Return a time as artifacts write it down."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
