"""The steps in which files change, one method each: what a crash between any two of them leaves can be tried out."""

from __future__ import annotations

import shutil
from pathlib import Path

from offbeat.storage.atomic_file import sync_directory, write_fresh


class Disk:
    """The file system, as far as it is changed."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file and make its content durable; one that is left there is removed, a link not followed."""
        write_fresh(path, data)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or a folder another name; a file of that name is replaced."""
        source.replace(target)

    def sync(self, directory: Path) -> None:
        """Make the names in a folder durable."""
        sync_directory(directory)

    def remove(self, folder: Path) -> None:
        """Remove a folder and all that is in it."""
        shutil.rmtree(folder)
