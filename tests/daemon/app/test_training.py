"""From recordings to an artifact."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from offbeat.app.training import TrainingPlan, canonical, train_from_recordings, train_group
from offbeat.core.streams.registry import STREAM_NAMES, voting
from offbeat.errors import OffbeatError, UnavailableError
from offbeat.learn.progress import Progress
from offbeat.replay.series import Series
from tests.support.learnt import TINY, Learnt, boilers_recorded, constant, pairs_recorded
from tests.support.plant import BOILERS, PAIR


def test_each_group_of_channels_is_learnt_and_written(learnt: Learnt) -> None:
    """One folder each; the version is that of what was written."""
    single, multi = learnt.groups
    assert single.commission.sensors == BOILERS[:2]
    assert multi.commission.channels == PAIR
    assert multi.commission.sensors == ("pair0", "pair1")
    assert sorted(path.name for path in learnt.folder.iterdir()) == ["temp+pressure", "value"]
    assert len({single.version, multi.version} - {""}) == 2


def test_one_channel_becomes_univariate_whatever_its_name() -> None:
    """As the daemon takes a field of its own; several keep their names."""
    (boiler, _), (pair, _) = boilers_recorded(10), pairs_recorded(10)
    assert canonical(boiler).channels == ("value",)
    assert canonical(boiler).sensor == boiler.sensor
    assert canonical(pair) is pair


def test_columns_of_different_names_share_the_univariate_model(tmp_path: Path) -> None:
    """They are one group, not two."""
    warm, moist = boilers_recorded(200, 1), boilers_recorded(200, 2, channel="humidity")[1:]
    (only,) = train_from_recordings([*warm, *moist], dataclasses.replace(TINY, steps=5), tmp_path)
    assert only.commission.channels == ("value",)
    assert only.commission.sensors == BOILERS[:2]


def test_the_commission_is_calibrated(learnt: Learnt) -> None:
    """Every stream that had an opinion, and every track, knows what is ordinary for each sensor."""
    for group in learnt.groups:
        commission = group.commission
        rows = np.array([commission.row_of(sensor) for sensor in commission.sensors], np.intp)
        assert (rows > 0).all()
        assert (commission.scale[rows] > 0).all()
        assert (commission.gap_unit_seconds[rows] > 0).all()
        ordinary = np.zeros((len(rows), len(STREAM_NAMES)), np.float32)
        strange = np.full((len(rows), len(STREAM_NAMES)), 1e4, np.float32)
        low, high = commission.surprise(rows, ordinary), commission.surprise(rows, strange)
        for name in ("level", "linear", "value"):
            k = STREAM_NAMES.index(name)
            assert (high[:, k] > low[:, k] + 1).all(), name


def test_model_votes_only_where_they_are_asked_to(tmp_path: Path) -> None:
    """A model's do not by default, those of a baseline that was chosen in its place do; the artifact remembers."""
    assert not TrainingPlan().model_votes
    assert TrainingPlan(family="pca").model_votes
    assert not TrainingPlan(family="pca", vote=False).model_votes
    short = dataclasses.replace(TINY, steps=5, vote=True, compare=False)
    (asked,) = train_from_recordings(boilers_recorded(200), short, tmp_path / "asked")
    (silent,) = train_from_recordings(
        boilers_recorded(200), dataclasses.replace(short, vote=None), tmp_path / "silent"
    )
    for one, vote in ((asked, True), (silent, False)):
        assert one.commission.voting is not None
        assert np.array_equal(one.commission.voting, voting(vote))


def test_the_same_seed_gives_the_same_model(learnt: Learnt) -> None:
    """Bit for bit; another seed gives another one."""
    series = [canonical(one) for one in boilers_recorded()]
    again = train_group(series, TINY)
    first, second = learnt.groups[0].result.model.state_dict(), again.result.model.state_dict()
    assert all(bool((first[name] == second[name]).all()) for name in first)
    tensors = again.commission.to_tensors()
    for name, tensor in learnt.groups[0].commission.to_tensors().items():
        assert np.array_equal(tensor, tensors[name], equal_nan=True), name
    other = train_group(series, dataclasses.replace(TINY, seed=1)).result.model.state_dict()
    assert any(bool((first[name] != other[name]).any()) for name in first)


