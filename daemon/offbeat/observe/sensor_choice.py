"""Which sensors have metrics of their own at a scrape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.config.sensor_choice import SensorChoice

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]


def chosen(choice: SensorChoice, groups: Sequence[tuple[Bools, Doubles]]) -> list[Bools]:
    """Return which sensors of each group are exposed.

    Args:
        choice: of the settings.
        groups: for each group who has an open episode, bool [n], and the scores, [n]; NaN ranks last.
    """
    if choice.policy == "all":
        return [np.ones(len(score), np.bool_) for _, score in groups]
    if choice.policy == "off":
        return [np.zeros(len(score), np.bool_) for _, score in groups]
    if choice.policy == "anomalous":
        return [is_anomalous.copy() for is_anomalous, _ in groups]
    return _strangest([score for _, score in groups], choice.most)


def _strangest(scores: list[Doubles], most: int) -> list[Bools]:
    if not scores:
        return []
    together = np.concatenate([np.nan_to_num(score, nan=-np.inf) for score in scores])
    keep = np.zeros(len(together), np.bool_)
    keep[np.argsort(-together, kind="stable")[:most]] = True
    return list(np.split(keep, np.cumsum([len(score) for score in scores])[:-1]))
