"""One score for each row of labelled cases, made in the same way for every detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat_models.batch import pad
from offbeat_models.held_back_faults import CLEAN, LEAD_ROWS, Case
from offbeat_models.served import ServedScorer

MOST_NLL = 8.0
VALUE_ROWS = 16
GAP_ROWS = 8
WINDOW_STRIDE = 4
CASES_PER_CALL = 256
LEAST_SPREAD = 0.1
"""In nats."""

Floats = NDArray[np.float32]


def score_cases(
    scorer: ServedScorer, cases: Sequence[Case], rows: Sequence[int], units: Sequence[float]
) -> list[Floats]:
    """Return the score of each case's rows behind its lead.

    A row's streams - value, its mean, the window - are brought to each sensor's own scale on clean cases and averaged;
    the mean over gaps speaks beside them, as it does in service.

    Args:
        scorer: with room for `CASES_PER_CALL` sensors.
        cases: to be scored.
        rows: row of each series in the scorer's tables.
        units: median gap of each series in seconds.
    """
    streams: list[Floats] = []
    for start in range(0, len(cases), CASES_PER_CALL):
        streams += _streams(scorer, cases[start : start + CASES_PER_CALL], rows, units)
    scales = _scales(cases, streams)
    return [
        _together((s - scales[case.sensor][0]) / scales[case.sensor][1])
        for case, s in zip(cases, streams, strict=True)
    ]


def _streams(
    scorer: ServedScorer, cases: Sequence[Case], rows: Sequence[int], units: Sequence[float]
) -> list[Floats]:
    """Return the streams of each case's rows behind the lead, [n, 4]."""
    lengths = np.array([len(case.times_seconds) for case in cases])
    longest, slots = int(lengths.max()), np.arange(len(cases))
    row = np.array([rows[case.sensor] for case in cases])
    x, mask = (
        pad([case.x for case in cases], longest),
        pad([case.mask.astype(np.float32) for case in cases], longest),
    )
    time = [((c.times_seconds - c.times_seconds[0]) / units[c.sensor]).astype(np.float32) for c in cases]
    gap = pad([np.diff(t, prepend=t[:1]) for t in time], longest)
    lead = np.full(len(cases), LEAD_ROWS)
    cut = slice(None, LEAD_ROWS), slice(LEAD_ROWS, None)
    scorer.encode(slots, row, x[:, cut[0]], mask[:, cut[0]], gap[:, cut[0]], lead)
    said = scorer.step(slots, row, x[:, cut[1]], mask[:, cut[1]], gap[:, cut[1]], lengths - LEAD_ROWS)
    window = np.full((len(cases), longest - LEAD_ROWS), np.nan, np.float32)
    for end in range(LEAD_ROWS, longest, WINDOW_STRIDE):
        here = np.flatnonzero(lengths > end)
        tau = np.stack([t[: end + 1] - t[end] for t in (time[i] for i in here)])
        part = scorer.window(
            row[here], x[here, : end + 1], mask[here, : end + 1], tau, np.full(len(here), end + 1), VALUE_ROWS
        )
        window[here, end - LEAD_ROWS : end - LEAD_ROWS + WINDOW_STRIDE] = part.nll[:, None]
    value = _over_channels(said.value_nll)
    each = np.stack([value, _running(value, VALUE_ROWS), window, _running(said.gap_nll, GAP_ROWS)], axis=2)
    return [each[i, : n - LEAD_ROWS] for i, n in enumerate(lengths)]


def _over_channels(nll: Floats) -> Floats:
    known = np.isfinite(nll)
    total = np.where(known, np.minimum(nll, MOST_NLL), 0.0).sum(axis=2)
    count = known.sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _running(values: Floats, rows: int) -> Floats:
    """Return the mean over the last rows where something was said, [N, L]."""
    known = np.isfinite(values)
    total = np.cumsum(np.where(known, values, 0.0), axis=1, dtype=np.float64)
    count = np.cumsum(known, axis=1)
    total[:, rows:] -= total[:, :-rows].copy()
    count[:, rows:] -= count[:, :-rows].copy()
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _scales(cases: Sequence[Case], streams: Sequence[Floats]) -> dict[int, tuple[Floats, Floats]]:
    """Return (median, spread) of each stream on a sensor's clean cases."""
    scales = {}
    for sensor in {case.sensor for case in cases}:
        parts = [
            s for case, s in zip(cases, streams, strict=True) if case.sensor == sensor and case.kind == CLEAN
        ]
        clean = np.concatenate(parts or [np.zeros((1, 4), np.float32)])
        clean = np.where(np.isfinite(clean).any(axis=0), clean, 0.0)
        middle, high = np.nanquantile(clean, [0.5, 0.95], axis=0)
        # The quantiles alone would make a rare but ordinary jump of a sensor that mostly rests look enormous.
        spread = np.maximum(np.maximum(high - middle, np.nanstd(clean, axis=0)), LEAST_SPREAD)
        scales[sensor] = middle.astype(np.float32), spread.astype(np.float32)
    return scales


def _together(streams: Floats) -> Floats:
    known = np.isfinite(streams)
    filled = np.where(known, streams, 0.0)
    values = filled[:, :3].sum(axis=1) / np.maximum(known[:, :3].sum(axis=1), 1)
    return np.asarray(np.maximum(values, filled[:, 3]), np.float32)
