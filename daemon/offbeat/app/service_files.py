"""The files that make a service of an installed Offbeat: units that start this program, and a first configuration."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from offbeat.app.shipped import shipped
from offbeat.errors import UnavailableError, UsageError

UNITS = Path("/etc/systemd/system")
CONFIGURATION = Path("/etc/offbeat/offbeat.toml")
_NAMES = ("offbeat.service", "offbeat@.service")
_GPU = "gpu.conf"
SHIPPED_PROGRAM = "/opt/offbeat/bin/offbeat"
"""What the units start as they are shipped."""

HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ProtectHome of the units hides from the service."""

_INSTALL = (
    "python3 -m venv /opt/offbeat && /opt/offbeat/bin/pip install --constraint deploy/constraints.txt "
    "--extra-index-url https://download.pytorch.org/whl/cpu . in a checkout"
)
"""As in README.md: of torch the build without CUDA, and releases that were tested together."""

_FIRST_CONFIGURATION = """\
# The broker, the topics whose captures name the sensor, and how many false alerts a sensor may raise.
# Look it over with: offbeat check
[mqtt]
url = "mqtt://localhost:1883"
#username = "offbeat"
#password_file = "mqtt-password"        # see LoadCredential in the unit

[[source]]
topic = "plant/{line}/{sensor}/state"

[alerts]
budget = "1/week"
"""


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A file to be there afterwards.

    Attributes:
        path: where.
        text: what it holds.
        is_users: it is the user's from the moment it exists, and is never written again.
    """

    path: Path
    text: str
    is_users: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it exists with the very text that this version writes."""
        return self.path.exists() and self.path.read_text() == self.text

    def write(self) -> bool:
        """Write it, unless it is the user's and exists or is as it should be; tell whether it was written."""
        if self.is_there or (self.is_users and self.path.exists()):
            return False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.text)
        return True

    def remove(self) -> bool:
        """Remove it, unless it has another text: somebody's, or an older version's; tell whether it was removed."""
        if not self.is_there:
            return False
        self.path.unlink()
        return True


def service_files(program: Path, *, gpu: bool) -> list[ServiceFile]:
    """Return the units for a program, a drop-in of each for a GPU if asked for, and a first configuration.

    Args:
        program: absolute path of the `offbeat` that the units start.
        gpu: let the service use an NVIDIA GPU.

    Raises:
        OffbeatError: this installation holds no units.
    """
    units = shipped("systemd")
    files = [
        ServiceFile(UNITS / name, (units / name).read_text().replace(SHIPPED_PROGRAM, str(program)))
        for name in _NAMES
    ]
    drop_ins = gpu_drop_ins() if gpu else []
    return [*files, *drop_ins, ServiceFile(CONFIGURATION, _FIRST_CONFIGURATION, is_users=True)]


def gpu_drop_ins() -> list[ServiceFile]:
    """Return the drop-ins that let the units use an NVIDIA GPU.

    Raises:
        OffbeatError: this installation holds no units.
    """
    text = (shipped("systemd") / f"{_NAMES[0]}.d" / _GPU).read_text()
    return [ServiceFile(UNITS / f"{name}.d" / _GPU, text) for name in _NAMES]


def installed_program() -> Path:
    """Return the `offbeat` beside the running interpreter.

    Raises:
        UsageError: there is none.
    """
    program = Path(sysconfig.get_path("scripts")) / "offbeat"
    if not program.exists():
        raise UsageError(
            f"there is no program {program} that a service could start; install Offbeat into its own environment: "
            f"{_INSTALL}"
        )
    return program


def why_hidden(program: Path, homes: Iterable[Path] = HOMES) -> str:
    """Return why a service could not see a program or its interpreter, and what to do; empty if it could.

    Args:
        program: that the units start.
        homes: folders that are hidden from the service.
    """
    for place in (program, Path(sys.executable).resolve(), Path(sys.base_prefix)):
        if home := hidden_by(place, homes):
            return (
                f"{place} lies under {home}, where a service may not look; install Offbeat outside of it: {_INSTALL}, "
                "with an interpreter that is not under it either"
            )
    return ""


def hidden_by(place: Path, homes: Iterable[Path]) -> Path | None:
    """Return the folder among `homes` that a place lies under, None if none."""
    return next((home for home in homes if place.is_relative_to(home)), None)


def install(files: Iterable[ServiceFile]) -> list[tuple[Path, bool]]:
    """Write files; return each path and whether it was written.

    Raises:
        UnavailableError: one cannot be written; the message says which and why.
    """
    return [_done(file.path, file.write, "written") for file in files]


def remove(files: Iterable[ServiceFile]) -> list[tuple[Path, bool]]:
    """Take away what an earlier run wrote; return the path of each that was there, and whether it was removed.

    Raises:
        UnavailableError: one cannot be removed; the message says which and why.
    """
    there = [file for file in files if file.path.exists()]
    return [_done(file.path, file.remove, "removed") for file in there]


def _done(path: Path, change: Callable[[], bool], what: str) -> tuple[Path, bool]:
    try:
        return path, change()
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be {what}: {error.strerror}; run this as root, or look at it with --dry-run"
        ) from error
