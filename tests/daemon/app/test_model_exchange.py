"""Another version of a model in a running core: taken up when it is ready, or said why not."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from structlog.testing import capture_logs

from offbeat.app.artifacts import GroupArtifact, write_group
from offbeat.app.core_building import build_core
from offbeat.app.engine import Engine
from offbeat.app.model_exchange import ModelExchange
from offbeat.app.model_library import library_of
from offbeat.app.scorers import WarmModel, warm_up
from offbeat.config.settings import LimitSettings, ModelSettings, Settings
from offbeat.core.decisions import Decisions
from offbeat.errors import ConfigError
from offbeat.ingest.source import LogBatch
from offbeat.learn.library import PROMOTIONS, GroupModels, ModelLibrary
from offbeat.learn.prior_files import NAME, prior_version
from offbeat.scoring.torch_scorer import TorchScorer
from tests.support.configured import configured
from tests.support.gpu import NEEDS_GPU
from tests.support.learnt import Learnt
from tests.support.plant import BOILERS, PAIR, live
from tests.support.waiting import wait_until

CAPACITY = 20
ROWS = 80


Device = Literal["cpu", "cuda"]
on_each_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=NEEDS_GPU)])


def settings(folder: Path, device: Device = "cpu", *, prior: bool = True) -> Settings:
    """Return settings of a daemon for the boilers."""
    return configured(
        folder,
        limits=LimitSettings(max_sensors=CAPACITY, window_readings=64),
        model=ModelSettings(device=device, prior=prior),
    )


def version(learnt: Learnt, folder: Path, group: GroupModels, number: int) -> str:
    """Install what was learnt of the boilers as one more version; return its name."""
    trained = learnt.groups[0]
    created_at = f"2026-01-{number:02d}T00:00:00+00:00"
    write_group(folder / "bench", trained.commission, trained.result.model, created_at, {"seed": number}, {})
    return group.install(folder / "bench" / "value")


class Site:
    """A core, its library, and what exchanges models between them."""

    def __init__(
        self, folder: Path, learnt: Learnt, in_service: int = 1, device: Device = "cpu", *, prior: bool = True
    ) -> None:
        self.folder = folder
        self._learnt = learnt
        self._settings = settings(folder, device, prior=prior)
        self.library = library_of(self._settings)
        self.models = self.library.group("value")
        self.woken = 0
        self.error: Exception | None = None
        for number in range(1, in_service + 1):
            self.promote(self.new(number))
        self.start()

    def start(self) -> None:
        """Start with what is in service."""
        self.core = build_core(self._settings)
        self.exchange = ModelExchange(self.core, self.library, self._prepare, self._wake)

    def new(self, number: int) -> str:
        """Install one more version; return its name."""
        return version(self._learnt, self.folder, self.models, number)

    def promote(self, name: str) -> str:
        """Put a version into service in the library; return its name."""
        self.models.promote(name, "a test", "")
        return name

    def take_up(self) -> None:
        """Take up what is ready, as the loop does."""
        for work in self.exchange.take_up():
            assert work.job is not None
            self.core.pipeline.scored(work, self.core.engine.scorer.step(work.job))

    def hear(self, start: int, stop: int) -> np.ndarray:
        """Let the core hear rows of a boiler; return what the model's value stream made of those that were judged."""
        decided: list[Decisions] = []
        topic = "plant/" + BOILERS[0].replace(".", "/")
        rows = list(zip(*(column.tolist() for column in live(0, ROWS)), strict=True))
        for i, (time, value) in list(enumerate(rows))[start:stop]:
            batch = LogBatch(i, i + 1, time, [(topic, b'{"ts": %.3f, "value": %.4f}' % (time, value), 0)])
            self.core.engine.feed(self.core.decoder.decode(batch), time, decided.append)
        scores = [one.scores for one in decided if one.scores is not None]
        return np.concatenate([one.surprise[:, one.names.index("value")] for one in scores] or [np.zeros(0)])

    def _prepare(self, artifact: GroupArtifact, place: str) -> WarmModel:
        if self.error is not None:
            raise self.error
        return warm_up(artifact, self.core.pipeline.settings, CAPACITY, place)

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def site(tmp_path: Path, learnt: Learnt) -> Site:
    """A site whose first version is in service."""
    return Site(tmp_path, learnt)


def test_nothing_happens_while_nothing_changes(site: Site) -> None:
    """However often one looks, and whatever else is installed."""
    site.new(2)
    for _ in range(3):
        site.exchange.look()
    assert (site.exchange.waiting, site.woken) == (False, 0)


