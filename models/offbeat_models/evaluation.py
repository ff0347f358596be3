"""How well scores rank labelled rows: average precision, and recall at a share of false alarms."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _ranked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (true, false positives) at or above each distinct score, highest first."""
    truth, score = np.asarray(labels, bool).ravel(), np.asarray(scores, np.float64).ravel()
    if truth.shape != score.shape:
        raise ValueError(
            f"{truth.size} labels and {score.size} scores; expected as many of one as of the other"
        )
    score = np.where(np.isnan(score), -np.inf, score)
    order = np.argsort(-score, kind="stable")
    truth, score = truth[order], score[order]
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    hits = np.cumsum(truth)[ends]
    return hits.astype(np.int64), (ends + 1 - hits).astype(np.int64)


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the mean precision over labelled rows, equal scores together; NaN without any label.

    Args:
        labels: True where a fault is.
        scores: higher = stranger; NaN ranks lowest.
    """
    if not np.any(labels):
        return float("nan")
    hits, false = _ranked(labels, scores)
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / (hits + false)).sum() / hits[-1])


def recall_at(labels: ArrayLike, scores: ArrayLike, false_share: float = 0.01) -> float:
    """Return the recall with at most `false_share` of unlabelled rows alarmed; NaN without any label.

    Args:
        labels: True where a fault is.
        scores: higher = stranger; NaN ranks lowest.
        false_share: allowed share of false alarms.
    """
    if not np.any(labels):
        return float("nan")
    hits, false = _ranked(labels, scores)
    allowed = false <= false_share * max(int(false[-1]), 1) + 1e-9
    return float(hits[allowed][-1] / hits[-1]) if allowed.any() else 0.0
