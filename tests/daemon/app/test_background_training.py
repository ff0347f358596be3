"""One training as the daemon wants it: from its journal, on trial, into the library."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.artifacts import read_artifact
from offbeat.app.background_training import LEAST_ROWS, learn_group, most_rows
from offbeat.app.learning_child import order, settings_of
from offbeat.app.model_library import library_of, models_of
from offbeat.cli.model_tables import shown
from offbeat.config.settings import JournalSettings, LearningSettings, LimitSettings, Settings
from offbeat.core.commission import Commission
from offbeat.errors import ConfigError, OffbeatError
from offbeat.ingest.decoder import directory_of
from offbeat.ingest.journal import Journal
from offbeat.learn.enough import LeftUnknown
from offbeat.learn.library import GroupModels
from offbeat.learn.progress import Progress, silent
from offbeat.learn.trial import Verdict
from offbeat.state.order_book import OrderBook
from tests.support.configured import configured
from tests.support.plant import boiler

QUICK = LearningSettings(size="tiny", steps=20)


def site(folder: Path, rows: int = 400, sensors: int = 3, **learning: object) -> Settings:
    """A state directory with a journal of some boilers."""
    journal = Journal(folder / "journal", JournalSettings())
    recorded = [boiler(i, rows) for i in range(sensors)]
    for n in range(rows):
        for i, (times, values) in enumerate(recorded):
            payload = b'{"ts": %.3f, "v": %.4f}' % (times[n], values[n])
            journal.append([(f"plant/a/b{i}", payload, 0)], float(times[n]))
    assert journal.sync(30)
    assert journal.close()
    return configured(
        folder,
        limits=LimitSettings(max_sensors=max(20, sensors), window_readings=64),
        learning=QUICK.model_copy(update=learning),
    )


def trained(settings: Settings, why: str = "a test", now: float = 1.8e9) -> tuple[Verdict, GroupModels]:
    """Train the one group; return the verdict and its versions."""
    group = directory_of(settings.sources, settings.limits.max_sensors).groups[0]
    verdict = learn_group(settings, 0, group, why, now, silent)
    return verdict, models_of(library_of(settings), group)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which a first model was trained."""
    place = tmp_path_factory.mktemp("background")
    trained(site(place), "a first model")
    return place


def settings_in(folder: Path, **learning: object) -> Settings:
    """Settings of the daemon of a state directory that is there already."""
    limits = LimitSettings(max_sensors=20, window_readings=64)
    return configured(folder, limits=limits, learning=QUICK.model_copy(update=learning))


def test_the_first_model_comes_into_service_with_its_verdict_and_lineage(folder: Path) -> None:
    """What it was learnt from ends before what it was judged on."""
    models = models_of(
        library_of(settings_in(folder)), directory_of(settings_in(folder).sources, 20).groups[0]
    )
    (version,) = models.versions()
    (promotion,) = models.promotions()
    assert (promotion.version, promotion.by) == (version.version, "offbeat")
    assert promotion.why.startswith("the first model")
    verdict = models.trials().of(version.version)
    assert verdict is not None
    assert (verdict.promoted, verdict.better, verdict.against) == (True, True, "")
    assert version.lineage["why"] == "a first model"
    assert version.lineage["recordings"] == 3
    assert 900 < version.lineage["rows"] < 1000


def test_a_model_that_is_no_better_is_kept_with_its_reason(folder: Path) -> None:
    """Trained on the same once more it is the same: the one in service stays."""
    verdict, models = trained(settings_in(folder), now=1.81e9)
    assert (verdict.better, verdict.promoted, verdict.reason) == (False, False, "no clear difference")
    assert models.promotions().current == verdict.against
    assert models.trials().of(verdict.version) == verdict
    assert verdict.version in {one.version for one in models.versions()}


def test_a_person_may_have_the_last_word(tmp_path: Path) -> None:
    """Trained, judged and kept; never put into service."""
    verdict, models = trained(site(tmp_path, promote=False))
    assert (verdict.better, verdict.promoted) == (True, False)
    assert models.promotions().current is None


def test_a_damaged_model_in_service_is_replaced(tmp_path: Path) -> None:
    """There is nothing that could be used, so the candidate is as a first one."""
    settings = site(tmp_path)
    first, models = trained(settings)
    (models.folder / first.version / "model.safetensors").write_bytes(b"")
    verdict, models = trained(settings, now=1.81e9)
    assert (verdict.against, verdict.promoted) == ("", True)
    assert models.promotions().current == verdict.version


def test_a_journal_without_readings_is_refused(tmp_path: Path) -> None:
    """With what to look at; nothing is left in the library."""
    settings = configured(tmp_path)
    Journal(tmp_path / "journal", JournalSettings()).close()
    with pytest.raises(ConfigError, match="holds no reading"):
        trained(settings)
    assert library_of(settings).groups() == []


