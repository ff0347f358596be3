"""What is not learnt although its episode has closed: alarms got used to it, and it is still not as it was learnt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offbeat.app.core_settings import learning_rules
from offbeat.app.model_library import library_of, models_of, serving
from offbeat.app.told import exclusions_of
from offbeat.config.settings import Settings
from offbeat.core.commission import Commission
from offbeat.ingest.decoder import directory_of
from offbeat.learn.exclusions import Exclusions
from offbeat.replay.series import Series


def by_law(exclusions: Exclusions, settings: Settings, commission: Commission | None) -> Exclusions:
    """Return what is left out where a model's word counts only for sensors that it has known for long enough.

    Args:
        exclusions: by what was told and said.
        settings: of the daemon.
        commission: of the model in service of a group; None = there is none.
    """

    def learnt_seconds(sensor: str) -> float:
        return 0.0 if commission is None else float(commission.learnt_seconds[commission.row_of(sensor)])

    return exclusions.by_law(learnt_seconds, learning_rules(settings))


def held_against(
    exclusions: Exclusions,
    series: Sequence[Series],
    settings: Settings,
    commission: Commission | None,
    group: str,
) -> Exclusions:
    """Return what is left out once what was told is held against what was heard.

    What a young law calls strange counts where it is rare; after what a mature one called strange its sensor is left
    out for as long as it is not as it was learnt; and a change that only time confirmed may have gone back by itself.

    Args:
        exclusions: by what was told and said.
        series: of sensors of a group, as heard.
        settings: of the daemon.
        commission: of the group's model in service; None = there is none.
        group: its name.
    """
    mature = learning_rules(settings).mature_seconds
    for one in series:
        exclusions = exclusions.weighed(one.sensor, one.times_seconds)
        row = 0 if commission is None else commission.row_of(one.sensor)
        known = commission is not None and commission.learnt_seconds[row] >= mature
        law = (commission.center[row], commission.scale[row]) if commission is not None and known else None
        order = np.argsort(one.times_seconds, kind="stable")
        times, values = one.times_seconds[order], one.values[order]
        exclusions = exclusions.lasting(one.sensor, times, values, law, group)
        if law is not None:
            exclusions = exclusions.reaching_on(one.sensor, times, values, law, group)
    return exclusions


def exclusions_in_service(settings: Settings, series: Sequence[Series], now: float) -> Exclusions:
    """Return which times of these series nothing may be learnt from, also by the models in service.

    Raises:
        UnavailableError: what is known cannot be read.
    """
    exclusions, library = exclusions_of(settings, now), library_of(settings)
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    known = (
        {group.name: serving(models_of(library, group)) for group in directory.groups} if exclusions else {}
    )
    laws = {name: artifact.commission for name, artifact in known.items() if artifact is not None}
    longest = {
        sensor: float(law.learnt_seconds[row])
        for law in laws.values()
        for row, sensor in enumerate(law.sensors, start=1)
    }
    exclusions = exclusions.by_law(lambda sensor: longest.get(sensor, 0.0), learning_rules(settings))
    for group in directory.groups:
        mine = [one for one in series if one.channels == group.channels]
        exclusions = held_against(exclusions, mine, settings, laws.get(group.name), group.name)
    return exclusions
