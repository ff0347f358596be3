"""Surprises fused once more give what the pipeline would have said."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np

from offbeat.core.decisions import Decisions
from offbeat.core.fusion import Fusion
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.streams.registry import STREAM_NAMES, TRACKS, voting
from offbeat.learn.collected import Collected
from offbeat.learn.fusing_again import fuse_again, measure_by_own
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, boilers_learnt, live, plant


def test_the_fusion_of_a_training_is_that_of_the_service() -> None:
    """Bit for bit, for sensors of different lengths: tracks are calibrated on it."""
    readings = Readings()
    rows = [90, 40, 70, 1]
    for i, count in enumerate(rows):
        times, values = live(i, count)
        values[20:25] += 12
        readings.add(i, times, values)
    played = play(plant(CoreSettings(collect=True)), readings.batches(50), FakeScorer())
    collected = Collected()
    for part in played.scores:
        collected.add(Decisions(scores=part))
    fused = fuse_again(boilers_learnt(), collected.raw(BOILERS))
    assert set(fused) == set(BOILERS)
    for i, name in enumerate(BOILERS):
        assert fused[name].surprise.shape == fused[name].severity.shape == (rows[i], len(TRACKS))
        assert np.array_equal(fused[name].surprise, played.of(i, "fused"), equal_nan=True), name
        assert np.array_equal(fused[name].severity, played.of(i, "severity"), equal_nan=True), name
    assert np.isfinite(fused[BOILERS[0]].severity[-1]).any()


def test_a_stranger_is_fused_by_its_own_measure_whoever_stands_beside_it() -> None:
    """Sensors do not touch each other."""
    random = np.random.default_rng(3)
    raw = {
        name: random.exponential(1.0, (n, len(STREAM_NAMES))).astype(np.float32)
        for name, n in (("new-1", 30), ("new-2", 50), (BOILERS[0], 10))
    }
    together = fuse_again(boilers_learnt(), raw)
    for name in raw:
        alone = fuse_again(boilers_learnt(), {name: raw[name]})
        assert np.array_equal(alone[name].surprise, together[name].surprise, equal_nan=True)
    surprise = boilers_learnt().surprise(np.zeros(30, np.intp), raw["new-1"])
    by_fleet = Fusion(boilers_learnt().voting).of(surprise).surprise
    assert not np.array_equal(together["new-1"].surprise, by_fleet, equal_nan=True)


def test_streams_without_a_vote_take_no_part() -> None:
    """What is calibrated is what will be fused in service."""
    raw = {BOILERS[0]: np.ones((30, len(STREAM_NAMES)), np.float32)}
    loud = {BOILERS[0]: np.where(voting(model=False), raw[BOILERS[0]], np.float32(9.0))}
    deaf = replace(boilers_learnt(), voting=voting(model=False))
    assert np.array_equal(
        fuse_again(deaf, raw)[BOILERS[0]].severity, fuse_again(deaf, loud)[BOILERS[0]].severity
    )
    assert not np.array_equal(
        fuse_again(boilers_learnt(), raw)[BOILERS[0]].severity,
        fuse_again(boilers_learnt(), loud)[BOILERS[0]].severity,
    )


def test_nothing_to_fuse_is_no_error() -> None:
    """A group may have been silent."""
    assert fuse_again(boilers_learnt(), {}) == {}
    empty = np.zeros((0, len(STREAM_NAMES)), np.float32)
    assert fuse_again(boilers_learnt(), {BOILERS[0]: empty})[BOILERS[0]].surprise.shape == (0, len(TRACKS))


def test_what_strangers_said_is_not_held_twice() -> None:
    """It is the most that a training holds of a row, and a training has a bound of memory."""
    rows, sensors, streams = 200, 100, len(STREAM_NAMES)
    said = [np.ones((rows, streams), np.float32) for _ in range(sensors)]
    measure_by_own([said[0].copy()])
    tracemalloc.start()
    try:
        measure_by_own(said)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < rows * sensors * 4 * streams
