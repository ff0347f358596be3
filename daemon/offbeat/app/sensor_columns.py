"""What every sensor has to say at a scrape, copied from run-time state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.group_state import GroupState
from offbeat.core.pipeline import Pipeline
from offbeat.core.sensor_states import states_of
from offbeat.observe.sensor_metrics import Doubles, SensorColumns


def sensor_columns(pipeline: Pipeline) -> list[SensorColumns]:
    """Return the columns of each group; to be called by the thread that owns the state."""
    return [_columns(group) for group in pipeline.groups if group.size]


def _columns(group: GroupState) -> SensorColumns:
    slots = np.arange(group.size, dtype=np.intp)
    states = states_of(group, slots)
    is_anomalous: NDArray[np.bool_] = np.asarray(states.is_open.any(axis=1), np.bool_)
    # What no source names any more is not exposed: its last values would look like those of today.
    named = ~group.retired[slots]
    score = np.where(named, states.score.astype(np.float64), np.nan)
    return SensorColumns(
        group=group.group.name,
        ids=group.group.ids[: group.size],
        channels=group.group.channels,
        values=_of_named(
            named,
            {
                "offbeat_sensor_score": score,
                "offbeat_sensor_anomalous": is_anomalous.astype(np.float64),
                "offbeat_sensor_value": states.value.astype(np.float64),
                "offbeat_sensor_expected_low": states.low.astype(np.float64),
                "offbeat_sensor_expected_high": states.high.astype(np.float64),
                "offbeat_sensor_last_seen_timestamp_seconds": states.heard_seconds,
                "offbeat_sensor_usual_gap_seconds": states.usual_gap_seconds,
                "offbeat_sensor_readiness": states.progress.readiness.astype(np.float64),
                "offbeat_sensor_rows_total": group.rows[slots].astype(np.float64),
            },
        ),
        is_anomalous=is_anomalous,
        score=score,
    )


def _of_named(named: NDArray[np.bool_], values: dict[str, Doubles]) -> dict[str, Doubles]:
    """Return values by metric, those of sensors that no source names left out."""
    if named.all():
        return values
    return {
        name: np.where(named if one.ndim == 1 else named[:, None], one, np.nan)
        for name, one in values.items()
    }
