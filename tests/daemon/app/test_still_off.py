"""What is not learnt although its episode has closed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offbeat.app.background_training import learn_group
from offbeat.app.journal_recordings import journal_recordings
from offbeat.app.library_training import train_into
from offbeat.app.model_library import library_of
from offbeat.app.still_off import exclusions_in_service
from offbeat.app.training import TrainingPlan
from offbeat.config.settings import JournalSettings, LearningSettings, Settings
from offbeat.core.orders import LearningRules
from offbeat.errors import OffbeatError
from offbeat.ingest.decoder import directory_of
from offbeat.ingest.journal import Journal
from offbeat.learn.progress import silent
from offbeat.state.order_book import OrderBook
from offbeat.state.store import EpisodeHistory
from tests.support.configured import configured
from tests.support.events import an_event

START, GAP, ROWS, FAULT = 1_700_000_000.0, 250.0, 900, 500
NOW = START + ROWS * GAP


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A daemon whose journal holds a shift that its alarms got used to, and whose model was learnt before it."""
    learning = LearningSettings(size="tiny", steps=10)
    settings = configured(tmp_path, learning=learning)
    journal = Journal(tmp_path / "journal", JournalSettings())
    random = np.random.default_rng(0)
    for i in range(ROWS):
        value = np.sin(i / 9) + random.normal(0, 0.1) + (9.0 if i >= FAULT else 0.0)
        at = START + i * GAP
        journal.append([("plant/a/pump", b'{"ts": %.1f, "value": %.4f}' % (at, value), 0)], at)
    assert journal.close()
    before = [one.before(START + FAULT * GAP) for one in journal_recordings(settings)]
    train_into(
        library_of(settings),
        before,
        TrainingPlan(preset="tiny", steps=10, compare=False),
        promoted_by="a test",
    )
    history = EpisodeHistory(tmp_path / "episodes.sqlite")
    began = START + FAULT * GAP
    history.record([an_event(sensor="a.pump", kind="level", started_at=began, ended_at=began + 30 * GAP)])
    history.close()
    return settings


def test_what_follows_an_episode_is_left_out_by_training_from_the_journal(settings: Settings) -> None:
    """With its margin before: all that was shifted, and nothing of what was not."""
    series = journal_recordings(settings)
    exclusions = exclusions_in_service(settings, series, NOW)
    keep = exclusions.keep("a.pump", series[0].times_seconds, "value")
    margin = int(LearningRules().margin_of(30 * GAP) / GAP)
    assert keep[: FAULT - margin].all()
    assert not keep[FAULT - margin :].any()
    counts = exclusions.count("a.pump", series[0].times_seconds, "value")
    assert counts == {"episode": margin + 31, "still off after an episode": ROWS - FAULT - 31}


def test_and_by_training_in_the_background(settings: Settings) -> None:
    """It says why; where nothing is left, nothing is learnt."""
    (group,) = directory_of(settings.sources, 10, 1).groups
    learn_group(settings, 0, group, "a test", NOW, silent)
    models = library_of(settings).group("value")
    newest = next(one for one in models.versions() if one.version != models.promotions().entries[0].version)
    excluded = dict(newest.manifest)["training"]["excluded"]
    assert excluded["sensors"]["a.pump"]["still off after an episode"] == ROWS - FAULT - 31
    book = OrderBook(settings.state.directory / "orders.sqlite")
    book.freeze("all", "", START - 1.0)
    book.close()
    with pytest.raises(OffbeatError):
        learn_group(settings, 0, group, "a test", NOW, silent)


def test_without_a_model_in_service_episodes_are_left_out_where_they_are_rare(settings: Settings) -> None:
    """There is no law to hold the rest against."""
    for entry in sorted(settings.library_directory.rglob("promotions.json")):
        entry.unlink()
    series = journal_recordings(settings)
    counts = exclusions_in_service(settings, series, NOW).count("a.pump", series[0].times_seconds, "value")
    assert set(counts) == {"episode"}


def test_a_shift_that_went_back_by_itself_is_left_out_and_the_past_before_it_is_not(
    settings: Settings,
) -> None:
    """It stood for a day, was told of as a change, and nobody said what it was: by training in the background, too."""
    journal = Journal(settings.state.directory / "journal", JournalSettings())
    random = np.random.default_rng(1)
    for i in range(ROWS, ROWS + 400):
        value, at = np.sin(i / 9) + random.normal(0, 0.1), START + i * GAP
        journal.append([("plant/a/pump", b'{"ts": %.1f, "value": %.4f}' % (at, value), 0)], at)
    assert journal.close()
    history = EpisodeHistory(settings.state.directory / "episodes.sqlite")
    began, told = START + FAULT * GAP, START + (ROWS - 10) * GAP
    history.record([an_event(id="c", sensor="a.pump", kind="regime_change", started_at=began, ended_at=told)])
    history.close()
    series, later = journal_recordings(settings), told + 8 * 86_400.0
    keep = exclusions_in_service(settings, series, later).keep("a.pump", series[0].times_seconds, "value")
    assert keep[: FAULT - 200].all()
    assert not keep[FAULT:ROWS].any()
    assert keep[ROWS + 128 :].all()
    (group,) = directory_of(settings.sources, 10, 1).groups
    learn_group(settings, 0, group, "a test", later, silent)
    models = library_of(settings).group("value")
    newest = next(one for one in models.versions() if one.version != models.promotions().entries[0].version)
    counts = dict(newest.manifest)["training"]["excluded"]["sensors"]["a.pump"]
    assert "before a new normal" not in counts
    assert counts["change that went back"] > 0
