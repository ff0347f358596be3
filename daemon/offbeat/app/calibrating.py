"""The past played through the production path once more, to learn what is ordinary there: with a model or without."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.app.engine import Engine
from offbeat.core.commission import Commission
from offbeat.core.commissioning import calibrate_streams, calibrate_tracks, fit_normaliser_and_ridge
from offbeat.core.counted import counted
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.core.sensors import SensorDirectory
from offbeat.errors import OffbeatError
from offbeat.learn.collected import Collected
from offbeat.learn.doubts import Doubts
from offbeat.learn.enough import Enough, LeftUnknown
from offbeat.learn.exclusions import Exclusions, LeftOut
from offbeat.learn.fusing_again import fuse_again
from offbeat.learn.progress import OnProgress, Progress, silent
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player
from offbeat.scoring.torch_scorer import TorchScorer

_AT_ONCE = 56
"""Strangers that are played side by side."""


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """Recordings of the sensors of one group, and what is not to be learnt from them.

    Attributes:
        series: as recorded, without what is left out; all with the same channels.
        recordings: the same, with nothing observed in rows that are doubted.
        doubts: these rows.
        left_out: how many rows are left out because of what is known of their time, and why.
        left_unknown: sensors that are left out because too little of them is left.
    """

    series: Sequence[Series]
    recordings: list[Recording]
    doubts: Doubts
    left_out: LeftOut = dataclasses.field(default_factory=LeftOut)
    left_unknown: LeftUnknown = dataclasses.field(default_factory=LeftUnknown)

    @classmethod
    def of(
        cls,
        series: Sequence[Series],
        leave_out_doubtful: bool = True,
        exclusions: Exclusions | None = None,
        group: str = "",
        enough: Enough | None = None,
    ) -> Past:
        """Look over recordings for what is far from all else.

        Args:
            series: as recorded; of sensors with the same channels.
            leave_out_doubtful: whether to look.
            exclusions: times that are cut out before that; None = none.
            group: name of the sensors' group, for what is said of a whole group.
            enough: what has to be left of a sensor; sensors with less are left out. None = anything is enough.

        Raises:
            OffbeatError: nothing is left, or too little of every sensor.
        """
        whole, exclusions = series, exclusions or Exclusions()
        keep = {one.sensor: exclusions.keep(one.sensor, one.times_seconds, group) for one in whole}
        rows = {one.sensor: exclusions.count(one.sensor, one.times_seconds, group) for one in whole}
        series = [kept for one in whole if len(kept := one.cut_to(keep[one.sensor]))]
        left_out = LeftOut(
            {sensor: counts for sensor, counts in rows.items() if counts},
            tuple(one.sensor for one in whole if len(one) and not keep[one.sensor].any()),
        )
        if not series:
            raise OffbeatError(nothing_left(left_out))
        recordings = [one.recording() for one in series]
        doubts = Doubts.looked_for(series[0].channels, recordings) if leave_out_doubtful else Doubts()
        past = cls(series, doubts.hidden(recordings), doubts, left_out)
        return past if enough is None else past.without_thin(enough)

    def without_thin(self, enough: Enough) -> Past:
        """Return the past of the sensors of which enough rows are left that may be learnt from.

        Raises:
            OffbeatError: of no sensor are there enough.
        """
        usable = {
            one.sensor: one.times_seconds[np.isfinite(one.values).any(axis=1)] for one in self.recordings
        }
        thin = {sensor: len(times) for sensor, times in usable.items() if not enough.is_met_by(times)}
        if not thin:
            return self
        if len(thin) == len(usable):
            raise OffbeatError(too_little(self.series[0].channels, enough, thin))
        return dataclasses.replace(
            self,
            series=[one for one in self.series if one.sensor not in thin],
            recordings=[one for one in self.recordings if one.sensor not in thin],
            doubts=self.doubts.but_of(thin),
            left_unknown=LeftUnknown(enough.readings, thin),
        )

    def commission(self) -> Commission:
        """Return a commission that knows what values are usual, and is not calibrated."""
        return fit_normaliser_and_ridge(self.series[0].channels, self.recordings)


def calibrated(
    commission: Commission,
    past: Past,
    core: CoreSettings,
    scorer: TorchScorer | None = None,
    model: tuple[str, str] | None = None,
    choice: ModelChoice | None = None,
    on_progress: OnProgress = silent,
) -> Commission:
    """Return a commission with the laws of all that its streams say of the past.

    Args:
        commission: of `Past.commission`, with what else was learnt.
        past: is played.
        core: numbers of the core; as in service.
        scorer: of the group's models, as group 0; None = there is no model.
        model: its family and version; None = there is none.
        choice: what is to judge the group; None = the default.
        on_progress: is told how far it is.
    """
    raw = said_of(commission, past, core, scorer, model, choice, on_progress)
    on_progress(Progress("calibrating", 0, 1))
    commission = calibrate_streams(commission, raw)
    return calibrate_tracks(commission, fuse_again(commission, raw))


def for_strangers(
    commission: Commission,
    past: Past,
    core: CoreSettings,
    scorer: Callable[[], TorchScorer],
    model: tuple[str, str],
) -> Commission:
    """Return a commission that knows no sensor with the laws of what its streams say of the past, for all strangers.

    They are the laws of rows from which on alerts are raised: of sensors with their lasting normaliser.

    Args:
        commission: that knows no sensor, so that each is scaled by its own first readings, as in service.
        past: is played.
        core: numbers of the core; as in service.
        scorer: makes one of the group's model, as group 0, that carries nothing yet.
        model: its family and version.
    """
    raw: dict[str, NDArray[np.float32]] = {}
    lasting = slice(core.window_readings + core.window_stride_readings, None)
    by_pace = sorted(past.series, key=lambda one: float(np.median(np.diff(one.times_seconds))))
    for first in range(0, len(by_pace), _AT_ONCE):
        # Paces that are far apart cost a batch for every few rows, and strangers do not touch each other.
        part = dataclasses.replace(past, series=by_pace[first : first + _AT_ONCE])
        said = said_of(commission, part, core, scorer(), model)
        raw |= {sensor: rows[lasting] for sensor, rows in said.items()}
    named = dataclasses.replace(commission, sensors=tuple(raw))
    commission = dataclasses.replace(commission, streams=calibrate_streams(named, raw).streams).of_strangers()
    fused = fuse_again(commission, raw)
    return calibrate_tracks(dataclasses.replace(commission, sensors=tuple(raw)), fused).of_strangers()


def said_of(
    commission: Commission,
    past: Past,
    core: CoreSettings,
    scorer: TorchScorer | None = None,
    model: tuple[str, str] | None = None,
    choice: ModelChoice | None = None,
    on_progress: OnProgress = silent,
) -> dict[str, NDArray[np.float32]]:
    """Return what the streams say of the past, raw [n, K] in order of time, by sensor.

    For arguments see `calibrated`.
    """
    series = without_doubtful(past.series, past.doubts)
    directory = SensorDirectory([commission.channels], len(series))
    if choice is not None:
        directory.groups[0].model = choice
    player = Player(series, directory, core.window_stride_readings)
    pipeline = Pipeline(directory, dataclasses.replace(core, collect=True))
    pipeline.install(0, commission, model)
    engine, collected = Engine(pipeline, scorer or TorchScorer({}, "cpu")), Collected()
    for step in player.steps():
        engine.feed(step.batches, step.now_seconds, collected.add)
        if step.tick:
            on_progress(Progress("playing the past through it", step.played, player.rows))
    ids = directory.groups[0].ids
    times, raw = collected.times_seconds(ids), collected.raw(ids)
    cuts = {one.sensor: one.cuts_seconds for one in series}
    for sensor, virtual in times.items():
        recorded = virtual + player.recorded_seconds(sensor, 0.0)
        raw[sensor] = past.doubts.without_false_gaps(sensor, recorded, raw[sensor], cuts[sensor])
    return raw


def nothing_left(left_out: LeftOut) -> str:
    """Return in a sentence why there is nothing to learn from, and what to do."""
    why = ", ".join(f"{counted(rows, 'row')}: {reason}" for reason, rows in left_out.by_reason().items())
    return (
        f"nothing is left to learn from ({why}); say what the episodes were with `offbeat episodes label`, or end a "
        "freeze with `offbeat thaw`"
    )


def too_little(channels: Sequence[str], enough: Enough, rows: Mapping[str, int]) -> str:
    """Return in a sentence why nothing is learnt of sensors with so many rows each, and what to do."""
    most = max(rows, key=lambda sensor: (rows[sensor], sensor))
    return (
        f"too little is left to learn from of {counted(len(rows), 'sensor')} with {', '.join(channels)}: the most has "
        f"{most} with {counted(rows[most], 'reading')}, expected at least {enough.readings}; record for longer, or say "
        "what its episodes were with `offbeat episodes label`"
    )


def without_doubtful(series: Sequence[Series], doubts: Doubts) -> list[Series]:
    """Return the recordings without the rows that nothing is to be learnt from."""
    return [one.where(~doubts.of(one.sensor, one.times_seconds)) for one in series]
