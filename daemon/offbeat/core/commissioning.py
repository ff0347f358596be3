"""Learning a commission from recordings, in passes.

commission = fit_normaliser_and_ridge(channels, recordings)
# play every recording through the production streams with it; collect the raw values [n, K] of each sensor
commission = calibrate_streams(commission, raw)
# fuse their surprises: g and F, [n, Q] each, of each sensor
commission = calibrate_tracks(commission, fused)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core import ridge, shape, tail
from offbeat.core.bout_tail import with_bout_tails
from offbeat.core.calibration import FrozenCalibration
from offbeat.core.commission import Commission
from offbeat.core.episode_rules import WEEK_SECONDS, EpisodeRules
from offbeat.core.fusion import Fused
from offbeat.core.recording import Recording
from offbeat.core.streams.base import Floats
from offbeat.core.streams.pace import log_of
from offbeat.core.streams.stuck import run_length, runs_of
from offbeat_models.windows import robust_center_scale

UNKNOWN_GAP_SECONDS = 60.0
USUAL_PACE = 0.0
"""Mean log of gaps in median gaps of nobody knows whom."""
CONSTANT_SHARE = 0.05
"""Scale of a channel that never moved, as a share of the fleet's scale of that channel."""
RUN_SHARE = 0.02
"""Share of the rows that lie above the level at which runs of the alarm are measured."""
FEWEST_RUNS = 10.0
FEWEST_STEPS = 8
LEAST_STEP = 1e-3
RULES = EpisodeRules()

_POOL = 200_000


def fit_normaliser_and_ridge(channels: tuple[str, ...], recordings: Sequence[Recording]) -> Commission:
    """Learn everything but the calibrations. Row r + 1 of the result is recordings[r].sensor.

    Args:
        channels: names of the group's channels.
        recordings: rows before the test period; any number of them, of any length, with any channel missing.
    """
    values = [np.where(np.isfinite(r.values), r.values, np.float32(np.nan)) for r in recordings]
    normaliser = _fit_normaliser(values, len(channels))
    units = [_gap_unit(r.times_seconds) for r in recordings]
    rates = [_rows_per_week(r) for r in recordings]
    commission = Commission(
        channels=channels,
        sensors=tuple(r.sensor for r in recordings),
        center=normaliser.center,
        scale=normaliser.scale,
        constant=normaliser.constant,
        resolution=normaliser.resolution,
        gap_unit_seconds=_with_fleet(units, UNKNOWN_GAP_SECONDS),
        rows_per_week=_with_fleet(rates, WEEK_SECONDS / UNKNOWN_GAP_SECONDS),
        pace=np.zeros(len(recordings) + 1, np.float32),
        step=np.ones((len(recordings) + 1, len(channels)), np.float32),
        ridge=ridge.nothing_learnt(len(channels)),
        shape=shape.fit([], [], np.zeros((1, len(channels)), np.bool_)),
        runs=FrozenCalibration.fit([], len(channels)),
    )
    gaps = [_gaps(r.times_seconds, commission.gap_unit_seconds[i]) for i, r in enumerate(recordings, 1)]
    z = [_normalise(commission, i, v) for i, v in enumerate(values, 1)]
    return replace(
        commission,
        pace=_with_fleet([_pace(gap) for gap in _within_cuts(recordings, gaps)], USUAL_PACE).astype(
            np.float32
        ),
        step=_fit_steps(z, gaps, len(channels)),
        ridge=ridge.fit(z, gaps) if recordings else commission.ridge,
        shape=shape.fit(z, gaps, normaliser.constant),
        runs=_fit_runs(values, _within_cuts(recordings, gaps), len(channels)),
        still_rows=_still_rows(values, normaliser.constant),
    )


def calibrate_streams(commission: Commission, raw: Mapping[str, Floats]) -> Commission:
    """Return the commission with the law of each stream.

    Args:
        commission: what is known so far.
        raw: raw values [n, K] of each sensor's training rows, by sensor id, in time order; a sensor may be
            absent.
    """
    samples, columns = _by_row(commission, raw)
    return replace(commission, streams=FrozenCalibration.fit(samples, columns))


