"""`offbeat calibrate`: what an artifact would alert about, at several budgets, before it goes live."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.cli.common import add_json_option, load_settings, log_beside_output, print_json
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.learning import existing_paths, warn
from offbeat.cli.parser import Subparsers
from offbeat.core.counted import counted
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.app.predicting import Prediction
    from offbeat.core.events import EpisodeEvent

USUAL_BUDGETS = ("1/day", "1/week", "1/month")
SAMPLES, LOUDEST = 5, 5


def add_parser(subparsers: Subparsers) -> None:
    """Add `calibrate` to the command line."""
    parser = subparsers.add_parser(
        "calibrate",
        help="tell what an artifact would alert about, and how often, before it goes live",
        description="Plays recordings by what `offbeat train` learnt, at several budgets, and tells how many alerts a "
        "week to expect and what they would say. Use recordings from after those that were learnt from: what the "
        "artifact knows by heart raises fewer alerts than what is to come.",
    )
    parser.add_argument(
        "recordings", nargs="+", type=Path, metavar="FILE", help="recordings, or folders of them"
    )
    parser.add_argument(
        "--artifact", type=Path, metavar="DIR", help="what was learnt; by default where the daemon looks"
    )
    parser.add_argument(
        "--budget", action="append", metavar="RATE", default=[],
        help=f"false alerts allowed a sensor, such as 2/week; may be repeated; by default {', '.join(USUAL_BUDGETS)}",
    )  # fmt: skip
    add_config_option(parser, of_daemon=True)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Play and print."""
    from offbeat.config.units import parse_budget

    texts = args.budget or list(USUAL_BUDGETS)
    try:
        budgets = [parse_budget(text) for text in texts]
    except ValueError as error:
        raise UsageError(f"--budget: {error}") from error
    paths = existing_paths(args.recordings)
    settings = load_settings(args) if args.config is not None or args.artifact is None else None
    log_beside_output(settings)
    from offbeat.app.artifacts import read_artifacts
    from offbeat.app.core_settings import core_settings
    from offbeat.app.model_library import artifacts_in_service
    from offbeat.app.predicting import predict
    from offbeat.app.recorded_sensors import recorded_sensors
    from offbeat.cli.progress import ProgressView
    from offbeat.core.pipeline_settings import CoreSettings

    if args.artifact is not None:
        artifacts = read_artifacts(args.artifact)
    else:
        assert settings is not None
        artifacts = artifacts_in_service(settings)
    recorded = recorded_sensors(paths, settings)
    warn(recorded.warnings)
    core = core_settings(settings) if settings else CoreSettings()
    with ProgressView() as view:
        predictions = predict(artifacts, recorded.series, core, budgets, view)
    if args.json:
        print_json([_as_object(text, one) for text, one in zip(texts, predictions, strict=True)])
    else:
        print("\n".join(_told(texts, predictions)))
    return 0


def _told(texts: list[str], predictions: list[Prediction]) -> list[str]:
    first = predictions[0]
    weeks = sum(first.weeks.values())
    lines = [f"{counted(len(first.weeks), 'sensor')}, {weeks:.1f} sensor-weeks of recordings", ""]
    lines.append(
        f"{'budget':<10}{'alerts':>8}{'a sensor-week':>15}{'sensors without':>17}{'worst sensor, a week':>22}"
    )
    for text, one in zip(texts, predictions, strict=True):
        rates = one.per_week()
        lines.append(
            f"{text:<10}{len(one.opened):>8}{one.overall_per_week():>15.2f}{float((rates == 0).mean()):>17.0%}"
            f"{float(rates.max()):>22.1f}"
        )
    middle = predictions[len(predictions) // 2]
    text = texts[len(predictions) // 2]
    if middle.opened:
        lines += ["", f"at {text}, most alerts:"]
        lines += [f"  {sensor}: {count}, mostly {kind}" for sensor, count, kind in middle.loudest(LOUDEST)]
        lines += ["", f"at {text}, for example:"]
        lines += [f"  {event.message}" for event in _spread(middle)]
    if weeks * min(one.budget_per_week for one in predictions) < 1:
        lines += ["", "these recordings are too short to say much of the smallest budget: record for longer"]
    return lines


def _spread(prediction: Prediction) -> list[EpisodeEvent]:
    """Return a few alerts from over the whole time."""
    step = max(len(prediction.opened) // SAMPLES, 1)
    return prediction.opened[::step][:SAMPLES]


def _as_object(text: str, prediction: Prediction) -> dict[str, object]:
    rates = prediction.per_week()
    return {
        "budget": text,
        "alerts": len(prediction.opened),
        "per_sensor_week": prediction.overall_per_week(),
        "sensors": {
            sensor: float(rate) for sensor, rate in zip(prediction.weeks, rates.tolist(), strict=True)
        },
        "samples": [
            {"sensor": event.sensor, "kind": event.kind, "at": event.updated_at, "message": event.message}
            for event in _spread(prediction)
        ],
    }