@on_each_device
def test_a_promoted_version_is_made_ready_and_then_taken_up(
    tmp_path: Path, learnt: Learnt, device: Device
) -> None:
    """Until the loop takes it the old one judges; then the new one does, as if it had read all rows before."""
    site = Site(tmp_path, learnt, device=device)
    (before,) = [one.version for one in site.models.versions()]
    whole = site.hear(0, ROWS)
    site.start()
    first = site.hear(0, 50)
    after = site.promote(site.new(2))
    site.exchange.look()
    assert (site.exchange.waiting, site.woken, site.core.versions) == (True, 1, {0: before})
    with capture_logs() as logs:
        site.take_up()
    (entry,) = logs
    assert (entry["event"], entry["version"], entry["before"]) == (
        "a model was taken into service",
        after,
        before,
    )
    assert not site.exchange.waiting
    assert site.core.versions == {0: after}
    assert site.core.artifacts[0].version == after
    assert site.exchange.counts == {"taken_up": 1, "failed": 0}
    rest = site.hear(50, ROWS)
    assert np.allclose(np.concatenate([first, rest]), whole, equal_nan=True, atol=1e-4)
    model = site.core.pipeline.groups[0].learnt
    assert model is not None
    assert model.model == ("lstm_vae", after)


def test_the_first_version_takes_the_place_of_the_fleet_prior(tmp_path: Path, learnt: Learnt) -> None:
    """By the usual way: what the sensors said under the prior is read by it, and events name it from then on."""
    site = Site(tmp_path, learnt, in_service=0)
    prior = prior_version(1)
    assert (site.core.versions, site.core.prior_only) == ({0: prior}, True)
    site.hear(0, 70)
    first = site.promote(site.new(1))
    site.exchange.look()
    site.take_up()
    assert (site.core.versions, site.core.prior_only) == ({0: first}, False)
    assert np.isfinite(site.hear(70, ROWS)).all()
    model = site.core.pipeline.groups[0].learnt
    assert model is not None
    assert model.model == ("lstm_vae", first)


def test_a_rollback_brings_the_old_one_back(site: Site) -> None:
    """By the same way."""
    (before,) = [one.version for one in site.models.versions()]
    site.promote(site.new(2))
    site.exchange.look()
    site.take_up()
    site.models.rollback("a test", "")
    site.exchange.look()
    site.take_up()
    assert site.core.versions == {0: before}


def test_a_promotion_that_is_taken_back_before_it_was_taken_up_ends_with_the_old_one(site: Site) -> None:
    """Whatever the loop had time for."""
    (before,) = [one.version for one in site.models.versions()]
    site.promote(site.new(2))
    site.exchange.look()
    site.models.rollback("a test", "")
    site.exchange.look()
    while site.exchange.waiting:
        site.take_up()
    assert site.core.versions == {0: before}


@on_each_device
def test_the_first_model_is_taken_up_like_any_other(tmp_path: Path, learnt: Learnt, device: Device) -> None:
    """A daemon that began without one needs no restart; its sensors are judged from their next row on."""
    site = Site(tmp_path, learnt, in_service=0, device=device, prior=False)
    assert site.core.engine.scorer.device == "none"
    assert len(site.hear(0, 40)) == 0
    first = site.promote(site.new(1))
    site.exchange.look()
    site.take_up()
    assert (site.core.versions, site.core.engine.scorer.device) == ({0: first}, device)
    assert np.isfinite(site.hear(40, 50)).all()


@pytest.mark.parametrize("how", ["damaged", "of other channels", "no memory", "a failing device"])
def test_what_cannot_be_taken_up_leaves_the_old_one_in_service(site: Site, learnt: Learnt, how: str) -> None:
    """It is said once, with the reason, counted, and tried again only when something else was promoted."""
    before = dict(site.core.versions)
    if how == "of other channels":
        copy = shutil.copytree(learnt.folder / "temp+pressure", site.folder / "bench" / "pair")
        site.promote(site.models.install(copy))
    else:
        name = site.promote(site.new(2))
        if how == "damaged":
            (site.models.folder / name / "streams.safetensors").write_bytes(b"")
        site.error = {"no memory": MemoryError(), "a failing device": RuntimeError("CUDA error")}.get(how)
    with capture_logs() as logs:
        site.exchange.look()
        site.exchange.look()
    (entry,) = logs
    assert entry["event"] == "a model was not taken into service; the one before stays"
    assert entry["log_level"] == "error"
    assert entry["reason"]
    assert not site.exchange.waiting
    assert site.core.versions == before
    assert site.exchange.counts == {"taken_up": 0, "failed": 1}
    site.error = None
    after = site.promote(site.new(3))
    site.exchange.look()
    site.take_up()
    assert site.core.versions == {0: after}


def test_a_damaged_history_is_said_once_and_changes_nothing(site: Site) -> None:
    """Until somebody promotes."""
    before = dict(site.core.versions)
    (site.models.folder / PROMOTIONS).write_bytes(b"{")
    with capture_logs() as logs:
        site.exchange.look()
        site.exchange.look()
    assert len(logs) == 1
    assert "offbeat models promote" in logs[0]["reason"]
    assert site.core.versions == before
    after = site.promote(site.new(2))
    site.exchange.look()
    site.take_up()
    assert site.core.versions == {0: after}


