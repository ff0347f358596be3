"""What is not learnt although its episode has closed: alarms got used to it, and it is still not as it was learnt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offbeat.app.model_library import library_of, models_of, serving
from offbeat.app.told import exclusions_of
from offbeat.config.settings import Settings
from offbeat.core.commission import Commission
from offbeat.ingest.decoder import directory_of
from offbeat.learn.exclusions import Exclusions
from offbeat.replay.series import Series


def reaching_on(
    exclusions: Exclusions, series: Sequence[Series], commission: Commission, group: str
) -> Exclusions:
    """Return what is left out where episodes reach on while their sensors are not as they were learnt.

    Args:
        exclusions: by what was told and said.
        series: of sensors of a group, as heard.
        commission: of the group's model in service.
        group: its name.
    """
    for one in series:
        if row := commission.row_of(one.sensor):
            law = (commission.center[row], commission.scale[row])
            order = np.argsort(one.times_seconds, kind="stable")
            exclusions = exclusions.reaching_on(
                one.sensor, one.times_seconds[order], one.values[order], law, group
            )
    return exclusions


def exclusions_in_service(settings: Settings, series: Sequence[Series], now: float) -> Exclusions:
    """Return which times of these series nothing may be learnt from, also by the models in service.

    Raises:
        UnavailableError: what is known cannot be read.
    """
    exclusions, library = exclusions_of(settings, now), library_of(settings)
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    for group in directory.groups if exclusions else ():
        if (artifact := serving(models_of(library, group))) is not None:
            mine = [one for one in series if one.channels == group.channels]
            exclusions = reaching_on(exclusions, mine, artifact.commission, group.name)
    return exclusions
