"""Scores and episodes against labelled events: nothing is point-adjusted, and a range gets no discount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.replay.labels import Spans
from offbeat.replay.splits import Splits
from offbeat_models.evaluation import average_precision

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """How the rows of one series were scored.

    Attributes:
        times_seconds: event times, in recorded order [n].
        score: larger = stranger; NaN = not judged [n].
    """

    times_seconds: Doubles
    score: NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Alarms:
    """What alarms were worth.

    Attributes:
        events: that reach into the test part.
        found: of these, with an alarm raised inside.
        median_delay_share: of the first such alarm, as a share of its event; None without any.
        false: alarms outside every event.
        sensor_weeks: of test time.
    """

    events: int
    found: int
    median_delay_share: float | None
    false: int
    sensor_weeks: float

    @property
    def found_share(self) -> float | None:
        """Share of the events that were found."""
        return self.found / self.events if self.events else None

    @property
    def false_per_week(self) -> float | None:
        """False alarms per sensor and week."""
        return self.false / self.sensor_weeks if self.sensor_weeks else None


def labelled(times_seconds: Doubles, spans: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """Return which times lie in one of the spans, ends included."""
    label = np.zeros(len(times_seconds), np.bool_)
    for start, end in spans:
        label |= (times_seconds >= start) & (times_seconds <= end)
    return label


def test_spans(spans: Sequence[tuple[float, float]], test_from: float) -> list[tuple[float, float]]:
    """Return the events that reach into the test part."""
    return [span for span in spans if span[1] >= test_from]


def precision_by_series(scored: Mapping[str, Scored], labels: Spans, splits: Splits) -> dict[str, float]:
    """Return the average precision per reading of each series whose judged test rows hold an event and more."""
    out = {}
    for name, one in scored.items():
        start = splits.test_from(name)
        keep = (one.times_seconds >= start) & np.isfinite(one.score)
        label = labelled(one.times_seconds[keep], test_spans(labels.get(name, []), start))
        if label.any() and not label.all():
            out[name] = average_precision(label, one.score[keep])
    return out


def chance_by_series(scored: Mapping[str, Scored], labels: Spans, splits: Splits) -> dict[str, float]:
    """Return the average precision of a score that knows nothing: the share of rows that are labelled."""
    constant = {
        name: Scored(one.times_seconds, np.where(np.isfinite(one.score), 0.0, np.nan))
        for name, one in scored.items()
    }
    return precision_by_series(constant, labels, splits)


def judge_alarms(
    scored: Mapping[str, Scored], opened: Mapping[str, Sequence[float]], labels: Spans, splits: Splits
) -> Alarms:
    """Return what the alarms of all series were worth.

    Args:
        scored: series and their rows; a series without judged test rows does not count.
        opened: when an alarm was raised, by series.
        labels: events by series.
        splits: where the test parts begin.
    """
    events, delays, false, weeks = 0, [], 0, 0.0
    for name, one in scored.items():
        start = splits.test_from(name)
        times = one.times_seconds[(one.times_seconds >= start) & np.isfinite(one.score)]
        if not len(times):
            continue
        spans = test_spans(labels.get(name, []), start)
        alarms = [at for at in opened.get(name, ()) if at >= start]
        events += len(spans)
        for begin, end in spans:
            inside = [at for at in alarms if max(begin, start) <= at <= end]
            if inside:
                delays.append((min(inside) - begin) / max(end - begin, 1e-9))
        false += sum(not any(begin <= at <= end for begin, end in spans) for at in alarms)
        weeks += float(np.ptp(times)) / WEEK_SECONDS
    delay = float(np.median(delays)) if delays else None
    return Alarms(events, len(delays), delay, false, weeks)


def mean(values: Mapping[str, float]) -> float | None:
    """Return the mean over series; None without any."""
    return float(np.mean(list(values.values()))) if values else None
