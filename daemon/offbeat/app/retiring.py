"""Sensors that the configuration names no more: judged and missed no longer, and what they have open is closed.

Their state stays: when a source names them again they go on from it.
"""

from __future__ import annotations

import numpy as np
import structlog

from offbeat.app.core_building import Core
from offbeat.core.decisions import Decisions

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def retire_unnamed(core: Core, now: float) -> Decisions:
    """Retire the sensors whose topic belongs to no source any more, or names another sensor now.

    To be called by the loop when no work is under way and nothing waits that was decoded for other sources.

    Args:
        core: with the decoder of the sources that count.
        now: log time.
    """
    events = []
    for index, group in enumerate(core.directory.groups):
        retired = core.pipeline.groups[index].retired
        unnamed = [
            slot
            for slot, (sensor, topic) in enumerate(zip(group.ids, group.topics, strict=False))
            if not retired[slot] and not core.decoder.names(index, sensor, topic)
        ]
        if unnamed:
            events += core.pipeline.retire(index, np.array(unnamed, np.intp), now).events
            _log.info(
                "sensors are named by no source any more: they are judged no longer, and none of them is silent",
                group=group.name, sensors=len(unnamed), first=group.ids[unnamed[0]],
            )  # fmt: skip
    return Decisions(events)
