"""Taking another version of a model into service while the daemon runs: no episode ends by it, and readings wait.

They wait in the inbox: none is lost as long as that holds them. A thread of its own looks which version the library has
in service, loads it and runs it warm beside the old one. The loop then takes it up when nothing is under way, and lets
it read the windows before it goes on. A group that a reload has added, and for which the library has nothing, is
brought the fleet prior on the same way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from offbeat.app.artifacts import GroupArtifact, read_artifact
from offbeat.app.core_building import Core
from offbeat.app.looking import look_until
from offbeat.app.model_library import fitting, models_of
from offbeat.app.priors import prior_of
from offbeat.app.scorers import WarmModel
from offbeat.core.sensors import Group
from offbeat.core.work import Work
from offbeat.errors import ConfigError
from offbeat.learn.library import GroupModels, ModelLibrary
from offbeat.learn.prior_files import prior_version
from offbeat.learn.promotions import Promotion
from offbeat_models.manifest import ArtifactError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Ready:
    group: int
    artifact: GroupArtifact
    warm: WarmModel
    place: str


class ModelExchange:
    """Brings what the library has in service into the core.

    Args:
        core: whose models are exchanged.
        library: where versions lie; None = the configuration names one model, and nothing is ever exchanged.
        prepare: loads a model's weights to a device ("cpu", "cuda:0") and runs it once; called in the thread.
        wake: ends the loop's wait.
        prior: whether the fleet prior judges a group that came while the daemon runs, as long as it has no model.
        look_seconds: between two looks.

    Attributes:
        counts: exchanges by result.
    """

    def __init__(
        self,
        core: Core,
        library: ModelLibrary | None,
        prepare: Callable[[GroupArtifact, str], WarmModel],
        wake: Callable[[], None],
        *,
        prior: bool = True,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._core = core
        self._library = library
        self._prepare = prepare
        self._wake = wake
        self._prior = prior
        self._look_seconds = look_seconds
        self._ready: deque[_Ready] = deque()
        self._seen: dict[int, Promotion | str] = {}
        self._heading = dict(core.versions)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self.counts = {"taken_up": 0, "failed": 0}

    def start(self) -> None:
        """Start looking."""
        if self._library is not None:
            self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Stop looking; a model that is just being loaded is left to the end of the process."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)

    def look(self) -> None:
        """Make ready what came into service in the library since the last look; the thread does it once a second."""
        if self._library is None:
            return
        for index, group in enumerate(self._core.directory.groups):
            models = models_of(self._library, group)
            try:
                newest = next(reversed(models.promotions().entries), None) or self._prior_for(index, group)
            except (ArtifactError, ConfigError, OSError) as error:
                self._fail(index, "", error)
                continue
            if newest is None or self._seen.get(index) == newest:
                continue
            self._seen[index] = newest
            if isinstance(newest, str):
                self._make_ready(index, newest, prior_of)
            elif newest.version != self._heading.get(index):
                self._make_ready(index, newest.version, partial(_read, models, newest.version))

    @property
    def waiting(self) -> bool:
        """Whether a model is ready to be taken up."""
        return bool(self._ready)

    def take_up(self) -> Iterator[Work]:
        """Put the next model that is ready into service; return the work through which it gets to know the windows.

        To be called by the loop while no work and no window is under way; nothing may be taken in before the last of
        the work was given to the scorer.
        """
        ready = self._ready.popleft()
        name, version = self._core.directory.groups[ready.group].name, ready.artifact.version
        if ready.place != self._core.engine.scorer.place:
            # The device failed while the model was loaded to it: it is loaded again to where scoring goes on.
            self._heading[ready.group] = self._core.versions.get(ready.group, "")
            self._seen.pop(ready.group, None)
            return iter(())
        before = self._core.versions.get(ready.group)
        self._core.exchange(ready.group, ready.artifact, ready.warm)
        self.counts["taken_up"] += 1
        _log.info("a model was taken into service", group=name, version=version, before=before)
        return self._core.pipeline.rehearse(ready.group)

    def _run(self) -> None:
        trouble = "nobody knows which models are to be taken up; it is looked again"
        look_until(self._stopping, self._look_seconds, self.look, trouble)

    def _prior_for(self, index: int, group: Group) -> str | None:
        """Return the version of the prior for a group that nothing judges yet; None if there is none, or no need."""
        return prior_version(len(group.channels)) if self._prior and not self._heading.get(index) else None

    def _make_ready(self, index: int, version: str, read: Callable[[Group], GroupArtifact]) -> None:
        group, place = self._core.directory.groups[index], self._core.engine.scorer.place
        try:
            artifact = read(group)
            warm = self._prepare(artifact, place)
        except Exception as error:  # noqa: BLE001 - damage, lack of memory, a device: the model in service stays, and it is said
            self._fail(index, version, error)
            return
        self._heading[index] = version
        self._ready.append(_Ready(index, artifact, warm, place))
        self._wake()

    def _fail(self, index: int, version: str, error: Exception) -> None:
        if version:
            self.counts["failed"] += 1
        elif self._seen.get(index) == str(error):
            return  # it was said when it was found
        else:
            self._seen[index] = str(error)
        _log.error(
            "a model was not taken into service; the one before stays",
            group=self._core.directory.groups[index].name, version=version, reason=str(error) or repr(error),
        )  # fmt: skip


def _read(models: GroupModels, version: str, group: Group) -> GroupArtifact:
    return fitting(read_artifact(models.folder / version), group)
