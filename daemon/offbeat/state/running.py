"""What a running daemon runs by, kept in its state directory for commands that ask: its files may say otherwise by now.

It holds no secrets, since the configuration holds none.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from offbeat.config.settings import Settings
from offbeat.storage.held_file import HeldFile, read_held

FILE = "running.json"
MOST_BYTES = 8 * 1024**2
"""No settings are as large; a longer file is of somebody who means us ill."""


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that runs.

    Attributes:
        settings: that it runs by.
        is_ours: it runs as the user of this process, who may do all that it may.
        owns_directory: it runs as the user whose the state directory is, and has not just been let in.
    """

    settings: Settings
    is_ours: bool
    owns_directory: bool = False


class RunningSettings:
    """Keeps what the daemon of this process runs by.

    Args:
        directory: its state directory, which is there.
    """

    def __init__(self, directory: Path) -> None:
        self._file = HeldFile(directory / FILE)

    def keep(self, settings: Settings) -> None:
        """Let others know of the settings from now on.

        Raises:
            OSError: that cannot be written; others know of none from now on, for those of before would mislead them.
        """
        try:
            self._file.put(settings.model_dump_json(indent=1).encode())
        except OSError:
            self._file.withdraw()
            raise

    def close(self) -> None:
        """Let others know that nothing runs by them any more."""
        self._file.close()


def running_on(directory: Path) -> Running | None:
    """Return the daemon that runs on a state directory; None where none does, or where that cannot be known.

    What another release wrote may not be understood, and what another user's daemon wrote may not be read.
    """
    try:
        held = read_held(directory / FILE, MOST_BYTES)
        if held is None:
            return None
        settings = Settings.model_validate(json.loads(held.data))
        owner = directory.stat().st_uid
    except (OSError, ValueError, RecursionError):
        return None
    return Running(settings, held.owner == os.geteuid(), held.owner == owner)


def runs_on(directory: Path) -> bool | None:
    """Return whether a daemon runs on a state directory, of whatever release; None where that cannot be known.

    An older release writes nothing down, and this one nothing where the disk is full.
    """
    try:
        return read_held(directory / FILE, MOST_BYTES) is not None
    except OSError:
        return None
