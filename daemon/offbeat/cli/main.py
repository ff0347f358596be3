"""`offbeat`: choose the command, run it, and turn every end into an exit code.

A command is a module with `add_parser(subparsers)` and `run(args) -> int`. Only the chosen one is imported,
so that `--help` and `check` stay quick however heavy another command's imports are.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from offbeat.cli.common import error_line
from offbeat.cli.parser import Parser, Subparsers, suggest_option
from offbeat.errors import OffbeatError

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("offbeat.cli.run", "listen to the broker, score, and publish alerts"),
    "status": (
        "offbeat.cli.status",
        "tell how the running daemon is, and how far its sensors have been learnt",
    ),
    "check": ("offbeat.cli.check", "look over the configuration without connecting to anything"),
    "train": ("offbeat.cli.train", "learn from recordings and put the model into service"),
    "models": ("offbeat.cli.models", "list and compare versions of models, put one into service, go back"),
    "episodes": ("offbeat.cli.episodes", "list what was strange, show one, say what it was"),
    "freeze": (
        "offbeat.cli.freeze",
        "learn nothing of a sensor, a group or the fleet, for a maintenance or until thawed",
    ),
    "thaw": ("offbeat.cli.thaw", "let what was frozen be learnt again"),
    "calibrate": (
        "offbeat.cli.calibrate",
        "tell what an artifact would alert about, and how often, before it goes live",
    ),
    "backtest": (
        "offbeat.cli.backtest",
        "learn on the past of recordings, play the rest, write scores and a report",
    ),
    "replay": ("offbeat.cli.replay", "play recorded messages through the daemon on virtual time"),
    "simulate": ("offbeat.cli.simulate", "publish irregular synthetic sensors with labelled faults"),
    "demo": ("offbeat.cli.demo", "show it all on this machine, with a broker of its own"),
    "export": (
        "offbeat.cli.export",
        "write dashboards, rules, the OpenAPI document or the reference of this version",
    ),
    "install-service": ("offbeat.cli.install_service", "make a systemd service of this installation"),
    "version": ("offbeat.cli.version", "tell the versions of Offbeat and of what it stands on"),
}
"""Module and one line of help of each command, in the order of `offbeat --help`."""

INTERRUPTED = 130
READER_GONE = 141
"""What shells report for a program that SIGINT or SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 1, 2, 69 or 78, or that of a signal."""
    _survive_early_reload()
    try:
        code = _dispatch(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except OffbeatError as error:
        if _debugging():
            raise
        print(error_line(str(error)), file=sys.stderr)
        return error.exit_code
    except OSError as error:
        # Named files are the user's; an OSError without one is a fault of ours and shows its traceback.
        if _debugging() or error.filename is None:
            raise
        print(error_line(f"{error.filename}: {error.strerror}"), file=sys.stderr)
        return 1
    return code


def command_parsers() -> dict[str, Parser]:
    """Return the whole parser of every command, by name; imports all of them."""
    return {
        name: _build_parser(name, importlib.import_module(module))[1].choices[name]
        for name, (module, _) in COMMANDS.items()
    }


def _dispatch(arguments: list[str]) -> int:
    chosen = next((argument for argument in arguments if not argument.startswith("-")), None)
    module = importlib.import_module(COMMANDS[chosen][0]) if chosen in COMMANDS else None
    parser, subparsers = _build_parser(chosen, module)
    args, extra = parser.parse_known_args(arguments)
    if extra:
        inner = subparsers.choices.get(args.command or "", parser)
        inner.error(f"unknown argument {extra[0]}{suggest_option(extra[0], inner)}")
    if module is None:
        parser.print_help()
        return 2
    return int(module.run(args))


def _build_parser(chosen: str | None, module: ModuleType | None) -> tuple[Parser, Subparsers]:
    parser = Parser(
        prog="offbeat",
        description="Says when a sensor that reports whenever it likes falls out of step.",
        epilog="`offbeat COMMAND --help` tells a command's options. Exit codes: 0 done, 1 failed, 2 wrong "
        "command line, 69 something needed is unreachable, 78 bad configuration.",
    )
    parser.add_argument("--version", action="version", version=_version_line())
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", parser_class=Parser, required=False
    )
    for name, (_, summary) in COMMANDS.items():
        if name == chosen and module is not None:
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return parser, subparsers


def _version_line() -> str:
    from offbeat import __version__

    return f"offbeat {__version__}"


def _survive_early_reload() -> None:
    # SIGHUP ends a process that has no handler yet, and systemd takes that for a clean exit: a reload that
    # comes while the service is still importing must not stop it. The service sets its own handler later.
    if "NOTIFY_SOCKET" in os.environ:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _debugging() -> bool:
    return os.environ.get("OFFBEAT_DEBUG", "") not in ("", "0")
