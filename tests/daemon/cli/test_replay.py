"""`offbeat replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offbeat.cli.main import main
from offbeat.replay.jsonl_recordings import RecordedMessage, write_messages


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Messages of two sensors."""
    path = tmp_path / "log.jsonl"
    messages = [
        RecordedMessage(1.7e9 + i, f"plant/a/{name}", b'{"ts": %d, "value": %d}' % (1.7e9 + i, i))
        for i in range(20)
        for name in ("pump", "fan")
    ]
    write_messages(path, messages)
    return path


def test_without_a_model_messages_are_heard_and_nothing_is_scored(
    log: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files are there all the same."""
    config.write_text(config.read_text() + "[model]\nprior = false\n")
    out = tmp_path / "out"
    assert main(["replay", str(log), "--out", str(out), "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "40 messages, 0 rows, 2 sensors, 0 episodes" in told
    assert (out / "scores.csv").read_text() == "sensor,time,score,p_value\n"
    assert (out / "episodes.jsonl").read_text() == ""


def test_a_log_that_is_not_there_is_named(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what a log may be."""
    out = tmp_path / "out"
    assert main(["replay", str(tmp_path / "gone"), "--out", str(out), "--config", str(config)]) == 2
    says = "gone: there is no such file or folder; name a journal's folder, or a file of messages (.jsonl)"
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_a_line_that_is_no_message_is_named_by_its_number(
    log: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written of the rest."""
    log.write_text(log.read_text() + "what?\n")
    out = tmp_path / "out"
    assert main(["replay", str(log), "--out", str(out), "--config", str(config)]) == 78
    assert "log.jsonl:41: not a message" in capsys.readouterr().err
    assert not out.exists()


def test_where_to_write_must_be_said(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replay publishes nothing; without a folder it would be for nothing."""
    with pytest.raises(SystemExit) as left:
        main(["replay", str(log)])
    assert left.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_a_program_gets_json_and_nothing_else(
    log: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is logged, here that there is no model, goes to standard error."""
    out = tmp_path / "out"
    assert main(["replay", str(log), "--out", str(out), "--config", str(config), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "out": str(out), "messages": 40, "rows": 40, "sensors": 2, "episodes": 0
    }  # fmt: skip
    assert "there is no model yet" in told.err
