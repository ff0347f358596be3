"""The library of models: versions side by side under the state directory, and which one of each group is in service.

    models/
      value/                    a group: its channels, and what judges it where that is not the usual
        4f6e0c2ad1b3/           a version: an artifact, whole or not there at all
        promotions.json         the history; its last entry is the version in service
        trials.json             what new versions were compared with, and what came of it

Several processes may use it: a lock of each group lets one at a time change it, and readers need none. What root puts
in belongs to the owner of the state directory: the daemon runs as another user, and has to go on from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from offbeat.core.model_choice import ModelChoice
from offbeat.errors import ConfigError, OffbeatError, UsageError
from offbeat.learn.model_version import ModelVersion, read_version
from offbeat.learn.promotions import Kind, Promotion, Promotions
from offbeat.learn.trial import Verdict
from offbeat.learn.trials import Trials
from offbeat.storage.disk import Disk
from offbeat.storage.owner import give_to_owner, keep_owner
from offbeat_models.manifest import ArtifactError, load_manifest

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PROMOTIONS = "promotions.json"
TRIALS = "trials.json"
FEWEST_KEPT = 2
"""The version in service, and the one before it."""

BY_ITSELF = (
    "the daemon learns by itself; at once with `offbeat train --now`, or with `offbeat train --journal`"
)
"""What is told where there is no model yet."""

_LOCK = ".lock"
_WISH, _TAKEN = ".train-now", ".train-taken"
_FRESH, _OLD, _WORKBENCH = ".fresh-", ".old-", ".incoming-"
_VERSION = re.compile(r"[0-9a-f]{12}")


def folder_name(channels: Sequence[str], choice: ModelChoice | None = None) -> str:
    """Return the name of a group's folder: its channels as far as a file name can hold them, and what judges it."""
    name = "+".join(channels) + ("" if choice is None else choice.suffix)
    plain = re.sub(r"[^A-Za-z0-9_.+@-]", "_", name)[:60].lstrip(".")
    if plain == name:
        return plain
    return f"{plain}-{hashlib.blake2s(name.encode(), digest_size=4).hexdigest()}"


