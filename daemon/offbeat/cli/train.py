"""`offbeat train`: learn from recordings, or from what the daemon's journal holds, and write the artifact."""

from __future__ import annotations

import argparse
from pathlib import Path

from offbeat.cli.common import (
    add_config_option,
    add_json_option,
    load_settings,
    log_beside_output,
    print_json,
)
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
from offbeat.errors import UsageError


def add_parser(subparsers: Subparsers) -> None:
    """Add `train` to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="learn from recordings and write the artifact that run needs",
        description="Learns from recordings - CSV or Parquet, one file a sensor, a `time` column and one column a "
        "channel - or, with --journal, from what the daemon has heard, and writes the artifact.",
    )
    parser.add_argument(
        "recordings", nargs="*", type=Path, metavar="FILE", help="recordings, or folders of them"
    )
    parser.add_argument(
        "--journal", action="store_true", help="learn from the journal of the configured daemon"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write; by default where the daemon looks"
    )
    add_config_option(parser)
    add_training_options(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Train and print what came of it."""
    if bool(args.recordings) == args.journal:
        raise UsageError("name recordings to learn from, or --journal, and not both")
    needs_config = args.journal or args.out is None or args.config is not None
    settings = load_settings(args) if needs_config else None
    log_beside_output(settings)
    from offbeat.app.training import train_from_recordings
    from offbeat.cli.progress import ProgressView

    plan = training_plan(args, settings)
    if args.journal:
        from offbeat.app.journal_recordings import journal_recordings

        assert settings is not None
        series = tuple(journal_recordings(settings))
    else:
        from offbeat.app.recorded_sensors import recorded_sensors

        recorded = recorded_sensors(existing_paths(args.recordings), settings)
        warn(recorded.warnings)
        series = recorded.series
    out = args.out if args.out is not None else settings.artifact_directory if settings else Path("artifact")
    with ProgressView() as view:
        trained = train_from_recordings(series, plan, out, view)
    warn_of_baselines(trained)
    note_long_views(trained)
    if args.json:
        groups = [
            {"channels": one.commission.channels, "sensors": len(one.commission.sensors), "version": one.version,
             "training": one.training_dict()}
            for one in trained
        ]  # fmt: skip
        print_json({"artifact": str(out), "groups": groups})
    else:
        for one in trained:
            print(describe(one))
        print(f"artifact: {out}")
        print("a daemon that runs takes it up when it is started again")
    return 0
