"""Learn on the past of recordings, play the rest through the production core, write what it said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from offbeat import __version__
from offbeat.app.comparison_text import line
from offbeat.app.engine import Engine
from offbeat.app.expected_bands import BandKeeper
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, canonical, scorer_of, train_group
from offbeat.core.commission import Commission
from offbeat.core.counted import counted
from offbeat.core.decisions import Decisions
from offbeat.core.events import EpisodeEvent
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from offbeat.errors import ConfigError
from offbeat.learn.progress import OnProgress, Progress, silent
from offbeat.publish.event_json import to_json
from offbeat.replay.episodes_jsonl import shifted, write_episodes
from offbeat.replay.judged import JudgedSeries, Judgements
from offbeat.replay.labels import Spans
from offbeat.replay.report import Report, write_report
from offbeat.replay.scores_csv import write_scores
from offbeat.replay.series import Series, by_channels
from offbeat.replay.splits import Splits
from offbeat.replay.virtual_time import Player
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.device import choose_device


@dataclass(slots=True)
class Backtest:
    """What a backtest found.

    Attributes:
        judged: each sensor's rows from its test time on, with what was known at each.
        events: transitions of episodes in recorded time.
        trained: what was learnt of each group.
        notes: what a person should know, such as sensors left out.
        budget_per_week: false alerts each sensor was allowed.
    """

    judged: list[JudgedSeries] = field(default_factory=list)
    events: list[EpisodeEvent] = field(default_factory=list)
    trained: list[TrainedGroup] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    budget_per_week: float = 1.0


def run_backtest(
    series: Sequence[Series], splits: Splits, plan: TrainingPlan, on_progress: OnProgress = silent
) -> Backtest:
    """Backtest each group of channels: learn on what lies before each sensor's test time, play the rest.

    Raises:
        ConfigError: no recording reaches from before its test time to after it.
        OffbeatError: nothing can be learnt from what lies before.
    """
    result = Backtest(budget_per_week=plan.core.budget_per_week)
    for channels, group in by_channels([canonical(one) for one in series]).items():
        usable = [one for one in group if _is_usable(one, splits.test_from(one.sensor), result.notes)]
        if usable:
            chosen, *others = plan.of_channels(channels)
            result.notes.extend(_passed_over(channels, chosen, one) for one in others)
            _one_group(usable, splits, chosen, result, on_progress)
    if not result.judged:
        raise ConfigError(
            "no recording can be backtested: none has rows both before and after its test time; "
            "look at --test-from. " + "; ".join(result.notes[:3])
        )
    return result


def write_backtest(folder: Path, result: Backtest, title: str, labels: Spans | None = None) -> None:
    """Write scores.csv, episodes.jsonl and report.html.

    Args:
        folder: where to.
        result: of the backtest.
        title: of the report.
        labels: labelled events to show and to count in the report; they take no part in the backtest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_scores(folder / "scores.csv", result.judged)
    write_episodes(folder / "episodes.jsonl", result.events, to_json)
    report = Report(
        title=title,
        judged=result.judged,
        events=result.events,
        budget_per_week=result.budget_per_week,
        facts={"Offbeat": __version__, "Model": "; ".join(map(_model_line, result.trained))},
        labels=labels or {},
    )
    write_report(folder / "report.html", report)


def _model_line(trained: TrainedGroup) -> str:
    channels = ", ".join(trained.commission.channels)
    sensors, steps = counted(len(trained.commission.sensors), "sensor"), counted(trained.report.steps, "step")
    said = f"{sensors} with {channels}, {steps} of training"
    return said if trained.comparison is None else f"{said}; {line(trained.comparison)}"


def _passed_over(channels: tuple[str, ...], chosen: TrainingPlan, other: TrainingPlan) -> str:
    return (
        f"sensors with the channels {', '.join(channels)} are judged by {chosen.choice}, as the first source with "
        f"these channels asks for; another asks for {other.choice}: say --family and --horizon to play that"
    )


def _is_usable(series: Series, test_from: float, notes: list[str]) -> bool:
    before, after = len(series.before(test_from)), len(series.since(test_from))
    if before < 2 or not after:
        notes.append(
            f"{series.sensor} is left out: {before} rows lie before its test time and {after} after; "
            "a backtest needs both"
        )
    return before >= 2 and after > 0


