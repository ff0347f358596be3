"""`offbeat backtest`: learn on the past of recordings, play the rest as in service, write scores and a report."""

from __future__ import annotations

import argparse
from pathlib import Path

from offbeat.cli.common import add_json_option, load_settings, log_beside_output, print_json
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.learning import (
    add_training_options,
    describe,
    existing_paths,
    note_long_views,
    training_plan,
    warn,
    warn_of_baselines,
)
from offbeat.cli.parser import Subparsers
from offbeat.core.counted import counted


def add_parser(subparsers: Subparsers) -> None:
    """Add `backtest` to the command line."""
    parser = subparsers.add_parser(
        "backtest",
        help="learn on the past of recordings, play the rest, write scores and a report",
        description="Learns on what lies before the test time, then plays the rest through the same core as the "
        "daemon, on virtual time. Writes DIR/scores.csv, DIR/episodes.jsonl and DIR/report.html.",
    )
    parser.add_argument(
        "recordings", nargs="+", type=Path, metavar="FILE", help="recordings, or folders of them"
    )
    parser.add_argument(
        "--test-from", required=True, metavar="TIME|FILE",
        help="where the test begins: unix seconds, RFC 3339, or a CSV with the columns series,test_from",
    )  # fmt: skip
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where to write")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE",
        help="labelled events to show in the report: a CSV with the columns series,start,end",
    )  # fmt: skip
    add_config_option(
        parser, usual="none: sensors are as they were recorded, and are judged by the usual settings"
    )
    add_training_options(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the backtest and print where its outcome is."""
    paths = existing_paths(args.recordings)
    settings = load_settings(args) if args.config is not None else None
    log_beside_output(settings)
    from offbeat.app.backtest import run_backtest, write_backtest
    from offbeat.app.recorded_sensors import recorded_sensors
    from offbeat.cli.progress import ProgressView
    from offbeat.replay.labels import read_labels
    from offbeat.replay.splits import parse_test_from

    # What can be wrong is looked at before the work that takes minutes.
    splits = parse_test_from(args.test_from)
    labels = read_labels(args.labels) if args.labels is not None else None
    plan = training_plan(args, settings)
    recorded = recorded_sensors(paths, settings)
    warn(recorded.warnings)
    with ProgressView() as view:
        result = run_backtest(recorded.series, splits, plan, view)
    title = ", ".join(path.name or str(path) for path in paths[:3]) + (" ..." if len(paths) > 3 else "")
    write_backtest(args.out, result, title, labels)
    warn(result.notes, "note")
    warn_of_baselines(result.trained)
    note_long_views(result.trained)
    opened = sum(event.event == "open" for event in result.events)
    rows = sum(len(one.series) for one in result.judged)
    if args.json:
        print_json({"out": str(args.out), "sensors": len(result.judged), "rows": rows, "episodes": opened})
        return 0
    for group in result.trained:
        print(describe(group))
    print(
        f"{counted(len(result.judged), 'sensor')}, {counted(rows, 'row')} played, {counted(opened, 'episode')} opened"
    )
    for what, name in (("scores", "scores.csv"), ("episodes", "episodes.jsonl"), ("report", "report.html")):
        print(f"{what}: {args.out / name}")
    return 0
