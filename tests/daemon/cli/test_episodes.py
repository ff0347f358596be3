"""`offbeat episodes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from offbeat.cli import episodes
from offbeat.cli.main import main
from offbeat.core import orders
from offbeat.state.order_book import OrderBook
from offbeat.state.store import EpisodeHistory
from tests.support.events import an_event

START = 1_700_000_000.0


@pytest.fixture
def config(config: Path, tmp_path: Path) -> Path:
    """The configuration of a daemon that told of three episodes, one of which is open."""
    config.write_text(config.read_text() + '[metrics]\nlisten = ""\n')
    history = EpisodeHistory(tmp_path / "state" / "episodes.sqlite")
    history.record(
        [
            an_event(id="aa11", sensor="pump", started_at=START, message="It was."),
            an_event(
                id="aa11", event="close", sensor="pump", started_at=START, updated_at=START + 90.0,
                ended_at=START + 90.0, message="It is over.", streams={},
            ),
            an_event(id="aa22", sensor="fan", started_at=START + 100.0, kind="drift", message="It is."),
            an_event(id="bb33", sensor="pump", started_at=START + 50.0, ended_at=START + 60.0),
        ]
    )  # fmt: skip
    history.close()
    return config


def offbeat(config: Path, *arguments: str) -> int:
    """Run `offbeat episodes` with a configuration."""
    return main(["episodes", *arguments, "--config", str(config)])


def asked(config: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Return what a command tells as JSON."""
    capsys.readouterr()
    assert offbeat(config, *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_newest_come_first_with_or_without_saying_list(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a table for people, and as JSON."""
    assert offbeat(config) == 0
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert lines[0].split() == ["id", "began", "lasted", "severity", "kind", "sensor", "label"]
    assert lines[1].startswith(
        "aa22        2023-11-14 22:15:00 UTC  is open        warning  drift         fan"
    )
    assert [line.split()[0] for line in lines[1:]] == ["aa22", "bb33", "aa11"]
    assert offbeat(config, "list") == 0
    assert capsys.readouterr().out == told
    assert [one["id"] for one in asked(config, capsys)] == ["aa22", "bb33", "aa11"]


def test_some_of_them(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The open ones, those of a sensor, no more than asked for."""
    assert [one["id"] for one in asked(config, capsys, "--open")] == ["aa22"]
    assert [one["id"] for one in asked(config, capsys, "list", "--sensor", "pump")] == ["bb33", "aa11"]
    assert offbeat(config, "--limit", "1") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 more; show them with --limit"
    assert offbeat(config, "--sensor", "pumb") == 0
    told = capsys.readouterr()
    assert told.out.startswith("no episode, or none like that, is in the history of the state directory ")
    assert told.err == 'warning: no sensor "pumb" is known (did you mean "pump"?)\n'
    assert offbeat(config, "--limit", "0") == 2


def test_one_is_shown_by_the_beginning_of_its_id(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is known of it: what was strange first, and how it ended."""
    assert offbeat(config, "show", "aa1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["aa11 of pump: warning, value (process)", "  It was.", "  It is over."]
    assert "  detectors' surprise (-log10 of its chance) at the worst: level 5.50" in lines
    assert "  ended: 2023-11-14 22:14:50 UTC" in lines
    assert asked(config, capsys, "show", "aa2")["message"] == "It is."
    assert asked(config, capsys, "show", "aa1")["opening"] == "It was."


def test_a_label_is_kept_and_the_last_word_counts(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what the episode was, who said so and why."""
    assert offbeat(config, "label", "aa1", "expected", "--note", "cleaning") == 0
    assert capsys.readouterr().out == "aa11 of pump is labelled expected: it may be learnt\n"
    assert offbeat(config, "label", "aa1", "fault") == 0
    assert [one["label"] for one in asked(config, capsys, "--sensor", "pump")] == [None, "fault"]
    shown = asked(config, capsys, "show", "aa11")
    assert (shown["label"], shown["labelled"]["what"]) == ("fault", "fault")
    assert offbeat(config, "show", "aa11") == 0
    assert "  labelled fault by " in capsys.readouterr().out
    book = OrderBook(tmp_path / "state" / "orders.sqlite")
    first, second = book.orders().labels
    assert (first.what, first.note, second.what) == ("expected", "cleaning", "fault")
    assert (first.episode, first.sensor, first.opened_at, first.closed_at) == (
        "aa11",
        "pump",
        START,
        START + 90.0,
    )
    book.close()


def test_a_label_can_be_mended_when_the_history_has_forgotten_its_episode(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is listed and shown by what its label knows; one that was open then ends soon after that was said."""
    assert offbeat(config, "label", "aa2", "fault") == 0
    (tmp_path / "state" / "episodes.sqlite").unlink()
    (one,) = asked(config, capsys)
    assert (one["id"], one["kind"], one["severity"], one["label"]) == ("aa22", "drift", "unknown", "fault")
    assert one["closed_at"] > one["updated_at"]
    assert offbeat(config, "show", "aa2") == 0
    assert "The history no longer has it" in capsys.readouterr().out
    assert offbeat(config, "label", "aa2", "false_alarm") == 0
    assert [again["label"] for again in asked(config, capsys)] == ["false_alarm"]
    assert asked(config, capsys)[0]["closed_at"] == one["closed_at"]
    assert asked(config, capsys, "--open") == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "aa"], "2 episodes begin with aa: aa22, aa11; write more of the id"),
        (["show", "aa12"], 'there is no episode aa12 (did you mean "aa'),
        (["label", "zz", "fault"], "there is no episode zz; list them with `offbeat episodes`"),
        (
            ["label", "aa11", "falt"],
            'WHAT cannot be "falt" (did you mean "fault"?); expected fault or expected',
        ),
        (["label", "aa11"], "required: WHAT"),
        (["shwo"], 'ACTION cannot be "shwo" (did you mean "show"?)'),
    ],
)
def test_what_is_not_there_is_refused(
    config: Path, tmp_path: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was meant, where that can be guessed; nothing is written."""
    try:
        code = offbeat(config, *arguments)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "state" / "orders.sqlite").exists()


def test_the_words_for_what_an_episode_was_are_those_of_the_core() -> None:
    """`--help` does not import it."""
    assert episodes.WHATS == orders.WHATS


@pytest.mark.parametrize("arguments", [("label", "aa", "fault"), ("show", "aa")])
def test_where_no_daemon_has_state_that_is_said_and_not_that_the_episode_is_unknown(
    config: Path, tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody looks at the wrong place: another id would not help."""
    (tmp_path / "empty").mkdir()
    config.write_text(config.read_text().replace(str(tmp_path / "state"), str(tmp_path / "empty")))
    assert offbeat(config, *arguments) == 69
    assert f'no daemon has ever run on the state directory "{tmp_path / "empty"}"' in capsys.readouterr().err
    assert not list((tmp_path / "empty").iterdir())
