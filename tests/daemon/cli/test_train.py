"""`offbeat train`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from offbeat.cli.main import main
from offbeat.config.settings import JournalSettings
from offbeat.ingest.journal import Journal
from offbeat.learn.library import ModelLibrary
from offbeat.state.store import EpisodeHistory
from tests.support.events import an_event

START = 1_700_000_000
QUICK = ("--size", "tiny", "--steps", "5", "--device", "cpu")


def test_the_artifact_is_written_and_told(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is for people, what is told of progress is not in it."""
    assert main(["train", str(recording), "--out", str(tmp_path / "artifact"), *QUICK]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].startswith("1 sensor with value: 5 steps")
    detectors = [line.split()[0] for line in lines[3:7]]
    assert detectors == ["lstm_vae", "robust_z", "pca", "half_space_trees"]
    assert lines[7] == f"artifact: {tmp_path / 'artifact'}"
    assert lines[8:] == ["a daemon that uses it takes it up when it is started again"]
    assert "warning: on sensors with value the model lstm_vae does not win" in told.err
    assert "training the model" in told.err
    assert (tmp_path / "artifact" / "value" / "manifest.json").exists()


def test_with_a_configuration_it_is_put_into_service(
    recording: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the library, where the daemon looks; told as JSON, with the version that it has there."""
    assert main(["train", str(recording), "--config", str(config), "--json", *QUICK]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["artifact"], told["in_service"]) == (str(tmp_path / "state" / "models"), True)
    (group,) = told["groups"]
    assert (group["channels"], group["sensors"], group["training"]["steps"]) == (["value"], 1, 5)
    (kept,) = ModelLibrary(tmp_path / "state" / "models").groups()
    assert [one.version for one in kept.versions()] == [group["version"]]
    (promotion,) = kept.promotions()
    assert (promotion.version, promotion.why) == (group["version"], "offbeat train")
    lineage = kept.versions()[0].lineage
    assert (lineage["after"], lineage["rows"], lineage["from"]) == (None, 300, "2023-11-14T22:13:20+00:00")
    assert [path.name for path in (tmp_path / "state" / "models").iterdir()] == ["value"]


def test_a_version_may_be_kept_without_being_put_into_service(
    recording: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was in service before stays; the newer one says after which it was trained."""
    for options in ([], ["--no-promote", "--seed", "1"]):
        assert main(["train", str(recording), "--config", str(config), *QUICK, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    kept = lines[-2].removeprefix("kept: ")
    assert lines[-1] == "put into service with: offbeat models promote VERSION"
    group = ModelLibrary(tmp_path / "state" / "models").group("value")
    newest, oldest = group.versions()
    assert (newest.version, newest.lineage["after"]) == (kept, oldest.version)
    assert group.promotions().current == oldest.version


def test_a_named_folder_is_no_library(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to promote there."""
    assert main(["train", str(recording), "--out", str(tmp_path / "artifact"), "--no-promote", *QUICK]) == 2
    assert "--no-promote is about the library" in capsys.readouterr().err
    assert not (tmp_path / "artifact").exists()


@pytest.mark.parametrize("also", [[], ["--journal"]])
def test_recordings_or_the_journal_are_named_and_not_both(
    recording: Path, also: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Which one to learn from is the user's to say."""
    named = [str(recording)] if also else []
    assert main(["train", *named, *also, "--out", "nowhere"]) == 2
    assert capsys.readouterr().err == (
        "error: name recordings to learn from, or --journal, and not both; --now asks the running daemon\n"
    )


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--steps", "0", "--steps is 0; expected at least 1"),
        ("--max-minutes", "0", "--max-minutes is 0; expected more than 0"),
        ("--max-minutes", "nan", "--max-minutes is nan; expected more than 0"),
        ("--seed", "-1", "--seed is -1; expected 0 or more"),
        ("--seed", "99999999999999999999", "expected 0 or more, and at most 9223372036854775807"),
    ],
)
def test_a_number_out_of_its_range_is_refused(
    recording: Path,
    tmp_path: Path,
    option: str,
    value: str,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is read or written."""
    out = tmp_path / "artifact"
    assert main(["train", str(recording), "--out", str(out), option, value]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments", [["--steps", "many"], ["--size", "huge"], ["--device", "tpu"], ["--max-minutes"]]
)
def test_a_value_of_another_kind_is_refused(
    recording: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option's name, and where help is."""
    with pytest.raises(SystemExit) as left:
        main(["train", str(recording), *arguments])
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert arguments[0] in error
    assert "see `offbeat train --help`" in error


def test_a_recording_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to name instead."""
    missing = tmp_path / "missing.csv"
    assert main(["train", str(missing), "--out", str(tmp_path / "artifact")]) == 2
    assert capsys.readouterr().err == (
        f"error: {missing}: there is no such file or folder; name recordings in CSV or Parquet\n"
    )


def test_without_a_journal_there_is_nothing_to_learn_from(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon has to listen first."""
    assert main(["train", "--journal", "--config", str(config)]) == 78
    assert "let `offbeat run` listen" in capsys.readouterr().err


def test_rows_left_out_of_learning_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many, and of which sensors: what is silently left out cannot be questioned."""
    random = np.random.default_rng(0)
    values = np.sin(np.arange(900) / 9) + 0.1 * random.normal(size=900)
    values[400:420] += 9
    recorded = tmp_path / "pump.csv"
    rows = "\n".join(f"{1.7e9 + 10 * i:.0f},{value:.4f}" for i, value in enumerate(values))
    recorded.write_text(f"time,value\n{rows}\n")
    assert main(["train", str(recorded), "--out", str(tmp_path / "artifact"), "--family", "robust_z"]) == 0
    (said,) = [line for line in capsys.readouterr().out.splitlines() if "left out of learning" in line]
    assert "too strange and too rare to be ordinary: pump (" in said


def test_an_episode_is_not_learnt_from_the_journal(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was left out is said, with why; of what is learnt the fault is no part."""
    journal = Journal(tmp_path / "state" / "journal", JournalSettings())
    random = np.random.default_rng(0)
    for i in range(400):
        value = np.sin(i / 9) + random.normal(0, 0.1) + (50.0 if i >= 380 else 0.0)
        journal.append(
            [("plant/a/pump", b'{"ts": %d, "value": %.4f}' % (START + 10 * i, value), 0)], START + i * 10
        )
    assert journal.sync(10)
    assert journal.close()
    history = EpisodeHistory(tmp_path / "state" / "episodes.sqlite")
    history.record([an_event(sensor="a.pump", started_at=START + 3800.0, ended_at=START + 3990.0)])
    history.close()
    assert main(["train", "--journal", "--config", str(config), *QUICK]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("80 rows left out of learning, by what is known of their time: episode (80);")
    assert line.endswith("a.pump (80)")
    (version,) = ModelLibrary(tmp_path / "state" / "models").group("value").versions()
    told = dict(version.manifest)["training"]
    assert told["excluded"]["sensors"] == {"a.pump": {"episode": 80}}


def test_a_sensor_of_one_reading_stays_unknown(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who it is and why is printed, kept in the manifest, and told by `models show`."""
    journal = Journal(tmp_path / "state" / "journal", JournalSettings())
    random = np.random.default_rng(0)
    for i in range(320):
        value = np.sin(i / 9) + random.normal(0, 0.1)
        payload = b'{"ts": %d, "value": %.4f}' % (START + 10 * i, value)
        sent = [("plant/a/pump", payload, 0), *([("plant/a/late", payload, 0)] if i == 300 else [])]
        journal.append(sent, START + i * 10)
    assert journal.sync(10)
    assert journal.close()
    assert main(["train", "--journal", "--config", str(config), *QUICK]) == 0
    left = "left unknown: 1 sensor with fewer than 300 readings to learn from"
    assert f"{left}: a.late (1)" in capsys.readouterr().out.splitlines()
    (version,) = ModelLibrary(tmp_path / "state" / "models").group("value").versions()
    assert version.manifest["sensors"] == ["a.pump"]
    assert (version.lineage["recordings"], version.lineage["rows"]) == (1, 320)
    assert main(["models", "show", version.version, "--config", str(config)]) == 0
    assert f"  {left}" in capsys.readouterr().out.splitlines()