def test_a_version_says_which_sensors_there_was_no_room_for(tmp_path: Path) -> None:
    """A bound of memory for some of them: the others are named, and nothing was learnt of them."""
    least = 300 * 2**20
    sensors, rows = 280, 130
    settings = site(tmp_path, rows, sensors, memory_bytes=least, first_readings=rows)
    room = most_rows(least, 1) // rows
    assert room < sensors
    _, models = trained(settings)
    (version,) = models.versions()
    without = version.lineage["no_room"]
    assert version.lineage["heard"] == sensors
    assert sensors - room <= len(without) < sensors
    assert not set(without) & set(version.manifest["sensors"])
    assert len(without) + len(version.manifest["sensors"]) == sensors


def test_sensors_that_were_not_heard_enough_stay_unknown(tmp_path: Path) -> None:
    """A law of one reading would call the next one critical; the version says who they are, and why."""
    settings = site(tmp_path)
    journal = Journal(tmp_path / "journal", JournalSettings())
    journal.append([("plant/a/late", b'{"ts": 1700002000.0, "v": 3.0}', 0)], 1.7e9 + 2000)
    assert journal.sync(30)
    assert journal.close()
    _, models = trained(settings)
    (version,) = models.versions()
    assert sorted(version.manifest["sensors"]) == ["a.b0.v", "a.b1.v", "a.b2.v"]
    assert version.left_unknown == LeftUnknown(300, {"a.late.v": 1})
    assert version.lineage["recordings"] == 3


def test_what_was_excluded_is_not_heard(tmp_path: Path) -> None:
    """Of a sensor that has been strange for most of the time the rest is too little; of nothing else, no law at all."""
    settings = site(tmp_path, rows=310, sensors=1)
    book = OrderBook(settings.state.directory / "orders.sqlite")
    book.freeze("sensor", "a.b0.v", 1.7e9, 1.7e9 + 100, "a test")
    book.close()
    with pytest.raises(OffbeatError, match=r"of 1 sensor with value: .* expected at least 300"):
        trained(settings)
    assert library_of(settings).groups() == []


def test_a_sensor_that_is_strange_for_longer_than_the_journal_holds_stays_known(tmp_path: Path) -> None:
    """Nothing is left to learn of it: what was known judges it, or its fault would be taken for its way."""
    settings = site(tmp_path)
    first, models = trained(settings)
    book = OrderBook(settings.state.directory / "orders.sqlite")
    book.freeze("sensor", "a.b1.v", 0.0, reason="it is broken")
    book.close()
    second, models = trained(settings, now=1.81e9)
    before, after = (_commission(models, version.version) for version in (first, second))
    was, now = before.row_of("a.b1.v"), after.row_of("a.b1.v")
    assert now > 0
    for name, tensor in before.to_tensors().items():
        if name != "voting":
            assert np.array_equal(after.to_tensors()[name][now], tensor[was], equal_nan=True), name
    version = models.version(second.version)
    assert version is not None
    assert version.manifest["training"]["as_before"] == ["a.b1.v"]
    assert version.left_unknown == LeftUnknown()
    assert version.lineage["recordings"] == 2
    told = shown("value", version, models.promotions(), models.trials())
    assert "  known as before: 1 sensor that nothing was learnt of" in told
    third, models = trained(settings, now=1.82e9)
    assert _commission(models, third.version).row_of("a.b1.v") > 0


def _commission(models: GroupModels, version: str) -> Commission:
    found = models.version(version)
    assert found is not None
    return read_artifact(found.folder).commission


def test_how_much_is_read_follows_from_the_memory_that_it_may_take() -> None:
    """More channels make fewer rows; a few are read in any case."""
    assert most_rows(400 * 2**20, 1) > 150_000
    assert most_rows(400 * 2**20, 20) < 50_000
    assert most_rows(300 * 2**20, 1000) == LEAST_ROWS


def test_an_order_holds_the_settings_as_they_were_loaded(tmp_path: Path) -> None:
    """But for what only the daemon needs."""
    loaded = configured(tmp_path, learning=LearningSettings(every_seconds=3600.0, promote=False))
    given = json.loads(order(loaded, 0, "a test", 17))
    assert (given["group"], given["why"], given["parent"]) == (0, "a test", 17)
    again = settings_of(given)
    assert again.model_copy(update={"metrics": loaded.metrics}) == loaded


def test_progress_is_told_by_stage(tmp_path: Path) -> None:
    """From reading to judging."""
    told: list[Progress] = []
    settings = site(tmp_path, rows=200, first_readings=200)
    learn_group(settings, 0, directory_of(settings.sources, 20).groups[0], "", 1.8e9, told.append)
    stages = list(dict.fromkeys(one.stage for one in told))
    assert stages == [
        "reading the journal", "looking at the recordings", "training the model", "playing the past through it",
        "calibrating", "judging the newest stretch",
    ]  # fmt: skip
