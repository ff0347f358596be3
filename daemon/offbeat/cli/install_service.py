"""`offbeat install-service`: make a systemd service of this installation."""

from __future__ import annotations

import argparse

from offbeat.cli.parser import Subparsers
from offbeat.errors import UsageError


def add_parser(subparsers: Subparsers) -> None:
    """Add `install-service` to the command line."""
    parser = subparsers.add_parser(
        "install-service",
        help="make a systemd service of this installation",
        description="Writes units that start this very program to /etc/systemd/system, and a first configuration to "
        "/etc/offbeat where there is none yet. Starts nothing: it says what to do next.",
    )
    parser.add_argument("--gpu", action="store_true", help="let the service use an NVIDIA GPU")
    parser.add_argument("--dry-run", action="store_true", help="print the files instead of writing them")


def run(args: argparse.Namespace) -> int:
    """Write the files and print what to do next."""
    from offbeat.app.service_files import (
        CONFIGURATION,
        install,
        installed_program,
        service_files,
        why_hidden,
    )
    from offbeat.cli.learning import warn

    program = installed_program()
    hidden = why_hidden(program)
    if hidden and not args.dry_run:
        raise UsageError(hidden)
    files = service_files(program, gpu=args.gpu)
    if args.dry_run:
        warn([hidden] if hidden else [])
        for file in files:
            print(f"# {file.path}\n{file.text}")
        return 0
    for path, written in install(files):
        print(f"{'wrote' if written else 'left as it was:'} {path}")
    print(f"next: name your broker and topics in {CONFIGURATION}, then")
    print(f"  {program} check")
    print("  systemctl daemon-reload")
    print("  systemctl enable --now offbeat")
    return 0
