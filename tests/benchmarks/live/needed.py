"""For how long a sensor has to be silent until the core tells of it, by what it knows of the sensor's pauses.

A sensor that was heard for two minutes and a half may make pauses that it has not made yet. So the less is known of it,
the longer it has to be silent; how long that is can be asked of the core, on a clock of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.sensors import SensorDirectory

MOST_SECONDS = 3600
CHANNEL = "value"


def silence_needed(heard: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return how many seconds behind its last reading each sensor is told to be silent; infinite beyond an hour.

    Args:
        heard: unix seconds of the readings of each sensor; one that was never heard is not told of.
    """
    directory = SensorDirectory([(CHANNEL,)], max(len(heard), 1))
    pipeline = Pipeline(directory, CoreSettings())
    slots = {name: directory.admit(0, name) for name in heard}
    rows = sorted((at, slots[name]) for name, times in heard.items() for at in times)
    if not rows:
        return {}
    for work in pipeline.ingest(readings_at(rows)):
        pipeline.scored(work, None)
    last = {name: max(times) for name, times in heard.items() if len(times)}
    out = dict.fromkeys(last, np.inf)
    for second in range(MOST_SECONDS):
        now = rows[-1][0] + second
        for event in pipeline.tick(now).events:
            if event.kind == "silent" and event.event == "open":
                out[event.sensor] = now - last[event.sensor]
        if np.isfinite(list(out.values())).all():
            break
    return out


def readings_at(rows: Sequence[tuple[float, int]]) -> ReadingBatch:
    """Return one reading at each of some times, with the slot of its sensor, in the order of time."""
    times = np.array([at for at, _ in rows])
    return ReadingBatch(
        group=0,
        sensor=np.array([slot for _, slot in rows], np.int32),
        channel=np.zeros(len(rows), np.int16),
        time_seconds=times,
        value=np.zeros(len(rows), np.float32),
        arrival_seconds=times,
        offset=len(rows),
    )