def calibrate_tracks(commission: Commission, fused: Mapping[str, Fused]) -> Commission:
    """Return the commission with the laws of g (alarm) and of F (severity) and the lengths of their runs.

    Args:
        commission: with calibrated streams.
        fused: g and F of each sensor's training rows, by sensor id, in time order.
    """
    g, columns = _by_row(commission, {sensor: one.surprise for sensor, one in fused.items()})
    f, _ = _by_row(commission, {sensor: one.severity for sensor, one in fused.items()})
    law, rows_of_bout = with_bout_tails(FrozenCalibration.fit(f, columns, shape=tail.SURPRISE), f)
    return replace(
        commission,
        alarm=FrozenCalibration.fit(g, columns, shape=tail.SURPRISE),
        severity=law,
        alarm_run=_run_lengths(g, columns),
        severity_run=rows_of_bout,
    )


@dataclass(frozen=True, slots=True)
class _Normaliser:
    center: Floats
    scale: Floats
    constant: NDArray[np.bool_]
    resolution: Floats


def _fit_normaliser(values: list[Floats], channels: int) -> _Normaliser:
    """Learn center and scale of every channel of the fleet (row 0) and of each sensor."""
    shape = (len(values) + 1, channels)
    center, scale, resolution = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for c in range(channels):
        columns = [column[np.isfinite(column)].astype(np.float64) for column in (v[:, c] for v in values)]
        points = int(np.clip(_POOL // max(len(columns), 1), 32, 1024))
        pooled = [np.quantile(x, (np.arange(points) + 0.5) / points) for x in columns if len(x)]
        rows = [np.concatenate(pooled) if pooled else np.zeros(0), *columns]
        for r, x in enumerate(rows):
            if len(x):
                center[r, c], scale[r, c] = robust_center_scale(x)
                steps = np.diff(np.unique(x))
                resolution[r, c] = steps.min() if len(steps) else 0.0
        empty = np.array([len(x) == 0 for x in rows])
        center[empty, c] = center[0, c]
    constant = scale == 0
    constant[0] = False  # of a sensor that was never seen nobody knows what it holds still at
    known = scale[:1] > 0
    rest = np.where(center != 0, 1e-4 * np.abs(center), 1.0)
    floor = np.where(known, CONSTANT_SHARE * scale[:1], rest)
    scale = np.where(scale == 0, floor, np.maximum(scale, 1e-6 * np.abs(center)))
    return _Normaliser(
        center.astype(np.float32),
        np.maximum(scale, 1e-30).astype(np.float32),
        constant,
        resolution.astype(np.float32),
    )


def _still_rows(values: list[Floats], constant: NDArray[np.bool_]) -> Floats:
    """Return in how many rows each channel was seen, [R, C]; 0 for the fleet, and for sensors that moved at all."""
    rows = np.zeros(constant.shape, np.float32)
    for r, sensor in enumerate(values, 1):
        seen = np.isfinite(sensor).sum(axis=0)
        rows[r] = np.where(constant[r][seen > 0].all(), seen, 0)
    return rows


def _normalise(commission: Commission, row: int, values: Floats) -> Floats:
    """Return z-scores of one recording, NaN where not observed."""
    seen = np.isfinite(values)
    z = commission.normalise(np.full(len(values), row, np.intp), np.where(seen, values, 0), seen)
    return np.where(seen, z, np.float32(np.nan))


def _gap_unit(times_seconds: NDArray[np.float64]) -> float:
    """Return the median gap, NaN where time never moves."""
    gaps = np.diff(times_seconds)
    gaps = gaps[gaps > 0]
    return float(np.median(gaps)) if len(gaps) else float("nan")


def _rows_per_week(recording: Recording) -> float:
    """Return the rate over all that was recorded, NaN where time never moves."""
    gaps = np.diff(recording.times_seconds)[~recording.after_cut[1:]]
    span = float(gaps.sum())
    return len(gaps) * WEEK_SECONDS / span if span > 0 else float("nan")


def _within_cuts(recordings: Sequence[Recording], gaps: list[Floats]) -> list[Floats]:
    """Return the gaps, NaN where one is only there because nothing was recorded."""
    return [
        np.where(one.after_cut, np.float32(np.nan), gap) for one, gap in zip(recordings, gaps, strict=True)
    ]


def _with_fleet(values: list[float], unknown: float) -> NDArray[np.float64]:
    """Return the fleet's median before the sensors' values; the median or `unknown` where a value is NaN."""
    own = np.array(values, np.float64)
    known = own[np.isfinite(own)]
    fleet = float(np.median(known)) if len(known) else unknown
    return np.concatenate([[fleet], np.where(np.isfinite(own), own, fleet)])


def _gaps(times_seconds: NDArray[np.float64], unit_seconds: float) -> Floats:
    """Return gaps in median gaps, NaN for the first row."""
    gaps = np.diff(times_seconds, prepend=np.nan) if len(times_seconds) else times_seconds
    return (gaps / unit_seconds).astype(np.float32)


def _pace(gap: Floats) -> float:
    """Return the mean log of gaps, NaN where there are none."""
    logs = log_of(gap[gap > 0])
    return float(logs.mean(dtype=np.float64)) if len(logs) else float("nan")


def _fit_steps(z: list[Floats], gaps: list[Floats], channels: int) -> Floats:
    """Return the usual step of each channel of the fleet (the sensors' median) and of each sensor, [R, C]."""
    own = np.full((len(z), channels), np.nan)
    for r, (values, gap) in enumerate(zip(z, gaps, strict=True)):
        elapsed = np.cumsum(np.where(np.isfinite(gap), gap, 0.0))
        for c in range(channels):
            rows = np.flatnonzero(np.isfinite(values[:, c]))
            if len(rows) > FEWEST_STEPS:
                steps = np.diff(values[rows, c].astype(np.float64)) / ridge.spread(np.diff(elapsed[rows]))
                own[r, c] = max(robust_center_scale(steps)[1], LEAST_STEP)
    known = np.isfinite(own)
    fleet = np.array([np.median(own[known[:, c], c]) if known[:, c].any() else 1.0 for c in range(channels)])
    return np.concatenate([fleet[None], np.where(known, own, fleet)]).astype(np.float32)


def _fit_runs(values: list[Floats], gaps: list[Floats], channels: int) -> FrozenCalibration:
    """Learn the law of run lengths of each channel.

    With few runs the tail is as wide as the longest of them: three set points in a month say little of the
    fourth.
    """
    lengths = [[_lengths(v[:, c], gap) for c in range(channels)] for v, gap in zip(values, gaps, strict=True)]
    samples = [_padded(sensor) for sensor in lengths]
    law = FrozenCalibration.fit(samples, channels, fewest=1)
    longest = np.array([[max(x, default=0.0) for x in sensor] for sensor in lengths]).reshape(-1, channels)
    longest = np.concatenate([longest.max(axis=0, initial=0.0)[None], longest])
    least = FEWEST_RUNS * longest / np.maximum(law.count, 1.0)
    return replace(law, sigma=np.maximum(law.sigma, least).astype(np.float32))


def _lengths(values: Floats, gap: Floats) -> NDArray[np.float32]:
    """Return the length of every run of one value in one channel, the unfinished last one among them."""
    rows, firsts, lasts = runs_of(values)
    elapsed = np.cumsum(np.where(np.isfinite(gap), gap, 0.0))[rows]
    return run_length(
        (lasts - firsts + 1).astype(np.float32), (elapsed[lasts] - elapsed[firsts]).astype(np.float32)
    )


def _padded(columns: list[NDArray[np.float32]]) -> Floats:
    """Return columns of unequal length side by side, NaN padded."""
    sample = np.full((max((len(x) for x in columns), default=0), len(columns)), np.nan, np.float32)
    for c, x in enumerate(columns):
        sample[: len(x), c] = x
    return sample


def _by_row(commission: Commission, values: Mapping[str, Floats]) -> tuple[list[Floats], int]:
    """Return the values in the order of the commission's rows, and their number of columns."""
    columns = next((v.shape[1] for v in values.values()), 1)
    nothing = np.zeros((0, columns), np.float32)
    return [values.get(sensor, nothing) for sensor in commission.sensors], columns


def _run_lengths(samples: list[Floats], columns: int) -> Floats:
    """Return how many rows above the 98th percentile are one episode, [R, Q]; row 0 is the sensors' median."""
    own = np.ones((len(samples), columns))
    for r, sample in enumerate(samples):
        for q in range(columns):
            own[r, q] = _run_length(sample[:, q][np.isfinite(sample[:, q])])
    fleet = np.median(own, axis=0) if len(own) else np.ones(columns)
    return np.concatenate([fleet[None], own]).astype(np.float32)


def _run_length(sample: Floats) -> float:
    """Return the rows above the 98th percentile by episode of them, 1 where there is none.

    As in service an episode lasts until some rows in a row are calm: clearly below what opens it.
    """
    if not len(sample):
        return 1.0
    calm_share = RUN_SHARE * 10.0**RULES.margin
    strange = sample > np.quantile(sample, 1.0 - RUN_SHARE)
    hot = np.flatnonzero(sample > np.quantile(sample, 1.0 - calm_share))
    if not strange.any():
        return 1.0
    episode = np.concatenate([[0], np.cumsum(np.diff(hot) > RULES.close_rows)])
    return float(np.count_nonzero(strange) / len(np.unique(episode[strange[hot]])))