class GroupModels:
    """The versions of one group.

    Args:
        folder: of the group; made with its first version.
        keep: how many versions are kept; those of the latest promotions and the one to go back to always are.
        disk: what changes files.
    """

    def __init__(self, folder: Path, keep: int, disk: Disk | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self._keep = max(keep, FEWEST_KEPT)
        self._disk = disk or Disk()

    def versions(self) -> list[ModelVersion]:
        """Return all versions, the newest first; those that cannot be used say why."""
        return [read_version(path) for path in reversed(self.paths())]

    def paths(self) -> list[Path]:
        """Return the folders of all versions, the oldest first; what cannot even be read counts as old."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if _VERSION.fullmatch(path.name) and path.is_dir()]
        return sorted(found, key=_age)

    def version(self, name: str) -> ModelVersion | None:
        """Return one version; None if there is no such."""
        path = self.folder / name
        return read_version(path) if _VERSION.fullmatch(name) and path.is_dir() else None

    def promotions(self) -> Promotions:
        """Return the history; its last entry is in service.

        Raises:
            ConfigError: it is damaged; the message says what to do.
        """
        path = self.folder / PROMOTIONS
        try:
            return Promotions.from_bytes(path.read_bytes())
        except FileNotFoundError:
            return Promotions()
        except OSError as error:
            raise ConfigError(
                f"{path}: it cannot be read ({error.strerror}); look at its permissions and disk"
            ) from error
        except ValueError as error:
            raise ConfigError(
                f"{path}: it is damaged ({error}), so that nobody knows which version is in service; "
                "choose one with `offbeat models promote VERSION`"
            ) from error

    def trials(self) -> Trials:
        """Return the verdicts on versions; none where the file is damaged: they are told to people only."""
        try:
            return Trials.from_bytes((self.folder / TRIALS).read_bytes())
        except (OSError, ValueError):
            return Trials()

    def record(self, verdict: Verdict) -> None:
        """Keep the verdict on a version."""
        with self._locked():
            self._replace(TRIALS, self.trials().and_then(verdict).to_bytes())

    def install(self, source: Path) -> str:
        """Move an artifact that lies whole on the workbench into the library; return its version.

        Raises:
            ConfigError: it is not whole.
        """
        made = read_version(source, is_named=False)
        if made.damage:
            raise ConfigError(made.damage)
        version = made.version
        _make_folder(self.folder)
        give_to_owner(source, self.folder)
        with self._locked():
            target = self.folder / version
            if target.exists() and read_version(target).damage:
                self._discard(target)
            if not target.exists():
                self._disk.rename(source, target)
                self._disk.sync(self.folder)
            self._prune(version)
        return version

    def promote(self, version: str, by: str, why: str) -> Promotion:
        """Put a version into service.

        Raises:
            ConfigError: it cannot be used.
            UsageError: there is no such version.
        """
        with self._locked():
            return self._enter(version, by, why, "promote")

    def rollback(self, by: str, why: str) -> Promotion:
        """Put the version into service that was there before the one that is now.

        Raises:
            ConfigError: it cannot be used, or the history is damaged.
            OffbeatError: there was none before.
        """
        with self._locked():
            previous = self.promotions().previous
            if previous is None:
                raise OffbeatError(
                    f"{self.name}: there was no version before, and the fleet prior is not gone back to: it knows less "
                    "of these sensors than any version; choose one with `offbeat models list`"
                )
            return self._enter(previous, by, why, "rollback")

    def _enter(self, version: str, by: str, why: str, kind: Kind) -> Promotion:
        found = self.version(version)
        if found is None:
            raise UsageError(f"{self.name}: there is no version {version}; see `offbeat models list`")
        if found.damage:
            raise ConfigError(found.damage)
        promotion = Promotion(version, datetime.now(UTC).isoformat(timespec="seconds"), by, why, kind)
        self._replace(PROMOTIONS, self._history().and_then(promotion).to_bytes())
        self._prune(version)
        return promotion

    def _replace(self, name: str, content: bytes) -> None:
        """Give a file of the group another content, by one rename."""
        fresh = self.folder / f"{_FRESH}{name}"
        self._disk.write(fresh, content)
        give_to_owner(fresh, self.folder)
        self._disk.rename(fresh, self.folder / name)
        self._disk.sync(self.folder)

    def _history(self) -> Promotions:
        """Return the history to go on from: a damaged one is put aside."""
        try:
            return self.promotions()
        except ConfigError as error:
            aside = self.folder / f"{PROMOTIONS}.bad"
            self._disk.rename(self.folder / PROMOTIONS, aside)
            _log.warning("the history of promotions was put aside", kept_as=str(aside), reason=str(error))
            return Promotions()

    def _prune(self, newest: str) -> None:
        """Remove the oldest versions beyond the number to keep, and what a killed process left."""
        try:
            promotions = self.promotions()
        except ConfigError:
            return  # which one is in service is not known: none is removed
        safe = {newest, promotions.previous, *promotions.latest}
        folders = self.paths()
        removable = [path for path in folders if path.name not in safe]
        for path in removable[: max(len(folders) - self._keep, 0)]:
            self._discard(path)
        for left in self.folder.glob(f"{_OLD}*"):
            self._disk.remove(left)

    def _discard(self, path: Path) -> None:
        """Remove a version; a half removed one is never seen under its name."""
        aside = path.with_name(f"{_OLD}{path.name}")
        if aside.exists():
            self._disk.remove(aside)
        self._disk.rename(path, aside)
        self._disk.remove(aside)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self.folder.is_dir():
            raise UsageError(f"{self.folder}: no model of this group was trained yet; {BY_ITSELF}")
        keep_owner(self.folder / _LOCK)
        descriptor = os.open(self.folder / _LOCK, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # the kernel lets go of it when this process ends
            yield
        finally:
            os.close(descriptor)


class ModelLibrary:
    """The models of all groups.

    Args:
        root: folder of the library; made when something is put into it.
        keep: how many versions of each group are kept.
        disk: what changes files.
    """

    def __init__(self, root: Path, keep: int = 5, disk: Disk | None = None) -> None:
        self.root = root
        self._keep = keep
        self._disk = disk or Disk()

    def groups(self) -> list[GroupModels]:
        """Return the groups of which there is a version, by name."""
        if not self.root.is_dir():
            return []
        names = sorted(path.name for path in self.root.iterdir() if path.is_dir() and path.name[:1] != ".")
        return [group for group in map(self.group, names) if group.paths()]

    def group(self, name: str) -> GroupModels:
        """Return a group by the name of its folder."""
        return GroupModels(self.root / name, self._keep, self._disk)

    def find(self, prefix: str) -> tuple[GroupModels, ModelVersion]:
        """Return the one version, of whatever group, whose name begins so.

        Raises:
            UsageError: there is none, or more than one; the message names them.
        """
        found = [
            (group, path)
            for group in self.groups()
            for path in group.paths()
            if prefix and path.name.startswith(prefix)
        ]
        if not found:
            raise UsageError(f'there is no version "{prefix}" in {self.root}; see `offbeat models list`')
        if len(found) > 1:
            names = ", ".join(f"{path.name} of {group.name}" for group, path in found)
            raise UsageError(f'"{prefix}" is the beginning of {names}; write more of it')
        group, path = found[0]
        return group, read_version(path)

    def wish_for_training(self, by: str) -> None:
        """Ask the daemon of this library to train now; several wishes before it looks are one."""
        _make_folder(self.root)
        fresh = self.root / f"{_FRESH}{os.getpid()}{_WISH}"
        self._disk.write(fresh, by.encode("utf-8"))
        give_to_owner(fresh, self.root)
        self._disk.rename(fresh, self.root / _WISH)

    def take_wish(self) -> str:
        """Return who asked for a training since the last call; empty if nobody did. It is kept until it is done."""
        taken = self.root / _TAKEN
        try:
            self._disk.rename(self.root / _WISH, taken)
            return taken.read_text("utf-8", "replace") or "somebody"
        except FileNotFoundError:
            return ""

    def wish_is_done(self) -> None:
        """Forget the wish that was taken: it came to its training, or there is nothing to learn from."""
        (self.root / _TAKEN).unlink(missing_ok=True)

    def renew_wish(self) -> None:
        """Ask again for what was taken and not done, by a daemon that was killed or is about to stop."""
        # A library that cannot be written is told of by who trains: it is no reason not to start, and the wish stays.
        with suppress(OSError):
            if not (self.root / _WISH).exists():  # several wishes are one
                self._disk.rename(self.root / _TAKEN, self.root / _WISH)

    @contextmanager
    def workbench(self) -> Iterator[Path]:
        """Give a folder on the library's own disk to make versions in; it is removed afterwards."""
        _make_folder(self.root)
        for left in self.root.glob(f"{_WORKBENCH}*"):
            if not _runs(left.name.removeprefix(_WORKBENCH).partition("-")[0]):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{_WORKBENCH}{os.getpid()}-", dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _make_folder(folder: Path) -> None:
    """Make a folder of the library, where it is not there, as the owner of the folder that it lies in."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        give_to_owner(folder, folder.parent)


def _age(path: Path) -> tuple[str, int]:
    created_at = ""
    with suppress(ArtifactError):
        created_at = load_manifest(path)[0]["created_at"]
    return created_at, path.stat().st_ctime_ns


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass  # it is there, and another user's
    return True
