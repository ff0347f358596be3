"""Files that tell whether who wrote them still runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offbeat.storage.held_file import HeldFile, read_held
from tests.support.disk import no_file_beyond

WRITER = """
import sys
from pathlib import Path
from offbeat.storage.held_file import HeldFile
file = HeldFile(Path(sys.argv[1]))
file.put(b"alive")
print("written", flush=True)
sys.stdin.read()
"""


def test_it_is_read_while_its_writer_holds_it(tmp_path: Path) -> None:
    """Whatever he put last; afterwards it lies there and says that nobody runs."""
    path = tmp_path / "running"
    assert read_held(path) is None
    file = HeldFile(path)
    for text in (b"one", b"two"):
        file.put(text)
        assert read_held(path) == text
    file.close()
    assert read_held(path) is None
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    """No file of a number that another process may have by now is needed for that."""
    path = tmp_path / "running"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        assert read_held(path) == b"alive"
        writer.kill()
        writer.wait(10)
    assert read_held(path) is None


def test_on_a_full_disk_the_one_before_stays_and_is_held(tmp_path: Path) -> None:
    """Nothing half-written is left beside it."""
    path = tmp_path / "running"
    file = HeldFile(path)
    file.put(b"before")
    with no_file_beyond(2), pytest.raises(OSError, match="large"):
        file.put(b"x" * 100)
    assert read_held(path) == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_in_its_place_is_not_left_beside_it(tmp_path: Path) -> None:
    """A folder is there, for instance."""
    path = tmp_path / "running"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        HeldFile(path).put(b"one")
    assert list(tmp_path.iterdir()) == [path]


def test_who_reads_does_not_keep_the_writer_from_putting_another(tmp_path: Path) -> None:
    """A reader may stand still with the file open."""
    path = tmp_path / "running"
    file = HeldFile(path)
    file.put(b"one")
    descriptor = os.open(path, os.O_RDONLY)
    file.put(b"two")
    os.close(descriptor)
    assert read_held(path) == b"two"
