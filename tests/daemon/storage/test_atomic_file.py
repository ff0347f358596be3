"""Files that are the old ones or the new ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from offbeat.storage.atomic_file import remove_stale_temporaries, write_atomically, write_fresh
from offbeat.storage.disk import Disk
from tests.support.disk import no_file_beyond


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """And no temporary file stays."""
    path = tmp_path / "x"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [write_atomically, write_fresh, Disk().write])
def test_a_link_in_the_place_of_a_new_file_is_not_followed(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    """It could lead to what only root may write."""
    other = tmp_path / "other"
    other.write_bytes(b"not ours")
    for name in ("x", ".x.tmp"):
        (tmp_path / name).symlink_to(other)
    write(tmp_path / "x", b"new")
    assert other.read_bytes() == b"not ours"
    assert (tmp_path / "x").read_bytes() == b"new"
    assert not (tmp_path / "x").is_symlink()


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """Nothing half-written stays behind."""
    path = tmp_path / "x"
    write_atomically(path, b"old")
    with no_file_beyond(100_000), pytest.raises(OSError, match="large"):
        write_atomically(path, b"x" * 200_000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    """Somebody who opened the old file keeps reading the old file."""
    path = tmp_path / "x"
    write_atomically(path, b"old" * 1000)
    with path.open("rb") as file:
        write_atomically(path, b"new" * 1000)
        assert file.read() == b"old" * 1000


def test_only_our_own_left_overs_are_removed(tmp_path: Path) -> None:
    """Other hidden files and finished files stay."""
    for name in (".a.safetensors.tmp", ".hidden", "b.tmp", "c"):
        (tmp_path / name).write_bytes(b"")
    assert remove_stale_temporaries(tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == {".hidden", "b.tmp", "c"}
