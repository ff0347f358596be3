"""`offbeat backtest`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offbeat.cli.main import main

QUICK = ("--size", "tiny", "--steps", "5", "--device", "cpu")
TEST_FROM = ("--test-from", "1700000200")


def test_what_came_of_it_is_told(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the three files are, and how much was played."""
    out = tmp_path / "out"
    assert main(["backtest", str(recording), *TEST_FROM, "--out", str(out), *QUICK]) == 0
    told = capsys.readouterr()
    assert "1 sensor, 100 rows played, " in told.out
    for name in ("scores.csv", "episodes.jsonl", "report.html"):
        assert str(out / name) in told.out
        assert (out / name).exists()
    assert "pump.csv" in (out / "report.html").read_text()


def test_sensors_that_are_left_out_are_noted_beside_the_outcome(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error: what is printed stays JSON."""
    early = tmp_path / "early.csv"
    early.write_text("time,value\n" + "\n".join(f"{1.69e9 + i:.0f},{i % 7}" for i in range(300)) + "\n")
    out = tmp_path / "out"
    named = [str(recording), str(early)]
    assert main(["backtest", *named, *TEST_FROM, "--out", str(out), "--json", *QUICK]) == 0
    told = capsys.readouterr()
    assert "note: early is left out: 300 rows lie before its test time and 0 after" in told.err
    found = json.loads(told.out)
    assert (found["out"], found["sensors"], found["rows"]) == (str(out), 1, 100)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--test-from", "yesterday"), 2, "--test-from: "),
        (("--test-from", "splits.csv"), 2, "--test-from splits.csv: there is no such file"),
        ((*TEST_FROM, "--steps", "0"), 2, "--steps is 0; expected at least 1"),
        ((*TEST_FROM, "--labels", "no-labels.csv"), 78, "no-labels.csv"),
        (("--test-from", "1600000000"), 78, "no recording can be backtested"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_learnt(
    recording: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A training takes minutes: a slip of the pen must not show after it."""
    out = tmp_path / "out"
    assert main(["backtest", str(recording), *options, "--out", str(out)]) == code
    told = capsys.readouterr()
    assert says in told.err
    assert "training" not in told.err
    assert not out.exists()


@pytest.mark.parametrize("missing", ["--out", "--test-from"])
def test_what_must_be_said_is_asked_for(
    recording: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name."""
    given = {"--out": "out", "--test-from": "1"}
    del given[missing]
    with pytest.raises(SystemExit) as left:
        main(["backtest", str(recording), *(part for pair in given.items() for part in pair)])
    assert left.value.code == 2
    assert missing in capsys.readouterr().err


def test_a_recording_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the test time is looked at."""
    assert main(["backtest", str(tmp_path / "gone"), *TEST_FROM, "--out", str(tmp_path / "out")]) == 2
    assert "gone: there is no such file or folder" in capsys.readouterr().err
