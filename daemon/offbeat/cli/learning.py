"""What `train` and `backtest` share: options of a training, and how its outcome is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.app.training import TrainedGroup, TrainingPlan
    from offbeat.config.settings import Settings

LARGEST_SEED = 2**63 - 1
"""What torch takes."""


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
    return TrainingPlan(
        family=settings.model.family if settings else "lstm_vae",
        preset=args.size,
        steps=args.steps,
        max_seconds=None if args.max_minutes is None else 60.0 * args.max_minutes,
        seed=args.seed,
        device=args.device,
        threads=settings.model.threads if settings else 1,
        core=core_settings(settings) if settings else CoreSettings(),
    )


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
    """Return one line on what was learnt of a group and whether the model is worth having."""
    figures = group.report.validation
    channels = ", ".join(group.commission.channels)
    gain = figures.constant_gaussian - figures.value
    return (
        f"{len(group.commission.sensors)} sensors with {channels}: {group.report.steps} steps "
        f"({group.report.stopped}); on held-back time the next value is {gain:+.2f} nats better foretold than by the "
        f"sensor's own mean and spread"
    )


def warn(lines: Sequence[str], what: str = "warning") -> None:
    """Print lines that a person should see and a program should not read."""
    for line in lines:
        print(f"{what}: {line}", file=sys.stderr)