class Moved(TorchScorer):
    """A scorer whose device failed: it goes on elsewhere."""

    def fail(self) -> None:
        """Go on elsewhere."""
        self.place = "meta"


def test_a_model_that_was_loaded_to_a_device_that_failed_is_loaded_again(site: Site) -> None:
    """To where scoring goes on."""
    scorer = Moved({}, "cpu")
    core = dataclasses.replace(site.core, engine=Engine(site.core.pipeline, scorer))
    places = []

    def prepare(artifact: GroupArtifact, place: str) -> WarmModel:
        places.append(place)
        return warm_up(artifact, core.pipeline.settings, CAPACITY, "cpu")

    exchange = ModelExchange(core, site.library, prepare, lambda: None)
    after = site.promote(site.new(2))
    exchange.look()
    scorer.fail()
    assert list(exchange.take_up()) == []
    assert core.versions != {0: after}
    exchange.look()
    assert exchange.waiting
    list(exchange.take_up())
    assert (places, core.versions) == (["cpu", "meta"], {0: after})


def test_a_group_that_was_added_is_judged_by_the_fleet_prior(site: Site) -> None:
    """As it would be from a start on; the group that has a model keeps that."""
    before = dict(site.core.versions)
    site.core.directory.add_group(PAIR, site.core.directory.groups[0].model)
    site.core.pipeline.follow_directory()
    site.exchange.look()
    assert (site.exchange.waiting, site.woken) == (True, 1)
    site.take_up()
    assert site.core.versions == {**before, 1: prior_version(2)}
    assert site.core.artifacts[1].name == NAME
    site.exchange.look()
    assert not site.exchange.waiting


def test_a_group_that_was_added_waits_for_its_model_where_no_prior_is_wanted(site: Site) -> None:
    """Or where there is none for so many channels."""
    exchange = ModelExchange(site.core, site.library, site._prepare, site._wake, prior=False)
    model = site.core.directory.groups[0].model
    site.core.directory.add_group(PAIR, model)
    site.core.pipeline.follow_directory()
    exchange.look()
    assert not exchange.waiting
    site.core.directory.add_group(tuple(f"c{i}" for i in range(9)), model)
    site.core.pipeline.follow_directory()
    site.exchange.look()
    site.take_up()
    site.exchange.look()
    assert not site.exchange.waiting
    assert 2 not in site.core.versions


def test_a_prior_that_cannot_be_made_ready_is_told_of_once(site: Site) -> None:
    """However often one looks."""
    site.error = MemoryError("no room")
    site.core.directory.add_group(PAIR, site.core.directory.groups[0].model)
    site.core.pipeline.follow_directory()
    site.exchange.look()
    site.exchange.look()
    assert (site.exchange.waiting, site.exchange.counts["failed"]) == (False, 1)


def test_where_the_configuration_names_a_model_nothing_is_exchanged(site: Site) -> None:
    """The library may hold what it will."""
    exchange = ModelExchange(site.core, None, site._prepare, lambda: None)
    site.promote(site.new(2))
    exchange.start()
    exchange.look()
    assert not exchange.waiting
    exchange.stop(1)


@pytest.fixture
def looking(site: Site) -> Iterator[Site]:
    """A site whose library is looked at by the thread."""
    site.exchange.start()
    yield site
    site.exchange.stop(10)


def test_the_thread_looks_by_itself(looking: Site) -> None:
    """And ends when it is told to."""
    looking.promote(looking.new(2))
    wait_until(lambda: looking.exchange.waiting, 20, "the model to be ready")
    looking.exchange.stop(10)
    assert not looking.exchange._thread.is_alive()


def test_a_version_of_another_choice_is_refused_at_the_start(tmp_path: Path, learnt: Learnt) -> None:
    """Somebody put it into the wrong folder."""
    site = Site(tmp_path, learnt)
    copy = shutil.copytree(learnt.folder / "temp+pressure", site.folder / "bench" / "pair")
    site.promote(site.models.install(copy))
    with pytest.raises(ConfigError, match="for the channels temp, pressure, but the group has value"):
        build_core(settings(tmp_path))


class Strange(ModelLibrary):
    """A library that cannot be looked at, in a way that nobody foresaw."""

    def __init__(self, root: Path, looks: list[str]) -> None:
        super().__init__(root)
        self._looks = looks

    def group(self, name: str) -> GroupModels:
        """Fail."""
        self._looks.append(name)
        raise RuntimeError("of ours")


def test_what_nobody_foresaw_ends_no_looking_and_is_told_once(site: Site) -> None:
    """Else no model would come into service until the next start, and nobody would know."""
    looks: list[str] = []
    library = Strange(site.library.root, looks)
    exchange = ModelExchange(site.core, library, site._prepare, site._wake, look_seconds=0.01)
    with capture_logs() as logs:
        exchange.start()
        wait_until(lambda: len(looks) > 2, 20, "some looks")
        exchange.stop(10.0)
    assert [one["reason"] for one in logs if one["log_level"] == "error"] == ["RuntimeError('of ours')"]
