"""Rules about files that hold certificates, keys and passwords."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from offbeat.config.places import Key
from offbeat.config.rules.finding import Finding


def check_file(where: Key, path: Path, credentials: Path | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a file that an option names.

    Args:
        where: the option; by its name one can tell whether the file is PEM, and whether it is a secret.
        path: of the file.
        credentials: folder whose files are guarded by who put them there: systemd, or what runs a container.
    """
    option = where[-1]
    try:
        state = path.stat()
    except OSError as error:
        yield Finding(where, f"cannot use {path}: {error.strerror}")
        return
    if not stat.S_ISREG(state.st_mode):
        yield Finding(where, f"{path} is not a file")
        return
    try:
        with path.open("rb") as file:
            content = file.read(4096)
    except OSError as error:
        yield Finding(where, f"cannot read {path}: {error.strerror}", "let the service's user read it")
        return
    if not content.strip():
        yield Finding(where, f"{path} is empty")
    elif option != "password_file" and b"-----BEGIN" not in content:
        yield Finding(where, f"{path} is not in PEM form: it holds no line with BEGIN", severity="warning")
    guarded = credentials is not None and path.is_relative_to(credentials)
    if option in ("password_file", "key_file") and state.st_mode & stat.S_IRWXO and not guarded:
        mode = stat.S_IMODE(state.st_mode)
        yield Finding(
            where,
            f"every user of this machine may read {path} (mode {mode:04o})",
            f"chmod 0640 {path}",
            "warning",
        )
