"""What `train` and `backtest` share: options of a training, and how its outcome is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from offbeat.core.counted import counted
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.app.trained_group import TrainedGroup
    from offbeat.app.training import TrainingPlan
    from offbeat.config.settings import Settings
    from offbeat.core.model_choice import ModelChoice

LARGEST_SEED = 2**63 - 1
"""What torch takes."""

SHORTEST_HORIZON_SECONDS = 600.0

MOST_NAMED = 5
"""Sensors named in a line."""


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Give a command the options of a training."""
    parser.add_argument(
        "--size",
        choices=("default", "small", "tiny"),
        default="default",
        help="of the model; tiny is for trying out",
    )
    parser.add_argument(
        "--steps", type=int, default=2500, metavar="N", help="steps of the model's training at most"
    )
    parser.add_argument(
        "--max-minutes",
        type=float,
        metavar="M",
        help="time for the model's training at most; by default no limit",
    )
    parser.add_argument(
        "--family",
        metavar="NAME",
        help="what judges windows: lstm_vae, attention_vae or conv_vae, or one of the baselines robust_z, pca or "
        "half_space_trees; by default what the configuration says, else lstm_vae",
    )
    parser.add_argument(
        "--horizon",
        metavar="TIME",
        help='how far back a second, longer look reaches, such as "6h" or "1d"; by default what the configuration '
        "says, else there is none",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same model")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")


def training_plan(args: argparse.Namespace, settings: Settings | None) -> TrainingPlan:
    """Return the plan that the command line and, if there is one, the configuration describe.

    Raises:
        UsageError: a number is out of its range.
    """
    from offbeat.app.core_settings import core_settings
    from offbeat.app.training import TrainingPlan
    from offbeat.core.pipeline_settings import CoreSettings

    if args.steps < 1:
        raise UsageError(f"--steps is {args.steps}; expected at least 1")
    if args.max_minutes is not None and not args.max_minutes > 0:
        raise UsageError(f"--max-minutes is {args.max_minutes:g}; expected more than 0")
    if not 0 <= args.seed <= LARGEST_SEED:
        raise UsageError(f"--seed is {args.seed}; expected 0 or more, and at most {LARGEST_SEED}")
    family, horizon_seconds = _chosen(args)
    plan = TrainingPlan(
        family=settings.model.family if settings else "lstm_vae",
        horizon_seconds=settings.model.horizon_seconds if settings else None,
        vote=settings.model.vote if settings else None,
        preset=args.size,
        steps=args.steps,
        max_seconds=None if args.max_minutes is None else 60.0 * args.max_minutes,
        seed=args.seed,
        device=args.device,
        threads=settings.model.threads if settings else 1,
        core=core_settings(settings) if settings else CoreSettings(),
        choices=_choices(settings) if settings else {},
    )
    if family is None and horizon_seconds is None:
        return plan
    # What the command line says holds for all sensors, whatever their sources say.
    return replace(
        plan,
        family=family or plan.family,
        horizon_seconds=horizon_seconds or plan.horizon_seconds,
        choices={},
    )


def _chosen(args: argparse.Namespace) -> tuple[str | None, float | None]:
    """Return family and horizon in seconds as the command line says; None = nothing.

    Raises:
        UsageError: there is no such family, or it is no duration.
    """
    from offbeat.config.settings import Family
    from offbeat.config.units import parse_duration

    families = get_args(Family)
    if args.family is not None and args.family not in families:
        raise UsageError(f"--family is {args.family}; expected {', '.join(families[:-1])} or {families[-1]}")
    if args.horizon is None:
        return args.family, None
    try:
        seconds = parse_duration(args.horizon)
    except ValueError as error:
        raise UsageError(f"--horizon: {error}") from error
    if seconds < SHORTEST_HORIZON_SECONDS:
        raise UsageError(f"--horizon is {args.horizon}; expected at least 10m")
    return args.family, seconds


def _choices(settings: Settings) -> dict[tuple[str, ...], tuple[ModelChoice, ...]]:
    """Return what the sources say is to judge sensors, by their channels."""
    from offbeat.ingest.topic_plan import group_of

    groups = dict.fromkeys(map(group_of, settings.sources))
    return {channels: tuple(one for own, one in groups if own == channels) for channels, _ in groups}


