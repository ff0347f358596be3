"""One training as the daemon wants it: from its journal, within bounds, on trial against the model in service."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from offbeat.app.artifacts import read_artifact
from offbeat.app.calibrating import too_little
from offbeat.app.core_settings import core_settings
from offbeat.app.journal_recordings import Heard, heard_lately
from offbeat.app.lineage import lineage, moment
from offbeat.app.model_library import library_of, serving
from offbeat.app.shadow import hold_back, try_out
from offbeat.app.still_off import by_law, held_against
from offbeat.app.told import exclusions_of
from offbeat.app.training import TrainingPlan, train_group, write_trained
from offbeat.config.settings import Settings
from offbeat.core.sensors import Group
from offbeat.errors import ConfigError, OffbeatError
from offbeat.learn.enough import Enough, LeftUnknown
from offbeat.learn.exclusions import Exclusions, LeftOut
from offbeat.learn.library import GroupModels, folder_name
from offbeat.learn.progress import OnProgress, Progress
from offbeat.learn.room import Room
from offbeat.learn.trial import Verdict

BASE_BYTES = 280 * 1024**2
"""Memory of a training that does not depend on how much is learnt from: measured, with what torch takes for itself."""

BYTES_A_ROW = 512
BYTES_A_VALUE = 128
LEAST_ROWS = 20_000

TIME_SHARE = 0.5
"""Of the time that a training may take, for the model itself; the rest is for reading, calibrating and the trial."""

BY = "offbeat"


def most_rows(memory_bytes: int, channels: int) -> int:
    """Return how many rows may be learnt from within a bound of memory."""
    room = (memory_bytes - BASE_BYTES) // (BYTES_A_ROW + BYTES_A_VALUE * channels)
    return max(int(room), LEAST_ROWS)


def learn_group(
    settings: Settings, index: int, group: Group, why: str, now: float, on_progress: OnProgress
) -> Verdict:
    """Train a group from the journal, judge the model, keep it in the library, and put it into service if it is better.

    Args:
        settings: of the daemon.
        index: of the group.
        group: the same.
        why: the training was wanted, for the history.
        now: unix seconds.
        on_progress: is told how far it is.

    Raises:
        OffbeatError: nothing can be learnt; the message says why.
    """
    learning, library = settings.learning, library_of(settings)
    name = folder_name(group.channels, group.model)
    on_progress(Progress("reading the journal", 0, 1))
    rows = most_rows(learning.memory_bytes, len(group.channels))
    models = library.group(name)
    incumbent = serving(models)
    known = None if incumbent is None else incumbent.commission
    exclusions = by_law(exclusions_of(settings, now), settings, known)
    heard = heard_lately(settings, index, rows, exclusions)
    room = Room(len(heard.series) + len(heard.no_room), heard.no_room)
    sensors_heard = {one.sensor for one in heard.series} | {*heard.rows_left_out.nothing_left} | heard.no_room
    heard = _cut(heard, held_against(exclusions, heard.series, settings, known, group.name))
    heard, left_unknown = _enough_of(heard, Enough.of(learning))
    plan = _plan(settings, group)
    learn, stretch = hold_back(heard.series, plan.core.window_readings)
    trained = train_group(learn, plan, on_progress)
    left_unknown = left_unknown.and_also(trained.left_unknown)
    trained = dataclasses.replace(trained, left_out=heard.rows_left_out, left_unknown=left_unknown)
    came_from = lineage(trained.learnt_of(learn), _current(models)) | {"why": why} | room.lineage()
    trained = trained.keeping(incumbent, sensors_heard)
    with library.workbench() as bench:
        created_at = moment(now)
        write_trained(bench, trained, plan, came_from, created_at)
        candidate = read_artifact(bench / name)
        before = None if incumbent is None else models.version(incumbent.version)
        ratio = _span(came_from) / max(_span({} if before is None else before.lineage), 1.0)
        sensors = [one.sensor for one in heard.series]
        verdict = try_out(candidate, incumbent, stretch, plan.core, sensors, ratio, on_progress)
        version = models.install(bench / name)
    promoted = verdict.better and learning.promote
    verdict = dataclasses.replace(verdict, promoted=promoted)
    models.record(verdict)
    if promoted:
        models.promote(version, BY, verdict.reason)
    return verdict


def _cut(heard: Heard, exclusions: Exclusions) -> Heard:
    """Return what was heard without what is left out once it is known what was heard.

    Raises:
        OffbeatError: nothing is left.
    """
    group = heard.group.name
    rows = {sensor: dict(counts) for sensor, counts in heard.rows_left_out.rows.items()}
    for one in heard.series:
        for why, count in exclusions.count(one.sensor, one.times_seconds, group).items():
            rows.setdefault(one.sensor, {})[why] = rows.get(one.sensor, {}).get(why, 0) + count
    kept = [one.cut_to(exclusions.keep(one.sensor, one.times_seconds, group)) for one in heard.series]
    gone = tuple(one.sensor for one in kept if not len(one))
    left_out = LeftOut(rows, (*heard.rows_left_out.nothing_left, *gone))
    series = [one for one in kept if len(one)]
    if not series:
        raise OffbeatError(
            f"of {group} nothing is left to learn from: all is strange, labelled a fault, or frozen"
        )
    return dataclasses.replace(heard, series=series, rows_left_out=left_out)


def _enough_of(heard: Heard, enough: Enough) -> tuple[Heard, LeftUnknown]:
    """Return what was heard of the sensors that were heard enough, and the others; the newest fifth counts, too.

    Raises:
        OffbeatError: none was.
    """
    thin = {one.sensor: len(one) for one in heard.series if not enough.is_met_by(one.times_seconds)}
    if not thin:
        return heard, LeftUnknown()
    if len(thin) == len(heard.series):
        raise OffbeatError(too_little(heard.group.channels, enough, thin))
    series = [one for one in heard.series if one.sensor not in thin]
    return dataclasses.replace(heard, series=series), LeftUnknown(enough.readings, thin)


def _plan(settings: Settings, group: Group) -> TrainingPlan:
    learning = settings.learning
    return TrainingPlan(
        family=group.model.family,
        horizon_seconds=group.model.horizon_seconds,
        preset=learning.size,
        steps=learning.steps,
        max_seconds=TIME_SHARE * learning.time_seconds,
        device="cpu",
        threads=1,
        core=core_settings(settings),
        vote=settings.model.vote,
        compare=False,
    )


def _current(models: GroupModels) -> str | None:
    try:
        return models.promotions().current
    except ConfigError:
        return None  # a damaged history is no lineage


def _span(came_from: Mapping[str, object]) -> float:
    """Return for how long what a version was learnt from had been recorded, in seconds; 0 if that is not known."""
    try:
        begin, end = (datetime.fromisoformat(str(came_from[key])) for key in ("from", "to"))
    except (KeyError, ValueError):
        return 0.0
    return float(np.clip((end - begin).total_seconds(), 0.0, None))
