"""Files that root makes in the daemon's folder stay the daemon's."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = 0


def keep_owner(path: Path, user: int | None = None) -> None:
    """Make a file that is not there yet, as the owner of its folder, where root is about to make it.

    The daemon runs as a user of its own, and could not write what root left behind. SQLite gives what it puts beside a
    database to the database's owner. A link is not followed: whoever may write the folder could have put it there, and
    would be given what root made at its end.

    Args:
        path: of the file; it is not touched if it is there.
        user: who makes it; by default the user of this process.

    Raises:
        OSError: it cannot be made, or a link that leads nowhere is in its place.
    """
    if (os.geteuid() if user is None else user) != ROOT or path.exists():
        return
    folder = path.parent.stat()
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o644)
    except FileExistsError:
        if path.is_symlink():
            raise
        return  # another process was quicker
    try:
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    finally:
        os.close(descriptor)


def give_to_owner(path: Path, folder: Path, user: int | None = None) -> None:
    """Give what root made, with all that is in it, to the owner of a folder.

    Args:
        path: a file or a folder.
        folder: whose owner it is given to.
        user: who made it; by default the user of this process.

    Raises:
        OSError: it cannot be given.
    """
    if (os.geteuid() if user is None else user) != ROOT:
        return
    owner = folder.stat()
    for one in (path, *path.rglob("*")) if path.is_dir() else (path,):
        os.chown(one, owner.st_uid, owner.st_gid, follow_symlinks=False)