def test_the_order_of_the_recordings_rows_does_not_matter_to_the_laws(tmp_path: Path) -> None:
    """A file written backwards holds the same past."""
    (series, *_) = boilers_recorded(300, 1)
    back = dataclasses.replace(
        series, times_seconds=series.times_seconds[::-1].copy(), values=series.values[::-1].copy()
    )
    plan = dataclasses.replace(TINY, steps=5)
    one, other = (train_from_recordings([part], plan, tmp_path)[0].commission for part in (series, back))
    assert np.array_equal(one.center, other.center)
    assert np.array_equal(one.gap_unit_seconds, other.gap_unit_seconds)


def test_progress_tells_every_stage_and_reaches_its_end(learnt: Learnt) -> None:
    """With figures of the training, and never more done than there is."""
    stages = list(dict.fromkeys(told.stage for told in learnt.told))
    assert stages == [
        "looking at the recordings", "training the model", "playing the past through it", "calibrating"
    ]  # fmt: skip
    assert all(0 <= told.done <= told.total for told in learnt.told)
    trained = [told for told in learnt.told if told.stage == "training the model"]
    assert (trained[-1].done, trained[-1].total) == (TINY.steps, TINY.steps)
    assert "loss" in trained[-1].figures
    played = [told.done for told in learnt.told if told.stage == "playing the past through it"]
    assert max(played) == 1000


def test_rows_far_from_all_others_are_left_out_of_learning_and_said_to_be(tmp_path: Path) -> None:
    """The laws are nearly those of the past without them; where it is not asked for, nothing is left out."""
    (clean,) = boilers_recorded(900, 1)
    values = clean.values.copy()
    values[400:430] += 40 * clean.values.std()
    spoilt = dataclasses.replace(clean, values=values)
    plan = dataclasses.replace(TINY, steps=5, family="robust_z")
    believing = dataclasses.replace(plan, leave_out_doubtful=False)
    of_clean, of_spoilt, naive = (
        train_from_recordings([past], how, tmp_path / name)[0]
        for name, past, how in (("a", clean, plan), ("b", spoilt, plan), ("c", spoilt, believing))
    )
    left_out = of_spoilt.training_dict()["left_out"]
    assert 30 <= left_out["rows"] < 200  # type: ignore[index]
    assert left_out["sensors"] == {BOILERS[0]: left_out["rows"]}  # type: ignore[index]
    assert "left_out" not in of_clean.training_dict() | naive.training_dict()
    level = STREAM_NAMES.index("level")
    thresholds = [one.commission.streams.knots[1, level, -1] for one in (of_clean, of_spoilt, naive)]  # type: ignore[union-attr]
    assert abs(thresholds[1] / thresholds[0] - 1) < 0.3
    assert not 0.5 < thresholds[2] / thresholds[0] < 2


def test_a_training_without_steps_of_its_own_ends_by_its_time(tmp_path: Path) -> None:
    """The wall clock bounds it, however many steps were asked for."""
    told: list[Progress] = []
    plan = dataclasses.replace(TINY, steps=100_000, max_seconds=0.5)
    (group,) = train_from_recordings(boilers_recorded(300, 1), plan, tmp_path, told.append)
    assert group.report.steps < 100_000


@pytest.mark.parametrize(
    ("series", "why"),
    [
        ([constant()], "channels value was not trained: .*constant"),
        ([constant(1)], "too little is left to learn from of 1 sensor with value: .*record for longer"),
    ],
    ids=["constant", "one row"],
)
def test_what_nothing_can_be_learnt_from_says_so(tmp_path: Path, series: list[Series], why: str) -> None:
    """An error of ours with the group's channels in it, and nothing is written."""
    folder = tmp_path / "artifact"
    with pytest.raises(OffbeatError, match=why):
        train_from_recordings(series, TINY, folder)
    assert not folder.exists()


def test_a_device_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """Before any work is done."""
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    told: list[Progress] = []
    with pytest.raises(UnavailableError, match="cuda"):
        train_from_recordings(boilers_recorded(), TrainingPlan(device="cuda"), tmp_path, told.append)
    assert told == []


def test_a_device_without_memory_is_unavailable(tmp_path: Path) -> None:
    """Whoever started the training is told what to do, in a sentence."""

    def fill_up(progress: Progress) -> None:
        if progress.stage == "training the model":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has ...")

    why = r"cpu has too little memory left to train on \(CUDA out of memory\): .* set the device to cpu"
    with pytest.raises(UnavailableError, match=why):
        train_from_recordings(boilers_recorded(200, 1), TINY, tmp_path, fill_up)
