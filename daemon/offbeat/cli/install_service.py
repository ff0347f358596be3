"""`offbeat install-service`: make a systemd service of this installation."""

from __future__ import annotations

import argparse
from pathlib import Path

from offbeat.cli.parser import Subparsers
from offbeat.errors import UsageError


def add_parser(subparsers: Subparsers) -> None:
    """Add `install-service` to the command line."""
    parser = subparsers.add_parser(
        "install-service",
        help="make a systemd service of this installation",
        description="Writes units that start this very program to /etc/systemd/system, and a first configuration to "
        "/etc/offbeat where there is none yet. Without --gpu it removes the drop-ins that an earlier run with --gpu "
        "wrote, unless they differ from what this version writes. Starts nothing: it says what to do next.",
    )
    parser.add_argument("--gpu", action="store_true", help="let the service use an NVIDIA GPU")
    parser.add_argument("--dry-run", action="store_true", help="print the files instead of writing them")


def run(args: argparse.Namespace) -> int:
    """Write the files and print what to do next."""
    from offbeat.app.service_files import (
        CONFIGURATION,
        gpu_drop_ins,
        install,
        installed_program,
        remove,
        service_files,
        why_hidden,
    )
    from offbeat.cli.learning import warn

    program = installed_program()
    hidden = why_hidden(program)
    if hidden and not args.dry_run:
        raise UsageError(hidden)
    files, unwanted = service_files(program, gpu=args.gpu), [] if args.gpu else gpu_drop_ins()
    if args.dry_run:
        warn([hidden] if hidden else [])
        for file in files:
            print(f"# {file.path}\n{file.text}")
        for file in unwanted:
            if file.is_there:
                print(f"# {file.path} lets the service use a GPU; without --gpu it is removed")
            elif file.path.exists():
                print(f"# {_left(file.path)}")
        return 0
    for path, written in install(files):
        print(f"{'wrote' if written else 'left as it was:'} {path}")
    for path, removed in remove(unwanted):
        print(f"removed {path}" if removed else _left(path))
    print(f"next: name your broker and topics in {CONFIGURATION}, then")
    print(f"  {program} check")
    print("  systemctl daemon-reload")
    print("  systemctl enable --now offbeat")
    return 0


def _left(path: Path) -> str:
    return (
        f"left, as it differs from what this version writes: {path}; it still lets the service use a GPU, so "
        "remove it yourself where that is not meant"
    )
