"""What an artifact would alert about: recordings played by it at several budgets, before it goes live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.app.artifacts import GroupArtifact
from offbeat.app.backtest import play_learnt
from offbeat.app.scorers import long_scorer
from offbeat.app.training import canonical
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.errors import ConfigError
from offbeat.learn.progress import OnProgress, Progress, silent
from offbeat.replay.series import Series, by_channels
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.device import choose_device
from offbeat_models.served import scorer_of


@dataclass(slots=True)
class Prediction:
    """What would be alerted at one budget.

    Attributes:
        budget_per_week: false alerts a sensor is allowed.
        weeks: length of each sensor's recording.
        opened: alerts, in the order in which they would come.
    """

    budget_per_week: float
    weeks: dict[str, float] = field(default_factory=dict)
    opened: list[EpisodeEvent] = field(default_factory=list)

    def per_week(self) -> NDArray[np.float64]:
        """Return the alerts a week of each sensor, in the order of `weeks`."""
        count = Counter(event.sensor for event in self.opened)
        return np.array([count[sensor] / weeks for sensor, weeks in self.weeks.items()])

    def overall_per_week(self) -> float:
        """Return the alerts a sensor and week, all sensors together: short recordings count for little."""
        return len(self.opened) / max(sum(self.weeks.values()), 1e-9)

    def loudest(self, most: int) -> list[tuple[str, int, str]]:
        """Return the sensors with the most alerts: id, alerts, and what they are mostly about."""
        count = Counter(event.sensor for event in self.opened)
        return [
            (sensor, alerts, Counter(e.kind for e in self.opened if e.sensor == sensor).most_common(1)[0][0])
            for sensor, alerts in count.most_common(most)
        ]


def predict(
    artifacts: Sequence[GroupArtifact],
    series: Sequence[Series],
    core: CoreSettings,
    budgets_per_week: Sequence[float],
    on_progress: OnProgress = silent,
) -> list[Prediction]:
    """Play recordings by what was learnt, once for each budget.

    Args:
        artifacts: of the groups.
        series: recordings, best from after what the artifact was trained on.
        core: the numbers; its budget is replaced.
        budgets_per_week: to try.
        on_progress: is told how far it is.

    Raises:
        ConfigError: no recording has the channels of any artifact, or none is longer than an instant.
    """
    usable = [canonical(one) for one in series]
    usable = [one for one in usable if len(one) > 1 and _weeks(one) > 0]
    groups = by_channels(usable)
    known = {artifact.commission.channels: artifact for artifact in artifacts}
    fitting = {channels: group for channels, group in groups.items() if channels in known}
    if not fitting:
        trained = " | ".join(", ".join(channels) for channels in known)
        found = " | ".join(", ".join(channels) for channels in groups) or "no rows"
        raise ConfigError(
            f"the artifact was trained on the channels {trained}, but the recordings have {found}"
        )
    predictions = []
    for number, budget in enumerate(budgets_per_week):
        on_progress(Progress("playing the recordings", number, len(budgets_per_week)))
        prediction = Prediction(budget)
        for channels, group in fitting.items():
            prediction.weeks |= {one.sensor: _weeks(one) for one in group}
            prediction.opened += _opened(known[channels], group, replace(core, budget_per_week=budget))
        predictions.append(prediction)
    return predictions


def _opened(artifact: GroupArtifact, series: Sequence[Series], core: CoreSettings) -> list[EpisodeEvent]:
    device = choose_device("cpu")
    long = {} if artifact.long is None else {0: long_scorer(artifact.long, device)}
    scorer = TorchScorer({0: scorer_of(artifact.model, len(series), device)}, str(device), long)
    model = (artifact.name, artifact.version)
    _, events = play_learnt(artifact.commission, scorer, model, artifact.choice, series, core)
    return [event for event in events if event.event == "open"]


def _weeks(series: Series) -> float:
    return float(series.times_seconds.max() - series.times_seconds.min()) / WEEK_SECONDS
