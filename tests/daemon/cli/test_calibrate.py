"""`offbeat calibrate`, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offbeat.cli.main import main

QUICK = ("--size", "tiny", "--steps", "5", "--device", "cpu")


@pytest.fixture
def artifact(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What was learnt of the recording."""
    folder = tmp_path / "artifact"
    assert main(["train", str(recording), "--out", str(folder), *QUICK]) == 0
    capsys.readouterr()
    return folder


def test_the_usual_budgets_are_tried_and_told(
    recording: Path, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line each, the largest first; a short recording is said to be short."""
    assert main(["calibrate", str(recording), "--artifact", str(artifact)]) == 0
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert lines[0].startswith("1 sensor, ")
    rows = [line.split() for line in lines if line.startswith("1/")]
    assert [row[0] for row in rows] == ["1/day", "1/week", "1/month"]
    alerts = [int(row[1]) for row in rows]
    assert alerts == sorted(alerts, reverse=True)
    assert "too short to say much of the smallest budget" in told


def test_a_spoilt_recording_has_its_alerts_told_in_sentences(
    recording: Path, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For programs as JSON, with the rate of every sensor."""
    rows = recording.read_text().splitlines()
    for at in range(len(rows) - 60, len(rows) - 30):
        time, value = rows[at].split(",")
        rows[at] = f"{time},{float(value) + 1000.0}"
    spoilt = tmp_path / recording.name
    spoilt.write_text("\n".join(rows) + "\n")
    assert main(["calibrate", str(spoilt), "--artifact", str(artifact), "--budget", "1/day", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["budget"] == "1/day"
    assert told["alerts"] >= 1
    assert all(rate > 0 for rate in told["sensors"].values())
    assert told["samples"][0]["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--budget", "often"), 2, "--budget: "),
        (("--artifact", "nowhere"), 78, "there is no such folder"),
    ],
)
def test_what_cannot_be_done_is_said(
    recording: Path, arguments: tuple[str, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any work."""
    needed = () if "--artifact" in arguments else ("--artifact", "anywhere")
    assert main(["calibrate", str(recording), *arguments, *needed]) == code
    assert words in capsys.readouterr().err
