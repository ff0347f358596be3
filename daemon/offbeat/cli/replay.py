"""`offbeat replay`: play recorded messages through the configured daemon's core on virtual time."""

from __future__ import annotations

import argparse
from pathlib import Path

from offbeat.cli.common import add_json_option, load_settings, log_beside_output, print_json
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.learning import existing_paths
from offbeat.cli.parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `replay` to the command line."""
    parser = subparsers.add_parser(
        "replay",
        help="play recorded messages through the daemon on virtual time",
        description="Plays a journal's folder, or JSON lines of messages, through the configured daemon's decoder, "
        "core and models on virtual time. Writes DIR/scores.csv and DIR/episodes.jsonl; publishes nothing.",
    )
    parser.add_argument(
        "log", type=Path, metavar="LOG", help="a journal's folder, or a file of messages (.jsonl)"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where to write")
    add_config_option(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Replay and print what came of it."""
    existing_paths([args.log], "a journal's folder, or a file of messages (.jsonl)")
    settings = load_settings(args)
    log_beside_output(settings)
    from offbeat.app.core_building import build_core
    from offbeat.app.replaying import replay, write_replay
    from offbeat.core.counted import counted

    core = build_core(settings)
    result = replay(core, args.log)
    rows = write_replay(args.out, core, result)
    opened = sum(event.event == "open" for event in result.events)
    counts = {"message": result.messages, "row": rows, "sensor": len(core.directory), "episode": opened}
    if args.json:
        print_json({"out": str(args.out), **{f"{thing}s": count for thing, count in counts.items()}})
    else:
        print(", ".join(counted(count, thing) for thing, count in counts.items()))
        print(f"scores: {args.out / 'scores.csv'}\nepisodes: {args.out / 'episodes.jsonl'}")
    return 0
