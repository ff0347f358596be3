"""The core of a configuration: memory, artifacts, scorer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs

from offbeat.app.core_building import Core, build_core
from offbeat.app.model_library import library_of
from offbeat.config.settings import LimitSettings, ModelSettings, StateSettings
from offbeat.core.decisions import Decisions
from offbeat.core.events import EpisodeEvent
from offbeat.errors import ConfigError, UnavailableError
from offbeat.ingest.source import LogBatch
from offbeat.learn.prior_files import prior_version
from tests.support.configured import a_source, configured
from tests.support.learnt import Learnt
from tests.support.plant import BOILERS, PAIR, START, live

SMALL = LimitSettings(max_sensors=20)


def batches(name: str, rows: int) -> list[LogBatch]:
    """Return what a boiler says, a message a batch."""
    topic = "plant/" + name.replace(".", "/")
    return [
        LogBatch(i, i + 1, time, [(topic, b'{"ts": %.3f, "value": %.4f}' % (time, value), 0)])
        for i, (time, value) in enumerate(zip(*(column.tolist() for column in live(0, rows)), strict=True))
    ]


def hear(core: Core, name: str, rows: int) -> list[Decisions]:
    """Let a core hear a boiler; return what it decided."""
    decided: list[Decisions] = []
    for batch in batches(name, rows):
        core.engine.feed(core.decoder.decode(batch), batch.arrival_seconds, decided.append)
    return decided


def test_a_budget_that_cannot_hold_the_sensors_is_refused(tmp_path: Path) -> None:
    """At the start, with what it would take and what to change."""
    limits = LimitSettings(max_sensors=10_000, memory_bytes=8 * 2**20)
    with pytest.raises(ConfigError) as refused:
        build_core(configured(tmp_path, limits=limits))
    text = str(refused.value)
    assert text.startswith("limits.memory is 8 MiB, but the state of 10,000 sensors takes up to ")
    assert "lower limits.max_sensors or limits.window_readings, or raise limits.memory" in text


def test_a_budget_is_judged_by_the_widest_group(tmp_path: Path) -> None:
    """Any sensor may be one of it."""
    limits = LimitSettings(max_sensors=100, memory_bytes=2**20)
    narrow, wide = a_source(), a_source("wide/{sensor}", channels=tuple(f"c{i}" for i in range(20)))
    assert len(build_core(configured(tmp_path, narrow, limits=limits)).directory) == 0
    with pytest.raises(ConfigError, match=r"limits\.memory"):
        build_core(configured(tmp_path, narrow, wide, limits=limits))


def test_without_an_artifact_it_warns_and_judges_silence_only(tmp_path: Path) -> None:
    """The first days: nothing is scored, but who falls silent is told."""
    with capture_logs() as logs:
        core = build_core(configured(tmp_path, limits=SMALL))
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert warning["expected_at"] == str(tmp_path / "models" / "value")
    assert warning["train_with"] == "offbeat train --now"
    assert core.versions == {}
    assert core.engine.scorer.device == "none"
    decided = hear(core, BOILERS[0], 200)
    assert all(one.scores is None and not one.events for one in decided)
    events: list[EpisodeEvent] = []
    core.engine.tick(float(live(0, 200)[0][-1]) + 3600, lambda one: events.extend(one.events))
    assert [(event.sensor, event.kind) for event in events] == [(BOILERS[0], "silent")]


def test_before_there_is_a_model_the_fleet_prior_judges(tmp_path: Path) -> None:
    """Any sensor, from the moment that its own first readings say how it is scaled."""
    core = build_core(configured(tmp_path, limits=SMALL, model=ModelSettings(device="cpu")))
    assert core.versions == {0: prior_version(1)}
    assert core.prior_only
    scores = [one.scores for one in hear(core, BOILERS[0], 100) if one.scores is not None]
    score = np.concatenate([one.score for one in scores])
    assert np.isnan(score[:64]).all()
    assert np.isfinite(score[64:]).all()


def test_more_channels_than_any_prior_has_are_judged_when_a_model_is_there(tmp_path: Path) -> None:
    """It is said that none is."""
    source = a_source("wide/{sensor}", channels=tuple(f"c{i}" for i in range(5)))
    with capture_logs() as logs:
        core = build_core(configured(tmp_path, source, limits=SMALL, model=ModelSettings(device="cpu")))
    assert core.versions == {}
    assert [one["train_with"] for one in logs if one["log_level"] == "warning"] == ["offbeat train --now"]


def test_what_was_judged_by_the_prior_is_played_on_under_it(learnt: Learnt, tmp_path: Path) -> None:
    """As after a crash under any version: what came into service meanwhile is taken up when the log is played."""
    settings = configured(tmp_path, limits=SMALL, model=ModelSettings(device="cpu"))
    group = library_of(settings).group("value")
    shutil.copytree(learnt.folder / "value", tmp_path / "bench")
    group.promote(group.install(tmp_path / "bench"), "a test", "the first")
    version = prior_version(1)
    assert version is not None
    assert build_core(settings, lambda _: version).versions == {0: version}
    assert build_core(settings).versions == {0: learnt.groups[0].version}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_named_must_be_there_also_without_a_model(tmp_path: Path) -> None:
    """The first model would otherwise fail when it comes into service, when nobody looks."""
    model = ModelSettings(device="cuda")
    with pytest.raises(UnavailableError, match=r"model\.device: .*set the device to auto or cpu"):
        build_core(configured(tmp_path, limits=SMALL, model=model))


@pytest.mark.parametrize("make", [True, False])
def test_an_artifact_that_is_named_must_be_there(tmp_path: Path, make: bool) -> None:
    """A path that was written down must lead somewhere."""
    named = tmp_path / "named"
    if make:
        named.mkdir()
    with pytest.raises(ConfigError, match=r"named: .*offbeat train"):
        build_core(configured(tmp_path, limits=SMALL, model=ModelSettings(artifact=named)))


def test_the_artifact_is_installed_and_the_scorer_is_warm(learnt: Learnt, tmp_path: Path) -> None:
    """Each group has its own, under its version; sensors that it knows are scored from the first rows on."""
    sources = (a_source(), a_source("pairs/{sensor}", channels=PAIR))
    model = ModelSettings(artifact=learnt.folder, device="cpu")
    with capture_logs() as logs:
        core = build_core(configured(tmp_path, *sources, limits=SMALL, model=model))
    assert not [entry for entry in logs if entry["log_level"] != "info"]
    assert core.versions == {0: learnt.groups[0].version, 1: learnt.groups[1].version}
    assert core.engine.scorer.device == "cpu"
    decided = hear(core, BOILERS[0], 40)
    scores = [one.scores for one in decided if one.scores is not None]
    assert sum(map(len, scores)) == 40
    value = np.concatenate([one.surprise[:, one.names.index("value")] for one in scores])
    assert np.isfinite(value[5:]).all()


def test_a_group_without_an_artifact_goes_without_scores(learnt: Learnt, tmp_path: Path) -> None:
    """The others have theirs all the same."""
    sources = (a_source("odd/{sensor}", channels=("humidity", "co2")), a_source())
    model = ModelSettings(artifact=learnt.folder, device="cpu")
    core = build_core(configured(tmp_path, *sources, limits=SMALL, model=model))
    assert core.versions == {1: learnt.groups[0].version}
    message = LogBatch(0, 1, START, [("odd/one", b'{"ts": %d, "humidity": 5, "co2": 7}' % START, 0)])
    decided: list[Decisions] = []
    core.engine.feed(core.decoder.decode(message), START, decided.append)
    assert [one.scores for one in decided] == [None]


def test_limits_and_shards_are_those_of_the_settings(tmp_path: Path) -> None:
    """The directory is what the rest of the daemon goes by."""
    state = StateSettings(directory=tmp_path, shards=3)
    core = build_core(configured(tmp_path, limits=LimitSettings(max_sensors=1), state=state))
    assert (core.directory.max_sensors, core.directory.shard_count) == (1, 3)
    hear(core, BOILERS[0], 1)
    hear(core, BOILERS[1], 1)
    assert core.directory.groups[0].ids == [BOILERS[0]]