def existing_paths(texts: list[Path], expected: str = "recordings in CSV or Parquet") -> list[Path]:
    """Return the paths as they are.

    Args:
        texts: the paths.
        expected: what they are to be, for the message.

    Raises:
        UsageError: one does not exist.
    """
    for path in texts:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder; name {expected}")
    return texts


def describe(group: TrainedGroup) -> str:
    """Return lines on what was learnt of a group and whether the model is worth having."""
    from offbeat.app.comparison_text import table

    lines = [
        _figures(group),
        *_excluded(group),
        *_left_out(group),
        *_left_unknown(group),
        *_as_before(group),
    ] + ([] if group.comparison is None else table(group.comparison))
    return "\n".join(lines)


def warn_of_baselines(groups: Sequence[TrainedGroup]) -> None:
    """Say for which groups a baseline does as well as the model."""
    from offbeat.app.comparison_text import warning

    said = (warning(one.comparison, ", ".join(one.commission.channels)) for one in groups if one.comparison)
    warn([sentence for sentence in said if sentence is not None])


def note_long_views(groups: Sequence[TrainedGroup]) -> None:
    """Say for which groups the long view that was asked for could not be learnt, and why."""
    warn(
        [f"{', '.join(one.commission.channels)}: {one.long.note}" for one in groups if one.long.note], "note"
    )


def _figures(group: TrainedGroup) -> str:
    report, channels = group.report, ", ".join(group.commission.channels)
    done = (
        report.stopped
        if report.stopped == "fitted"
        else f"{counted(report.steps, 'step')} ({report.stopped})"
    )
    gain = report.validation.constant_gaussian - report.validation.value
    sensors = counted(len(group.commission.sensors), "sensor")
    return (
        f"{sensors} with {channels}: {done}; on held-back time the next value is "
        f"{gain:+.2f} nats better foretold than by the sensor's own mean and spread"
    )


def _left_out(group: TrainedGroup) -> list[str]:
    """Return a line on the rows that nothing was learnt from; none if there are none."""
    counts = {sensor: len(times) for sensor, times in group.doubts.times_seconds.items()}
    if not counts:
        return []
    rows = sum(counts.values())
    why = "as too strange and too rare to be ordinary"
    return [f"{counted(rows, 'row')} left out of learning, {why}: {_named(counts)}"]


def _excluded(group: TrainedGroup) -> list[str]:
    """Return lines on the rows that were left out for what is known of their time; none if there are none."""
    left = group.left_out
    if not left.total:
        return []
    why = ", ".join(f"{reason} ({rows})" for reason, rows in left.by_reason().items())
    counts = {sensor: sum(rows.values()) for sensor, rows in left.rows.items()}
    lines = [
        f"{counted(left.total, 'row')} left out of learning, by what is known of their time: {why}; {_named(counts)}"
    ]
    if unknown := [sensor for sensor in left.nothing_left if sensor not in group.as_before]:
        lines.append(
            f"of these sensors nothing is left, they begin as unknown: {', '.join(unknown[:MOST_NAMED])}"
        )
    return lines


def _as_before(group: TrainedGroup) -> list[str]:
    """Return a line on the sensors that go on as they were known before; none if there are none."""
    names = group.as_before
    if not names:
        return []
    some = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
    return [f"{counted(len(names), 'sensor')} known as before, for too little is left: {some}"]


def _left_unknown(group: TrainedGroup) -> list[str]:
    """Return a line on the sensors that nothing was learnt of, for they have too little; none if there are none."""
    left = group.left_unknown
    return [f"left unknown: {left}: {_named(left.readings)}"] if left.readings else []


def _named(counts: Mapping[str, int]) -> str:
    """Return the sensors with the most rows, and how many others there are."""
    most = sorted(counts, key=lambda sensor: (-counts[sensor], sensor))
    named = ", ".join(f"{sensor} ({counts[sensor]})" for sensor in most[:MOST_NAMED])
    return named + (f" and {len(most) - MOST_NAMED} more" if len(most) > MOST_NAMED else "")


def warn(lines: Sequence[str], what: str = "warning") -> None:
    """Print lines that a person should see and a program should not read."""
    for line in lines:
        print(f"{what}: {line}", file=sys.stderr)
