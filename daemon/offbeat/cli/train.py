"""`offbeat train`: learn from recordings, or from what the daemon's journal holds, and put the model into service."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
from offbeat.cli.user import acting_user
from offbeat.cli.wish import wish
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.app.trained_group import TrainedGroup
    from offbeat.config.settings import Settings


def add_parser(subparsers: Subparsers) -> None:
    """Add `train` to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="learn from recordings and put the model into service",
        description="Learns from recordings - CSV or Parquet, one file a sensor, a `time` column and one column a "
        "channel - or, with --journal, from what the daemon has heard, puts the model into the library and into "
        "service; a daemon that runs takes it up by itself.",
    )
    parser.add_argument(
        "recordings", nargs="*", type=Path, metavar="FILE", help="recordings, or folders of them"
    )
    parser.add_argument(
        "--journal", action="store_true", help="learn from the journal of the configured daemon"
    )
    parser.add_argument(
        "--now",
        action="store_true",
        help="ask the running daemon to train in the background, after a training that is under way, and to put the "
        "model into service if it is better",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the artifact there instead of into the library"
    )
    parser.add_argument(
        "--no-promote",
        action="store_true",
        help="keep the model in the library without putting it into service",
    )
    add_config_option(parser, of_daemon=True)
    add_training_options(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Train and print what came of it."""
    if args.now:
        return wish(args)
    if bool(args.recordings) == args.journal:
        raise UsageError(
            "name recordings to learn from, or --journal, and not both; --now asks the running daemon"
        )
    needs_config = args.journal or args.out is None or args.config is not None
    settings = load_settings(args) if needs_config else None
    log_beside_output(settings)
    from offbeat.app.library_training import train_into
    from offbeat.app.model_library import library_of, take_over
    from offbeat.app.training import train_from_recordings
    from offbeat.cli.progress import ProgressView

    plan = training_plan(args, settings)
    if args.journal:
        from offbeat.app.journal_recordings import journal_recordings
        from offbeat.app.still_off import exclusions_in_service
        from offbeat.learn.enough import Enough

        assert settings is not None
        series = tuple(journal_recordings(settings))
        exclusions = exclusions_in_service(settings, series, time.time())
        plan = replace(plan, exclusions=exclusions, enough=Enough.of(settings.learning))
    else:
        from offbeat.app.recorded_sensors import recorded_sensors

        recorded = recorded_sensors(existing_paths(args.recordings), settings)
        warn(recorded.warnings)
        series = recorded.series
    folder = _folder(args, settings)
    with ProgressView() as view:
        if folder is not None:
            out, trained = folder, train_from_recordings(series, plan, folder, view)
        else:
            assert settings is not None
            take_over(settings)
            library, by = library_of(settings), None if args.no_promote else acting_user()
            out, trained = library.root, train_into(library, series, plan, view, by)
    warn_of_baselines(trained)
    note_long_views(trained)
    if args.json:
        groups = [
            {"channels": one.commission.channels, "sensors": len(one.commission.sensors), "version": one.version,
             "training": one.training_dict()}
            for one in trained
        ]  # fmt: skip
        in_service = folder is None and not args.no_promote
        print_json({"artifact": str(out), "in_service": in_service, "groups": groups})
        return 0
    for one in trained:
        print(describe(one))
    print("\n".join(_told(trained, folder, promoted=not args.no_promote)))
    return 0


def _folder(args: argparse.Namespace, settings: Settings | None) -> Path | None:
    """Return the folder that is named for the artifact; None = it goes into the library."""
    named: Path | None = args.out
    if named is None and settings is not None:
        named = settings.model.artifact
    if named is not None and args.no_promote:
        raise UsageError(
            f"--no-promote is about the library, but the artifact is written to {named}; leave one out"
        )
    return named


def _told(trained: Sequence[TrainedGroup], folder: Path | None, *, promoted: bool) -> list[str]:
    """Return where the models are, and what becomes of them."""
    if folder is not None:
        return [f"artifact: {folder}", "a daemon that uses it takes it up when it is started again"]
    versions = ", ".join(one.version for one in trained)
    if promoted:
        return [f"in service: {versions}", "a daemon that runs takes it up within seconds"]
    return [f"kept: {versions}", "put into service with: offbeat models promote VERSION"]
