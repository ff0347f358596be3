"""Which configuration a command goes by: the one that is named, or one where configurations usually are."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

from offbeat.errors import ConfigError

LOCAL_CONFIG = Path("offbeat.toml")
SYSTEM_CONFIG = Path("/etc/offbeat/offbeat.toml")
CONF_D = "conf.d"
"""Folder beside a configuration with more of it."""
MINIMAL = """\
[mqtt]
url = "mqtt://localhost:1883"

[[source]]
topic = "plant/{line}/{sensor}/state"    # captures name the sensor

[alerts]
budget = "1/week"                        # false alerts per sensor"""
"""A configuration to begin with, as in deploy/examples/minimal.toml, which an installation need not have."""


def add_config_option(
    parser: argparse.ArgumentParser, *, of_daemon: bool = False, usual: str | None = None
) -> None:
    """Give a command `--config`.

    Args:
        parser: of the command.
        of_daemon: it is about the daemon of the configuration: what it does, or what is in its state.
        usual: what it goes by where none is named, in words; None = by that of `config_path`.
    """
    if usual is None:
        usual = f"./{LOCAL_CONFIG} if it is there and not another user's, else {SYSTEM_CONFIG}"
        usual += "; where both are there, the one by which a daemon runs" if of_daemon else ""
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help=f"the configuration; by default {usual}"
    )
    parser.set_defaults(of_daemon=of_daemon)


def config_path(args: argparse.Namespace, places: Sequence[Path] = (LOCAL_CONFIG, SYSTEM_CONFIG)) -> Path:
    """Return the configuration that the command line names, or the one to go by among those where one usually is.

    Of these the one in the working directory comes first, unless somebody else may have put it there, or the command
    is about a daemon and one runs by the other only. Where both are there, standard error is told which is taken.

    Args:
        args: with `config`, which may be None, and `of_daemon`.
        places: in the working directory, and of the service.

    Raises:
        ConfigError: none is named and there is none to go by.
    """
    named: Path | None = args.config
    if named is not None:
        return named
    local, system = places
    is_here, is_there = local.exists(), _is_there(system)
    stranger = owned_by_a_stranger(local) if is_here else ""
    if is_here and is_there:
        path, why = _of_two(local, system, stranger, of_daemon=args.of_daemon)
        if why:
            print(f"note: going by {path}{why}; --config says by which", file=sys.stderr)
        return path
    of_service = f"there is no {system}" if is_there is False else _closed(system)
    if stranger:
        raise ConfigError(
            f"no configuration: {local} belongs to {stranger}, and what others put into a folder is taken only "
            f"where it is named, by --config {local}; and {of_service}"
        )
    if is_here or is_there:
        return local if is_here else system
    raise ConfigError(
        f"no configuration: there is no {local}, and {of_service}; name one with --config FILE, or begin with these "
        f"lines in {local}:\n\n{MINIMAL}"
    )


def owned_by_a_stranger(path: Path) -> str:
    """Return whose a configuration is, or a part of it; empty if it is ours or root's, or of who became root by sudo.

    Commands are typed in folders that anybody may write to, and a configuration says which files are read and where
    passwords are sent.
    """
    trusted = {0, os.geteuid()}
    if os.geteuid() == 0 and (asked := os.environ.get("SUDO_UID", "")).isdecimal():
        trusted.add(int(asked))
    more = path.parent / CONF_D
    for part in (path, more, *more.glob("*.toml")):
        for about in (part.lstat(), part.stat()) if part.exists() else ():
            if about.st_uid not in trusted:
                return _name(about.st_uid)
    return ""


def _of_two(local: Path, system: Path, stranger: str, *, of_daemon: bool) -> tuple[Path, str]:
    """Return which of two configurations is taken, and why, as far as it has to be said."""
    if local.samefile(system):
        return system, ""
    if stranger:
        return system, f": {local} belongs to {stranger}"
    if of_daemon and _runs(system) and not _runs(local):
        return system, f", by which a daemon runs: none runs by {local}"
    return local, f" here and not by {system}"


def _is_there(path: Path) -> bool | None:
    """Return whether a file is there; None where its folder is closed to us: what is in it is in nobody's way."""
    try:
        return path.exists()
    except PermissionError:
        return None


def _closed(system: Path) -> str:
    return (
        f"whether there is a {system} is not known, since {_name(os.geteuid())} may not look into {system.parent}: "
        f"with sudo before the command it is found"
    )


def _runs(path: Path) -> bool:
    from offbeat.cli.running import look_for_daemon

    return look_for_daemon(path).running is not None


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
