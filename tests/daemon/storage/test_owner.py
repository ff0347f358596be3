"""Files that root makes in the daemon's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from offbeat.storage.owner import ROOT, keep_owner


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    """Who may write the folder could else have root make any file, and be given it."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "file").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        keep_owner(tmp_path / "file", user=ROOT)
    assert not elsewhere.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_is_made_is_the_folders_owners_and_what_is_there_is_not_touched(tmp_path: Path) -> None:
    """Nothing is written into it."""
    os.chown(tmp_path, 4321, 4322)
    (tmp_path / "there").write_text("before")
    for name in ("new", "there"):
        keep_owner(tmp_path / name)
    assert (tmp_path / "new").stat().st_uid == 4321
    assert (tmp_path / "there").stat().st_uid == 0
    assert (tmp_path / "there").read_text() == "before"
