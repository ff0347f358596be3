"""`offbeat simulate`: publish irregular synthetic sensors with labelled faults."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.cli.parser import Subparsers
from offbeat.core.counted import counted
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.app.simulation import PlannedFault, SimulationPlan

MUCH_BEHIND_SECONDS = 1.0


def add_parser(subparsers: Subparsers) -> None:
    """Add `simulate` to the command line."""
    parser = subparsers.add_parser(
        "simulate",
        help="publish irregular synthetic sensors with labelled faults",
        description="Publishes synthetic sensors that report irregularly as JSON on plant/<line>/<sensor>/state, and "
        "says when a fault starts and ends. The same seed gives the same readings. Ctrl-C stops it.",
    )
    parser.add_argument(
        "--url", default="mqtt://127.0.0.1:1883", help="of the broker; %(default)s by default"
    )
    parser.add_argument("--username", help="at the broker")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="that holds the password")
    parser.add_argument("--sensors", type=int, default=20, metavar="N", help="%(default)s by default")
    parser.add_argument(
        "--rate",
        type=float,
        default=1.0,
        metavar="R",
        help="mean readings a second and sensor; %(default)g by default",
    )
    parser.add_argument("--duration", default="10m", help='such as "90s" or "1h"; %(default)s by default')
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help="play so many times as fast; %(default)g by default",
    )
    parser.add_argument(
        "--faults", default="all", metavar="KINDS", help="comma-separated kinds of faults, or all, or none"
    )
    parser.add_argument("--fault-count", type=int, metavar="N", help="how many; by default each kind once")
    parser.add_argument("--qos", type=int, choices=(0, 1), default=1, help="%(default)s by default")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="write where the faults are to this CSV")


def run(args: argparse.Namespace) -> int:
    """Publish until all is sent or somebody presses Ctrl-C."""
    plan = _plan(args)
    if not args.speed > 0:
        raise UsageError(f"--speed is {args.speed:g}; expected more than 0")
    from offbeat.app.plain_client import PlainClient
    from offbeat.app.simulate import publish
    from offbeat.app.simulation import Clock, simulate, write_labels
    from offbeat.app.stopping import stop_on_signals
    from offbeat.config.settings import MqttSettings

    simulation = simulate(plan)
    settings = MqttSettings(url=args.url, username=args.username, password_file=args.password_file)
    client = PlainClient(settings, f"offbeat-simulate-{os.getpid()}")
    with client, stop_on_signals() as stop:
        clock = Clock(time.time(), args.speed)
        if args.labels is not None:
            write_labels(args.labels, simulation.faults, clock)
        said = f"{counted(plan.sensors, 'sensor')}, {counted(len(simulation), 'reading')}"
        print(f"{said} to {args.url}; Ctrl-C stops", flush=True)
        done = publish(simulation, client, clock, args.qos, time.time, stop, _tell)
    print(f"{counted(done.messages, 'reading')} published{', then stopped' if stop.is_set() else ''}")
    if done.behind_seconds > MUCH_BEHIND_SECONDS:
        print(
            f"warning: {done.behind_seconds:.1f} s behind at the end: this machine is too slow for that rate",
            file=sys.stderr,
        )
    return 0


def _plan(args: argparse.Namespace) -> SimulationPlan:
    from offbeat.app.simulation import SimulationPlan, parse_faults
    from offbeat.config.units import parse_duration

    try:
        duration = parse_duration(args.duration)
    except ValueError as error:
        raise UsageError(f"--duration: {error}") from None
    faults = parse_faults(args.faults)
    count = args.fault_count if args.fault_count is not None else min(len(faults), args.sensors)
    if count < 0:
        raise UsageError(f"--fault-count is {count}; expected 0 or more")
    return SimulationPlan(args.sensors, args.rate, duration, faults, count, args.seed)


def _tell(what: str, fault: PlannedFault) -> None:
    at = time.strftime("%H:%M:%S", time.gmtime())
    print(f"{at}  {fault.sensor}: {fault.kind.replace('_', ' ')} {what}", flush=True)