def _one_group(
    series: Sequence[Series], splits: Splits, plan: TrainingPlan, result: Backtest, on_progress: OnProgress
) -> None:
    test_from = {one.sensor: splits.test_from(one.sensor) for one in series}
    trained = train_group([one.before(test_from[one.sensor]) for one in series], plan, on_progress)
    result.trained.append(trained)
    lead = plan.core.window_readings
    back = plan.horizon_seconds or 0.0
    played = [one.since(test_from[one.sensor], lead, back) for one in series]
    judged, events = play_group(trained, played, plan, on_progress)
    # The rows that warm windows up were learnt from: what opened and closed among them is no finding.
    tested = {event.id for event in events if event.updated_at >= test_from[event.sensor]}
    result.events.extend(event for event in events if event.id in tested)
    result.judged.extend(one.since(test_from[one.series.sensor]) for one in judged)


def play_group(
    trained: TrainedGroup,
    played: Sequence[Series],
    plan: TrainingPlan,
    on_progress: OnProgress = silent,
    silences: bool = True,
) -> tuple[list[JudgedSeries], list[EpisodeEvent]]:
    """Play recordings of one group through the production core; return how rows were judged, and the events.

    Args:
        trained: what was learnt of the group.
        played: recordings with rows, all of the group's channels.
        plan: the device and the numbers of the core.
        on_progress: is told how far it is.
        silences: look for them inside gaps; scores of rows do not need it.
    """
    scorer = scorer_of(trained, len(played), choose_device(plan.device))
    model = (plan.family, trained.version or "backtest")
    return play_learnt(
        trained.commission, scorer, model, plan.choice, played, plan.core, on_progress, silences=silences
    )


def play_learnt(
    commission: Commission,
    scorer: TorchScorer,
    model: tuple[str, str],
    choice: ModelChoice,
    played: Sequence[Series],
    core: CoreSettings,
    on_progress: OnProgress = silent,
    also: Callable[[Decisions], None] = lambda _: None,
    silences: bool = True,
) -> tuple[list[JudgedSeries], list[EpisodeEvent]]:
    """Play recordings of one group by what was learnt of it; return how rows were judged, and the events.

    Args:
        commission: of the group.
        scorer: of its models, as group 0, with a slot for each recording.
        model: name and version, for the events.
        choice: what judges the group.
        played: recordings with rows, all of the group's channels.
        core: the numbers.
        on_progress: is told how far it is.
        also: is told of all decisions, on virtual time.
        silences: look for them inside gaps.
    """
    directory = SensorDirectory([commission.channels], len(played))
    directory.groups[0].model = choice
    player = Player(played, directory, core.window_stride_readings, silences=silences)
    pipeline = Pipeline(directory, core)
    pipeline.install(0, commission, model)
    judgements, told = Judgements(), Told(player)
    events: list[EpisodeEvent] = []

    def act(decisions: Decisions) -> None:
        judgements.add(decisions.scores)
        events.extend(told.recorded(decisions.events))
        also(decisions)

    engine = Engine(pipeline, scorer, watch=BandKeeper(judgements, commission, directory.groups[0]))
    for step in player.steps():
        engine.feed(step.batches, step.now_seconds, act)
        if step.tick:
            engine.tick(step.now_seconds, act)
            on_progress(Progress("playing the rest", step.played, player.rows))
    return judgements.of(player.tracks), events


class Told:
    """Events in recorded time, without the silence of sensors whose recording is over.

    Args:
        player: knows when each recording ends, and by how much it was moved.
    """

    def __init__(self, player: Player) -> None:
        self._player = player
        self._untold: set[str] = set()

    def recorded(self, events: Sequence[EpisodeEvent]) -> Iterator[EpisodeEvent]:
        """Yield what a person would have been told, in order."""
        for event in events:
            if event.event == "open" and self._player.is_over(event.sensor, event.updated_at):
                self._untold.add(event.id)
            if event.id not in self._untold:
                yield shifted(event, self._player.recorded_seconds(event.sensor, 0.0))
