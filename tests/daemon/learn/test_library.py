"""The library of models: versions side by side, one in service, whole at every moment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from offbeat.core.model_choice import ModelChoice
from offbeat.errors import ConfigError, OffbeatError, UsageError
from offbeat.learn.library import PROMOTIONS, GroupModels, ModelLibrary, folder_name
from offbeat.learn.trial import Verdict
from offbeat.storage.disk import Disk
from tests.support.versions import installed, made


class PowerCut(Exception):  # noqa: N818 - it is one
    """The process ended here."""


class FailingDisk(Disk):
    """A disk under a process that is killed at its n-th step, in the middle of a write or before any other step.

    Args:
        steps: that are still done.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def write(self, path: Path, data: bytes) -> None:
        """Write all, or the first half."""
        if self.left == 0:
            path.write_bytes(data[: len(data) // 2])
        self._count()
        super().write(path, data)

    def rename(self, source: Path, target: Path) -> None:
        """Rename, or end."""
        self._count()
        super().rename(source, target)

    def sync(self, directory: Path) -> None:
        """Sync, or end."""
        self._count()
        super().sync(directory)

    def remove(self, folder: Path) -> None:
        """Remove all, or some, and end."""
        if self.left == 0:
            next(path for path in sorted(folder.iterdir())).unlink()
        self._count()
        super().remove(folder)

    def _count(self) -> None:
        if self.left == 0:
            raise PowerCut
        self.left -= 1


def a_group(folder: Path, keep: int = 5, disk: Disk | None = None) -> GroupModels:
    """Return the group of sensors of one channel."""
    return ModelLibrary(folder / "models", keep, disk).group("value")


def in_service(group: GroupModels) -> str | None:
    """Return the version in service."""
    return group.promotions().current


@pytest.mark.parametrize(
    ("channels", "name"),
    [
        (("value",), "value"),
        (("temp", "pressure"), "temp+pressure"),
        (("Temp_1.min", "a-b"), "Temp_1.min+a-b"),
    ],
)
def test_a_plain_group_has_its_channels_as_folder(channels: tuple[str, ...], name: str) -> None:
    """So that a person finds it."""
    assert folder_name(channels) == name


@pytest.mark.parametrize(
    "channels", [("a/b",), ("..",), (".hidden",), ("Temp °C", "x"), ("",), tuple(f"c{i}" for i in range(200))]
)
def test_the_folder_of_odd_channels_is_a_plain_name_of_its_own(channels: tuple[str, ...]) -> None:
    """Channels come from payloads and may hold anything; a path they must not become."""
    name = folder_name(channels)
    assert Path(name).name == name
    assert not name.startswith(".")
    assert len(name) <= 80
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-")
    assert name != folder_name((*channels, "more"))
    assert name == folder_name(channels)


def test_channels_that_look_alike_have_folders_of_their_own() -> None:
    """Replaced characters do not make two groups one."""
    names = [folder_name((text,)) for text in ("a/b", "a_b", "a b", "a:b")]
    assert len(set(names)) == 4


def test_the_choice_of_a_model_is_in_the_name_where_it_is_not_the_usual() -> None:
    """So that two choices for the same channels lie side by side."""
    assert folder_name(("value",), ModelChoice()) == "value"
    assert folder_name(("value",), ModelChoice("pca")) == "value@pca"


def test_versions_lie_side_by_side_the_newest_first(tmp_path: Path) -> None:
    """None is in service before somebody says so."""
    group = a_group(tmp_path)
    names = [installed(group, tmp_path, number) for number in range(3)]
    assert [one.version for one in group.versions()] == names[::-1]
    assert in_service(group) is None
    newest = group.versions()[0]
    assert (newest.sensors, newest.steps, newest.channels, newest.damage) == (2, 102, ("value",), "")


def test_the_same_content_is_the_same_version(tmp_path: Path) -> None:
    """To install it twice is to install it."""
    group = a_group(tmp_path)
    assert installed(group, tmp_path, 1) == installed(group, tmp_path / "again", 1)
    assert len(group.versions()) == 1


def test_promotion_and_rollback_move_the_pointer_and_are_remembered(tmp_path: Path) -> None:
    """Who, when, why."""
    group = a_group(tmp_path)
    first, second = (installed(group, tmp_path, number) for number in range(2))
    group.promote(first, "anna", "the first")
    group.promote(second, "ben", "fewer false alerts")
    assert in_service(group) == second
    group.rollback("anna", "more of them")
    assert in_service(group) == first
    assert [(one.version, one.by, one.why, one.kind) for one in group.promotions()] == [
        (first, "anna", "the first", "promote"),
        (second, "ben", "fewer false alerts", "promote"),
        (first, "anna", "more of them", "rollback"),
    ]
    with pytest.raises(OffbeatError, match="value: there was no version before"):
        group.rollback("anna", "")


def test_what_is_not_there_is_not_promoted(tmp_path: Path) -> None:
    """Neither a version nor a path out of the library."""
    group = a_group(tmp_path)
    with pytest.raises(UsageError, match="no model of this group was trained yet"):
        group.promote("0" * 12, "", "")
    installed(group, tmp_path, 0)
    for name in ("0" * 12, "..", "../0", ""):
        with pytest.raises(UsageError, match="there is no version"):
            group.promote(name, "", "")


@pytest.mark.parametrize("how", ["cut short", "changed", "gone", "no manifest", "another manifest"])
def test_a_damaged_version_is_said_and_never_put_into_service(tmp_path: Path, how: str) -> None:
    """The others are there all the same."""
    group = a_group(tmp_path)
    whole, hurt = (installed(group, tmp_path, number) for number in range(2))
    weights, manifest = group.folder / hurt / "model.safetensors", group.folder / hurt / "manifest.json"
    if how == "cut short":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif how == "changed":
        weights.write_bytes(b"x" + weights.read_bytes()[1:])
    elif how == "gone":
        weights.unlink()
    elif how == "no manifest":
        manifest.unlink()
    else:
        manifest.write_bytes(manifest.read_bytes().replace(b"a.fan", b"a.fun"))
    assert {one.version: bool(one.damage) for one in group.versions()} == {hurt: True, whole: False}
    with pytest.raises(ConfigError, match=str(group.folder / hurt)):
        group.promote(hurt, "", "")
    assert in_service(group) is None


def test_a_damaged_version_is_replaced_by_a_whole_one(tmp_path: Path) -> None:
    """To train the same again is a way to mend it."""
    group = a_group(tmp_path)
    version = installed(group, tmp_path, 1)
    (group.folder / version / "model.safetensors").unlink()
    assert installed(group, tmp_path / "again", 1) == version
    assert [one.damage for one in group.versions()] == [""]


def test_what_is_not_whole_is_not_installed(tmp_path: Path) -> None:
    """The library holds nothing of it."""
    made(tmp_path / "bench", 1)
    (tmp_path / "bench" / "model.safetensors").unlink()
    group = a_group(tmp_path)
    with pytest.raises(ConfigError, match="missing"):
        group.install(tmp_path / "bench")
    assert group.versions() == []


def test_old_versions_go_but_never_the_one_in_service_or_the_one_before(tmp_path: Path) -> None:
    """However old they are."""
    group = a_group(tmp_path, keep=3)
    names = [installed(group, tmp_path, number) for number in range(2)]
    for name in names:
        group.promote(name, "", "")
    later = [installed(group, tmp_path, number) for number in range(2, 9)]
    assert {one.version for one in group.versions()} == {*names, later[-1]}
    group.promote(later[-1], "", "")
    after = installed(group, tmp_path, 9)
    assert {one.version for one in group.versions()} == {*names, later[-1], after}
    group.promote(after, "", "")
    assert {one.version for one in group.versions()} == {names[1], later[-1], after}


@pytest.mark.parametrize("then", ["a rollback", "two promotions"])
def test_what_the_state_of_a_daemon_is_of_stays_until_it_had_time_for_another(
    tmp_path: Path, then: str
) -> None:
    """A daemon that was down plays its log on under the version that it ended with."""
    group = a_group(tmp_path, keep=2)
    first = installed(group, tmp_path, 0)
    group.promote(first, "", "")
    served = installed(group, tmp_path, 1)
    group.promote(served, "", "")
    if then == "a rollback":
        group.rollback("", "")
        installed(group, tmp_path, 2)
    else:
        for number in (2, 3):
            group.promote(installed(group, tmp_path, number), "", "")
    assert served in {one.version for one in group.versions()}


def test_a_damaged_history_is_said_with_what_to_do_and_a_promotion_mends_it(tmp_path: Path) -> None:
    """Nothing is removed while it is not known what is in service."""
    group = a_group(tmp_path, keep=2)
    names = [installed(group, tmp_path, number) for number in range(2)]
    group.promote(names[0], "", "")
    (group.folder / PROMOTIONS).write_bytes(b"{")
    with pytest.raises(ConfigError, match="offbeat models promote VERSION"):
        group.promotions()
    names += [installed(group, tmp_path, number) for number in range(2, 5)]
    assert len(group.versions()) == 5
    group.promote(names[1], "", "")
    assert in_service(group) == names[1]
    assert (group.folder / f"{PROMOTIONS}.bad").read_bytes() == b"{"


def test_a_version_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    """In whatever group it is, as long as there is but one."""
    library = ModelLibrary(tmp_path / "models", keep=20)
    names = {number: installed(library.group("value"), tmp_path / "a", number) for number in range(20)}
    pair = installed(library.group("temp+pressure"), tmp_path / "b", 0, channels=["temp", "pressure"])
    group, version = library.find(pair[:8])
    assert (group.name, version.version) == ("temp+pressure", pair)
    by_first = {
        name[0] for name in names.values() if sum(other[0] == name[0] for other in names.values()) > 1
    }
    with pytest.raises(UsageError, match=r"is the beginning of [0-9a-f]{12} of .*write more of it"):
        library.find(by_first.pop())
    for unknown in ("zzz", ""):
        with pytest.raises(UsageError, match=rf'there is no version "{unknown}" in .*offbeat models list'):
            library.find(unknown)


def test_a_workbench_is_gone_afterwards_also_that_of_a_training_that_was_killed(tmp_path: Path) -> None:
    """One that is in use is left alone."""
    library = ModelLibrary(tmp_path / "models")
    library.root.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (library.root / f".incoming-{ended.pid}-x").mkdir()
    (library.root / f".incoming-{os.getppid()}-x").mkdir()
    with library.workbench() as bench:
        assert bench.parent == library.root
        assert not (library.root / f".incoming-{ended.pid}-x").exists()
    assert [path.name for path in library.root.iterdir()] == [f".incoming-{os.getppid()}-x"]
    assert library.groups() == []


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as a user who may send no signal to the first process."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_the_workbench_of_another_user_is_left_alone() -> None:
    """Its process runs, though nothing may be said to it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        with as_nobody():
            library = ModelLibrary(Path(folder) / "models")
            library.root.mkdir()
            other = library.root / ".incoming-1-x"
            other.mkdir()
            with library.workbench():
                assert other.exists()


def ready(folder: Path) -> tuple[str, str]:
    """Make a library of two versions, the first in service, and a third one on the bench; keep only two."""
    group = a_group(folder)
    first, second = (installed(group, folder, number) for number in range(2))
    group.promote(first, "", "")
    made(folder / "third", 7)
    return first, second


@pytest.mark.parametrize("steps", range(12))
def test_whatever_step_a_promotion_is_cut_off_at_the_old_or_the_new_is_in_service(
    tmp_path: Path, steps: int
) -> None:
    """And the next one goes through."""
    first, second = ready(tmp_path)
    done = True
    try:
        a_group(tmp_path, disk=FailingDisk(steps)).promote(second, "", "")
    except PowerCut:
        done = False
    group = a_group(tmp_path)
    current = in_service(group)
    assert current == second if done else current in (first, second)
    assert all(not one.damage for one in group.versions())
    assert [one.version for one in group.promotions()] == ([first, second] if current == second else [first])
    group.promote(second, "", "again")
    group.rollback("", "")
    assert in_service(group) == first


@pytest.mark.parametrize("steps", range(12))
def test_whatever_step_an_installation_is_cut_off_at_all_versions_are_whole(
    tmp_path: Path, steps: int
) -> None:
    """Those that go for it are gone or whole; those that are needed are there; the next installation cleans up."""
    first, second = ready(tmp_path)
    installed(a_group(tmp_path), tmp_path, 2)
    a_group(tmp_path).promote(second, "", "")
    version = made(tmp_path / "fourth", 8)
    done = True
    try:
        a_group(tmp_path, keep=2, disk=FailingDisk(steps)).install(tmp_path / "fourth")
    except PowerCut:
        done = False
    group = a_group(tmp_path, keep=2)
    found = {one.version: one.damage for one in group.versions()}
    assert {first, second} <= set(found)
    assert set(found.values()) == {""}
    assert in_service(group) == second
    assert not done or version in found
    made(tmp_path / "fourth", 8)
    assert group.install(tmp_path / "fourth") == version
    assert {one.version for one in group.versions()} == {first, second, version}
    assert not list(group.folder.glob(".old-*"))


def test_a_wish_for_training_is_a_fresh_file_whatever_lies_in_its_place(tmp_path: Path) -> None:
    """A link could lead to what only root may write."""
    library, other = ModelLibrary(tmp_path / "models"), tmp_path / "other"
    other.write_text("not ours")
    library.root.mkdir()
    (library.root / ".train-now").symlink_to(other)
    library.wish_for_training("anna")
    assert other.read_text() == "not ours"
    assert library.take_wish() == "anna"
    library.wish_is_done()
    assert list(library.root.iterdir()) == []
    assert library.take_wish() == ""


def test_a_wish_that_was_taken_can_be_renewed_until_it_is_done(tmp_path: Path) -> None:
    """A newer one stands for both."""
    library = ModelLibrary(tmp_path / "models")
    library.renew_wish()
    assert library.take_wish() == ""
    library.wish_for_training("anna")
    assert (library.take_wish(), library.take_wish()) == ("anna", "")
    library.renew_wish()
    assert library.take_wish() == "anna"
    library.wish_for_training("bert")
    library.renew_wish()
    assert library.take_wish() == "bert"
    library.wish_is_done()
    library.renew_wish()
    assert library.take_wish() == ""


def test_a_library_that_cannot_be_written_keeps_nobody_from_renewing_a_wish(tmp_path: Path) -> None:
    """A daemon renews as it starts: it has to start all the same."""
    (tmp_path / "models").write_text("no folder")
    ModelLibrary(tmp_path / "models").renew_wish()
    assert (tmp_path / "models").read_text() == "no folder"


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Nothing is made where it leads."""
    group = a_group(tmp_path)
    version = installed(group, tmp_path, 0)
    (group.folder / ".lock").unlink()
    (group.folder / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="lock"):
        group.promote(version, "", "")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for another user")
def test_what_root_puts_in_is_the_daemons(tmp_path: Path) -> None:
    """Versions, promotions, the lock, and the folders: the daemon runs as the owner of the state directory."""
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 4711, 4712)
    library = ModelLibrary(state / "models")
    group = library.group("value")
    with library.workbench() as bench:
        version = made(bench / "value", 0)
        group.install(bench / "value")
    group.promote(version, "root", "a test")
    group.record(Verdict(version, "", "2026-01-01T00:00:00+00:00", better=True, reason="a test"))
    found = [state / "models", *(state / "models").rglob("*")]
    assert {"value", version, ".lock", PROMOTIONS, "trials.json", "manifest.json"} <= {
        path.name for path in found
    }
    assert {(path.stat().st_uid, path.stat().st_gid) for path in found} == {(4711, 4712)}


def test_verdicts_stay_beside_the_promotions_and_damage_to_them_stops_nothing(tmp_path: Path) -> None:
    """They are told to people; what is in service does not depend on them."""
    group = a_group(tmp_path)
    version = installed(group, tmp_path, 0)
    verdict = Verdict(version, "", "2026-01-01T00:00:00+00:00", better=False, reason="a test")
    group.record(verdict)
    assert group.trials().of(version) == verdict
    (group.folder / "trials.json").write_bytes(b"{")
    assert group.trials().of(version) is None
    group.record(verdict)
    assert group.trials().of(version) == verdict
    group.promote(version, "a test", "all the same")
    assert in_service(group) == version
