"""`offbeat demo`: show it all on this machine, with a broker of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.cli.parser import Subparsers
from offbeat.core.counted import counted
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.app.demo import DemoOutcome


_AHEAD = (
    "The demo learns seven sensors in about a minute, then starts a broker and the daemon and plays to them for "
    "80 seconds: two or three minutes in all. Ctrl-C ends it early."
)


def add_parser(subparsers: Subparsers) -> None:
    """Add `demo` to the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="show it all on this machine, with a broker of its own",
        description="Learns real recorded sensors that come with the package, starts a broker and the daemon, "
        "plays what came next on a faster clock beside simulated sensors with faults, and shows scores and alerts "
        "as they come. Takes about two and a half minutes; Ctrl-C ends it early.",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where to; by default %(default)s"
    )
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="play so many times as fast")
    parser.add_argument(
        "--train-seconds", type=float, default=40.0, metavar="S", help="time for the model's training at most"
    )
    parser.add_argument("--no-page", action="store_true", help="write no report")


def run(args: argparse.Namespace) -> int:
    """Run the demo and sum it up."""
    if not 0.1 <= args.speed <= 20:
        raise UsageError(f"--speed is {args.speed:g}; expected 0.1 to 20")
    if not args.train_seconds > 0:
        raise UsageError(f"--train-seconds is {args.train_seconds:g}; expected more than 0")
    print(_AHEAD, flush=True)
    from offbeat.app.demo import DemoOptions, run_demo
    from offbeat.app.demo_scenes import scenes
    from offbeat.app.stopping import stop_on_signals
    from offbeat.cli.demo_view import TerminalView

    about = {scene.sensor: scene.about for scene in scenes()}
    options = DemoOptions(args.out, args.speed, args.train_seconds, page=not args.no_page)
    with TerminalView(about) as view, stop_on_signals() as stop:
        outcome = run_demo(options, view, view.progress, stop)
    _sum_up(outcome, args.out)
    return 0


def _sum_up(outcome: DemoOutcome, folder: Path) -> None:
    opened = [event for event in outcome.events if event.event == "open"]
    closed = sum(event.event == "close" for event in outcome.events)
    print(
        f"\n{counted(outcome.readings, 'reading')}, {counted(len(opened), 'alert')} opened, {closed:,} closed."
    )
    if outcome.report is not None:
        print(f"Report:        {outcome.report.resolve().as_uri()}")
    print(f"Configuration: {folder / 'offbeat.toml'}")
    if outcome.metrics_file is not None:
        print(f"Metrics:       {outcome.metrics_file} (as they were at {outcome.metrics_url})")
    print(
        "Next: write an offbeat.toml for your own broker, `offbeat check` it, `offbeat run`: it learns by itself."
    )
