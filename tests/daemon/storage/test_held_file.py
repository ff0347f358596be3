"""Files that tell whether who wrote them still runs."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from offbeat.storage.held_file import TRIES, Held, HeldFile, read_held
from tests.support.disk import no_file_beyond, one_free_descriptor

WRITER = """
import sys
from pathlib import Path
from offbeat.storage.held_file import HeldFile
file = HeldFile(Path(sys.argv[1]))
file.put(b"alive")
print("written", flush=True)
sys.stdin.read()
"""


def read(path: Path) -> bytes | None:
    """Return what a file holds whose writer runs."""
    held = read_held(path, 1000)
    return None if held is None else held.data


@contextmanager
def before_each_lock(do: Callable[[], None]) -> Iterator[None]:
    """Do something whenever a reader has opened the file, and has not asked yet whether it is held."""

    def watch(_: Any, event: str, called: Any) -> None:
        if event == "c_call" and called is fcntl.flock:
            do()

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_it_is_read_while_its_writer_holds_it(tmp_path: Path) -> None:
    """Whatever he put last; afterwards it lies there and says that nobody runs."""
    path = tmp_path / "running"
    with pytest.raises(FileNotFoundError):
        read(path)
    file = HeldFile(path)
    for text in (b"one", b"two"):
        file.put(text)
        assert read(path) == text
    file.close()
    assert read(path) is None
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
        assert read(path) == b"alive"
        writer.kill()
        writer.wait(10)
    assert read(path) is None


def test_on_a_full_disk_the_one_before_stays_and_is_held(tmp_path: Path) -> None:
    """Nothing half-written is left beside it."""
    path = tmp_path / "running"
    file = HeldFile(path)
    file.put(b"before")
    with no_file_beyond(2), pytest.raises(OSError, match="large"):
        file.put(b"x" * 100)
    assert read(path) == b"before"
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
    assert read(path) == b"two"


def test_who_opened_it_just_before_it_was_replaced_reads_the_new_one(tmp_path: Path) -> None:
    """The old one is held by nobody then, but its writer runs."""
    path = tmp_path / "running"
    file, texts = HeldFile(path), iter([b"two"])
    file.put(b"one")
    with before_each_lock(lambda: [file.put(text) for text in texts] and None):
        assert read(path) == b"two"


def test_one_that_is_replaced_again_and_again_is_not_looked_at_for_ever(tmp_path: Path) -> None:
    """Somebody may do that on purpose."""
    path = tmp_path / "running"
    file, count = HeldFile(path), [0]
    file.put(b"0")

    def put() -> None:
        count[0] += 1
        file.put(b"%d" % count[0])

    with before_each_lock(put), pytest.raises(OSError, match="replaced faster than it can be read"):
        read(path)
    assert count == [TRIES]


def test_its_owner_is_told_with_it_and_no_more_is_read_than_allowed(tmp_path: Path) -> None:
    """A file of another size than expected is of somebody else."""
    path = tmp_path / "running"
    file = HeldFile(path)
    file.put(b"one")
    assert read_held(path, 3) == Held(b"one", os.geteuid())
    with pytest.raises(OSError, match="it is larger than 2 bytes"):
        read_held(path, 2)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe would be waited at for ever, and a link leads to what somebody else holds."""
    path, other = tmp_path / "running", tmp_path / "other"
    os.mkfifo(path)
    with pytest.raises(OSError, match="no ordinary file"):
        read(path)
    path.unlink()
    file = HeldFile(other)
    file.put(b"another's")
    path.symlink_to(other)
    with pytest.raises(OSError, match="symbolic link"):
        read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="no ordinary file"):
        read(path)


def test_what_is_in_its_place_was_put_without_an_error(tmp_path: Path) -> None:
    """Whoever is told of one would think that the file before still stands."""
    path = tmp_path / "running"
    file = HeldFile(path)
    with one_free_descriptor():
        file.put(b"one")
    assert read(path) == b"one"


def test_one_that_is_withdrawn_is_gone(tmp_path: Path) -> None:
    """Whether it was put by this process or by one before."""
    path = tmp_path / "running"
    file = HeldFile(path)
    file.put(b"one")
    file.withdraw()
    assert not path.exists()
    file.withdraw()
    path.write_text("of before")
    file.withdraw()
    assert not path.exists()
