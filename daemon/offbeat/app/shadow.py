"""A model on trial: it judges the newest stretch of the log through the production path, beside the one in service."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from offbeat.app.artifacts import GroupArtifact
from offbeat.app.backtest import play_learnt
from offbeat.app.scorers import long_scorer
from offbeat.core.commission import Commission
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.streams.registry import STREAM_NAMES
from offbeat.errors import OffbeatError
from offbeat.learn.collected import Collected
from offbeat.learn.injected import Injected, with_faults
from offbeat.learn.progress import OnProgress, Progress, silent
from offbeat.learn.trial import Terms, TrialFigures, Verdict, judge, judge_first
from offbeat.learn.trials import RECALL
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import common_start_shifts
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.baselines.registry import BASELINES
from offbeat_models.device import choose_device
from offbeat_models.served import scorer_of
from offbeat_models.windows import SQUASH_FROM

Doubles = NDArray[np.float64]

SHARE = 0.2
"""Of the rows of each sensor, the newest, that no candidate learns from."""

LONGEST_SECONDS = 86_400.0
"""A stretch is no longer, if it has rows enough: what is newer is worth more to the model than to its trial."""

MOST_SENSORS = 24
MOST_ROWS = 20_000
FEWEST_ROWS = 24
MOST_NATS = 4.0
"""By how much one row may speak for a model: one strange reading must not decide."""

VALUE = STREAM_NAMES.index("value")


@dataclasses.dataclass(frozen=True, slots=True)
class Stretch:
    """The newest part of recordings.

    Attributes:
        series: of the sensors that take part, with the rows before the stretch that windows need.
        since_seconds: where the stretch begins, by sensor.
    """

    series: list[Series]
    since_seconds: Mapping[str, float]


def hold_back(series: Sequence[Series], lead_rows: int) -> tuple[list[Series], Stretch]:
    """Return what to learn from, and the newest stretch to judge by.

    Args:
        series: recordings of a group.
        lead_rows: rows that fill a window.

    Raises:
        OffbeatError: no sensor has enough rows for both.
    """
    since = {one.sensor: _begin(one) for one in series}
    learn = [before for one in series if len(before := one.before(since[one.sensor])) > 1]
    able = [one for one in series if len(one.since(since[one.sensor])) >= FEWEST_ROWS]
    able = [one for one in able if any(one.sensor == other.sensor for other in learn)]
    if not able:
        longest = max((len(one) for one in series), default=0)
        raise OffbeatError(
            f"the longest of {len(series)} recordings has {longest} rows; to learn from them and to judge what was "
            f"learnt, {int(FEWEST_ROWS / SHARE)} are needed"
        )
    chosen = [able[i] for i in np.unique(np.linspace(0, len(able) - 1, MOST_SENSORS).astype(int))]
    most = max(MOST_ROWS // len(chosen), FEWEST_ROWS)
    begins = {one.sensor: max(since[one.sensor], _newest(one, most)) for one in chosen}
    played = [one.since(begins[one.sensor], lead_rows) for one in chosen]
    return learn, Stretch(played, begins)


def _begin(one: Series) -> float:
    times = np.sort(one.times_seconds)
    longest = min(times[-1] - LONGEST_SECONDS, times[-min(FEWEST_ROWS, len(times))])
    return float(max(times[int((1.0 - SHARE) * (len(times) - 1))], longest))


def _newest(one: Series, rows: int) -> float:
    times = np.sort(one.times_seconds)
    return float(times[max(0, len(times) - rows)])


def try_out(
    candidate: GroupArtifact,
    incumbent: GroupArtifact | None,
    stretch: Stretch,
    core: CoreSettings,
    heard: Sequence[str],
    data_ratio: float = 1.0,
    on_progress: OnProgress = silent,
) -> Verdict:
    """Return whether a candidate should be in service.

    Args:
        candidate: just trained, and not on the stretch.
        incumbent: in service; None if there is none.
        stretch: to judge.
        core: numbers of the core; as in service.
        heard: sensors of the group.
        data_ratio: time that the candidate was learnt from over that of the incumbent.
        on_progress: is told how far it is.
    """
    spoilt, faults = _spoil(stretch)
    artifacts = [candidate] if incumbent is None else [candidate, incumbent]
    shadows = []
    for number, artifact in enumerate(artifacts):
        on_progress(Progress("judging the newest stretch", number, len(artifacts)))
        shadows.append(_Shadow.of(artifact, stretch, spoilt, faults, core))
    own = shadows[0]
    terms = Terms(
        sensors=len(stretch.series),
        weeks=sum(float(np.ptp(one.times_seconds[_within(one, stretch)])) for one in stretch.series)
        / WEEK_SECONDS,
        budget_per_week=core.budget_per_week,
        new_sensors=_unknown_to(incumbent, candidate, heard),
        heard=len(heard),
        data_ratio=data_ratio,
    )
    if incumbent is None:
        other, (better, reason) = None, judge_first(own.figures, terms)
    else:
        other = shadows[1]
        better, reason = judge(own.figures, other.figures, _gains(own, other), terms)
    return Verdict(
        version=candidate.version,
        against="" if incumbent is None else incumbent.version,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        better=better,
        reason=reason,
        figures=_figures(own, other, terms),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Shadow:
    """What one model said: its figures, and what each row cost it in nats a value, by sensor."""

    figures: TrialFigures
    nats: Mapping[str, Doubles]

    @classmethod
    def of(
        cls,
        artifact: GroupArtifact,
        stretch: Stretch,
        spoilt: Sequence[Series],
        faults: Sequence[Injected],
        core: CoreSettings,
    ) -> _Shadow:
        collected, ids = Collected(), [one.sensor for one in stretch.series]
        events = _opened(_play(artifact, stretch.series, core, collected), stretch)
        told = _opened(_play(artifact, spoilt, core), stretch)
        found = tuple(any(_tells(event, fault) for event in told) for fault in faults)
        figures = TrialFigures(found, len(events), len({event.sensor for event in events}))
        if artifact.name in BASELINES:
            return cls(figures, {})
        shifts = dict(zip(ids, common_start_shifts(stretch.series), strict=True))
        raw, times = collected.raw(ids), collected.times_seconds(ids)
        nats = {}
        for one in stretch.series:
            if artifact.commission.row_of(one.sensor) and one.sensor in raw:
                value = _in_own_units(artifact.commission, one, raw[one.sensor][:, VALUE])
                nats[one.sensor] = value[
                    times[one.sensor] + shifts[one.sensor] >= stretch.since_seconds[one.sensor]
                ]
        return cls(figures, nats)


def _spoil(stretch: Stretch) -> tuple[list[Series], list[Injected]]:
    spoilt, faults = [], []
    for seed, one in enumerate(stretch.series):
        made, own = with_faults(one.recording(), stretch.since_seconds[one.sensor], seed)
        spoilt.append(dataclasses.replace(one, times_seconds=made.times_seconds, values=made.values))
        faults += own
    return spoilt, faults


def _play(
    artifact: GroupArtifact, series: Sequence[Series], core: CoreSettings, collected: Collected | None = None
) -> list[EpisodeEvent]:
    device = choose_device("cpu")
    long = {} if artifact.long is None else {0: long_scorer(artifact.long, device)}
    scorer = TorchScorer({0: scorer_of(artifact.model, len(series), device)}, str(device), long)
    core = dataclasses.replace(core, collect=collected is not None)
    also = (lambda _: None) if collected is None else collected.add
    model = (artifact.name, artifact.version)
    return play_learnt(artifact.commission, scorer, model, artifact.choice, series, core, also=also)[1]


def _opened(events: Sequence[EpisodeEvent], stretch: Stretch) -> list[EpisodeEvent]:
    return [e for e in events if e.event == "open" and e.updated_at >= stretch.since_seconds[e.sensor]]


def _tells(event: EpisodeEvent, fault: Injected) -> bool:
    return event.sensor == fault.sensor and fault.start_seconds <= event.updated_at <= fault.end_seconds


def _within(one: Series, stretch: Stretch) -> NDArray[np.bool_]:
    return np.asarray(one.times_seconds >= stretch.since_seconds[one.sensor])


def _in_own_units(commission: Commission, one: Series, nll: NDArray[np.float32]) -> Doubles:
    """Return what rows cost in nats a value as measured: by itself each model counts in its own normaliser's units."""
    values = one.recording().values
    if len(values) != len(nll):
        return np.full(len(nll), np.nan)
    row, mask = commission.row_of(one.sensor), np.isfinite(values)
    z = commission.normalise(
        np.full(len(values), row, np.intp), np.where(mask, values, np.float32(0.0)), mask
    )
    squashed = np.log1p(np.maximum(np.abs(z) - SQUASH_FROM, 0.0))
    per_value = np.where(mask, squashed + np.log(commission.scale[row]), np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(nll + np.nansum(per_value, axis=1) / np.maximum(mask.sum(axis=1), 1), np.float64)


def _gains(own: _Shadow, other: _Shadow) -> Doubles:
    """Return by sensor that both know by how many nats the candidate foretells the next value better."""
    gains = []
    for sensor in own.nats.keys() & other.nats.keys():
        if len(own.nats[sensor]) != len(other.nats[sensor]):
            continue
        gain = np.clip(other.nats[sensor] - own.nats[sensor], -MOST_NATS, MOST_NATS)
        if np.isfinite(gain).any():
            gains.append(float(np.nanmean(gain)))
    return np.array(gains)


def _unknown_to(incumbent: GroupArtifact | None, candidate: GroupArtifact, heard: Sequence[str]) -> int:
    if incumbent is None:
        return 0
    return sum(bool(candidate.commission.row_of(s)) and not incumbent.commission.row_of(s) for s in heard)


def _figures(
    own: _Shadow, other: _Shadow | None, terms: Terms
) -> dict[str, tuple[float | None, float | None]]:
    def of(one: _Shadow | None) -> dict[str, float | None]:
        if one is None:
            return {}
        means = [float(np.nanmean(nats)) for nats in one.nats.values() if np.isfinite(nats).any()]
        return {
            "nats a value": float(np.mean(means)) if means else None,
            RECALL: one.figures.recall,
            "injected faults": float(len(one.figures.found)),
            "alerts": float(one.figures.alerts),
            "alerts a sensor and week": one.figures.alerts / max(terms.weeks, 1e-9),
        }

    candidate, incumbent = of(own), of(other)
    return {name: (value, incumbent.get(name)) for name, value in candidate.items()}
