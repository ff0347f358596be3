"""Whether a model that was just trained is better than the one in service: the figures of both, and the rule.

Both judged the same rows, with and without faults put into them, by the production path. A difference counts when it is
more than chance, for a swap has a price: what the streams and the trailing calibration have got used to is begun anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.counted import counted

LEAST_NATS = 0.02
"""A likelihood of a value that differs by less is the same."""

CHANCE = 0.05
"""What comes about more often than that by chance is no difference."""

SURELY = 0.01
"""More alerts than the budget allows are too many if so few are likely under it."""

FEWEST_SENSORS = 3
"""Of fewer sensors nobody can say by how much their likelihoods differ by chance."""

LOUD_SHARE = 0.25
"""A first model that tells of more of the sensors than this, and of more than one, is not sane."""

MORE_SENSORS = 0.05
MORE_DATA = 2.0
"""As good as another, a model is wanted that knows this share of sensors more, or has seen so many times as much."""


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """What one model did in a trial.

    Attributes:
        found: which of the faults that were put in it told of.
        alerts: raised where no fault was put in.
        loud: sensors that raised them.
    """

    found: tuple[bool, ...]
    alerts: int
    loud: int

    @property
    def recall(self) -> float | None:
        """Share of the faults that were found; None without any."""
        return sum(self.found) / len(self.found) if self.found else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a trial is judged by beside the figures.

    Attributes:
        sensors: that took part.
        weeks: of all sensors together.
        budget_per_week: alerts that a sensor is allowed.
        new_sensors: that the candidate knows and the model in service does not.
        heard: sensors of the group.
        data_ratio: time that the candidate was learnt from over that of the model in service.
    """

    sensors: int
    weeks: float
    budget_per_week: float
    new_sensors: int = 0
    heard: int = 0
    data_ratio: float = 1.0

    def too_many(self, alerts: int) -> bool:
        """Tell whether alerts are more than the budget explains."""
        return _poisson_at_least(alerts, self.budget_per_week * self.weeks) < SURELY


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a trial.

    Attributes:
        version: that was tried.
        against: the version in service; empty if there was none.
        at: when, RFC 3339.
        better: whether it should be in service.
        promoted: whether it was put into service.
        reason: in one sentence.
        figures: by name: of the candidate, and of the model in service or None.
    """

    version: str
    against: str
    at: str
    better: bool
    reason: str
    figures: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    promoted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what `to_dict` gave. Raises TypeError, KeyError or ValueError where it is something else."""
        figures = {str(name): (pair[0], pair[1]) for name, pair in dict(content["figures"]).items()}
        return cls(**{**content, "figures": figures})


def judge_first(candidate: TrialFigures, terms: Terms) -> tuple[bool, str]:
    """Return whether a first model may be put into service, and why or why not."""
    sensors = counted(terms.sensors, "sensor")
    quiet = candidate.loud <= max(1, int(LOUD_SHARE * terms.sensors))
    if quiet or not terms.too_many(candidate.alerts):
        return (
            True,
            f"the first model: {counted(candidate.alerts, 'alert')} on {sensors} in the newest stretch",
        )
    return False, (
        f"{candidate.loud} of {sensors} would alert in the newest stretch: something happens there, "
        "or the model is wrong; it is trained anew later"
    )


def judge(
    candidate: TrialFigures, incumbent: TrialFigures, nats: NDArray[np.float64], terms: Terms
) -> tuple[bool, str]:
    """Return whether a candidate is better than the model in service, and why or why not.

    Args:
        candidate: figures of the model that was just trained.
        incumbent: figures of the one in service.
        nats: by sensor: by how many nats the next value is better foretold by the candidate; empty where nobody knows.
        terms: of the trial.
    """
    gains, losses = _differences(candidate, incumbent, nats, terms)
    if losses and not (
        list(gains) == ["alerts"] and "alerts" not in losses and _half_found(candidate, incumbent)
    ):
        also = f", though {' and '.join(gains.values())}" if gains else ""
        return False, f"{' and '.join(losses.values())}{also}"
    if gains:
        return True, " and ".join(gains.values())
    if terms.new_sensors and terms.new_sensors >= MORE_SENSORS * terms.heard:
        return True, f"as good, and it knows {terms.new_sensors} sensors more"
    if terms.data_ratio >= MORE_DATA:
        return True, f"as good, and learnt from {terms.data_ratio:.0f} times as long"
    return False, "no clear difference"


def _differences(
    candidate: TrialFigures, incumbent: TrialFigures, nats: NDArray[np.float64], terms: Terms
) -> tuple[dict[str, str], dict[str, str]]:
    gains: dict[str, str] = {}
    losses: dict[str, str] = {}
    if (nat := clear_nats(nats)) != 0.0:
        said = f"the next value is {abs(nat):.2f} nats {'better' if nat > 0 else 'worse'} foretold"
        (gains if nat > 0 else losses)["likelihood"] = said
    pairs = list(zip(candidate.found, incumbent.found, strict=True))
    won, lost = pairs.count((True, False)), pairs.count((False, True))
    found = f"faults are found ({sum(candidate.found)} of {len(pairs)} instead of {sum(incumbent.found)})"
    if by_chance(won, lost) < CHANCE:
        gains["faults"] = f"more {found}"
    elif by_chance(lost, won) < CHANCE:
        losses["faults"] = f"fewer {found}"
    alerts = f"{counted(candidate.alerts, 'alert')} instead of {incumbent.alerts} where nothing was put in"
    if terms.too_many(incumbent.alerts) and by_chance(incumbent.alerts, candidate.alerts) < CHANCE:
        gains["alerts"] = f"there are fewer alerts ({alerts})"
    elif terms.too_many(candidate.alerts) and by_chance(candidate.alerts, incumbent.alerts) < CHANCE:
        losses["alerts"] = f"there are too many alerts ({alerts})"
    return gains, losses


def clear_nats(nats: NDArray[np.float64]) -> float:
    """Return the mean gain over the sensors if it is more than chance, else 0."""
    if len(nats) < FEWEST_SENSORS:
        return 0.0
    mean, error = float(nats.mean()), float(nats.std(ddof=1) / math.sqrt(len(nats)))
    return mean if abs(mean) > max(LEAST_NATS, 2.0 * error) else 0.0


def by_chance(more: int, fewer: int) -> float:
    """Return how likely it is that one of two equals comes off so much better: the one-sided sign test."""
    trials = more + fewer
    if not trials:
        return 1.0
    if trials > 1000:  # nobody counts that far: the normal law does
        return 0.5 * math.erfc((more - 0.5 - trials / 2) / math.sqrt(trials / 2))
    return float(sum(math.comb(trials, k) for k in range(more, trials + 1)) / 2**trials)


def _poisson_at_least(count: int, expected: float) -> float:
    """Return the chance of so many events or more where some are expected."""
    if count <= 0:
        return 1.0
    if expected > 700.0:
        return 0.5 * math.erfc((count - 0.5 - expected) / math.sqrt(2.0 * expected))
    term = below = math.exp(-expected)
    for k in range(1, count):
        term *= expected / k
        below += term
    return max(0.0, 1.0 - below)


def _half_found(candidate: TrialFigures, incumbent: TrialFigures) -> bool:
    """A model that tells of everything finds everything: to find half of it quietly is better."""
    return 2 * sum(candidate.found) >= sum(incumbent.found)
