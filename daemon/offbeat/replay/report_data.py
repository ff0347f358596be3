"""What the report's script draws: one JSON object a sensor, thinned to what a screen can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.judged import JudgedSeries
from offbeat.replay.report_episodes import Episode
from offbeat.replay.thinning import Bins, rounded

MOST_BINS = 1500
FEWEST_BINS = 150
BYTES_FOR_DATA = 7_000_000
_BYTES_PER_POINT = 7.0
MOST_CHANNELS = 40
GAP_BREAKS_LINE_MEDIANS = 12.0


def bins_for(judged: Sequence[JudgedSeries]) -> int:
    """Return how many points a plot may have so that the whole report stays small enough to send."""
    columns = sum(2 + 4 * min(len(one.series.channels), MOST_CHANNELS) for one in judged)
    return int(np.clip(BYTES_FOR_DATA / _BYTES_PER_POINT / max(columns, 1), FEWEST_BINS, MOST_BINS))


def series_data(
    judged: JudgedSeries,
    episodes: Sequence[Episode],
    labels: Sequence[tuple[float, float]],
    units: Mapping[str, str],
    most_bins: int,
) -> dict[str, Any]:
    """Return what is drawn of one sensor. Times are seconds after `t0`, rounded to what can be seen."""
    series = judged.series
    bins = Bins.of(series.times_seconds, most_bins)
    t0 = float(bins.times_seconds[0]) if len(bins.times_seconds) else 0.0
    span = float(bins.times_seconds[-1]) - t0 if len(bins.times_seconds) else 0.0
    return {
        "t0": t0,
        "t": rounded(bins.times_seconds - t0, span),
        "gap": _breaking_gap(bins.times_seconds),
        "thinned": bins.is_thinned,
        "score": rounded(bins.highest(judged.score), _span(judged.score)),
        "channels": [
            _channel(judged, bins, i, units.get(name, ""))
            for i, name in enumerate(series.channels[:MOST_CHANNELS])
        ],
        "episodes": [_mark(episode, t0) for episode in episodes],
        "labels": [[a - t0, b - t0] for a, b in labels],
    }


def _channel(judged: JudgedSeries, bins: Bins, index: int, unit: str) -> dict[str, Any]:
    values = judged.series.values[:, index]
    finite = values[np.isfinite(values)]
    data: dict[str, Any] = {"name": judged.series.channels[index], "unit": unit}
    if not len(finite):
        return data | {"empty": True}
    if finite.min() == finite.max():
        return data | {"constant": float(f"{finite[0]:.7g}")}
    span = _span(values)
    data["lo"] = rounded(bins.lowest(values), span)
    if bins.is_thinned:
        data["hi"] = rounded(bins.highest(values), span)
    if judged.low is not None and judged.high is not None:
        data["low"] = rounded(bins.lowest(judged.low[:, index]), span)
        data["high"] = rounded(bins.highest(judged.high[:, index]), span)
    return data


def _mark(episode: Episode, t0: float) -> dict[str, Any]:
    return {
        "a": round(episode.started_at - t0, 3),
        "o": round(episode.opened_at - t0, 3),
        "b": None if episode.ended_at is None else round(episode.ended_at - t0, 3),
        "family": episode.family,
        "kind": episode.kind,
    }


def _span(column: NDArray[np.float32]) -> float:
    finite = column[np.isfinite(column)]
    return float(np.ptp(finite.astype(np.float64))) if len(finite) else 0.0


def _breaking_gap(times_seconds: NDArray[np.float64]) -> float:
    gaps = np.diff(times_seconds)
    gaps = gaps[gaps > 0]
    return float(GAP_BREAKS_LINE_MEDIANS * np.median(gaps)) if len(gaps) else 0.0
