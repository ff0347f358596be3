"""Where the test begins, and labelled events."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from offbeat.errors import ConfigError, UsageError
from offbeat.replay.labels import read_labels
from offbeat.replay.splits import parse_test_from


def test_one_time_holds_for_all_sensors() -> None:
    """Unix seconds or RFC 3339."""
    assert parse_test_from("1700000000").test_from("any") == 1_700_000_000
    assert parse_test_from("1970-01-01T00:01:00Z").test_from("any") == 60


def test_a_file_names_a_time_for_each_sensor(tmp_path: Path) -> None:
    """An empty time is never; a sensor that is not named is an error that says which line to add."""
    path = tmp_path / "splits.csv"
    path.write_text("series,test_from\na,5\nb,\n")
    splits = parse_test_from(str(path))
    assert (splits.test_from("a"), splits.test_from("b")) == (5.0, math.inf)
    with pytest.raises(ConfigError, match=r'no line for the sensor "c"; expected "c,TIME"'):
        splits.test_from("c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sensor,from\na,5\n", r":1: no column is named series or test_from"),
        ("series,test_from\na,soon\n", r':2: column "test_from": "soon" is not a time'),
        ("series,test_from\n", "no line below the header"),
    ],
)
def test_an_unusable_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """With its line."""
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        parse_test_from(str(path))


@pytest.mark.parametrize("text", ["soon", "none/splits.csv"])
def test_what_is_neither_time_nor_file_is_a_wrong_command_line(text: str) -> None:
    """Exit code 2."""
    with pytest.raises(UsageError, match="--test-from"):
        parse_test_from(text)


def test_labels_are_read_by_sensor(tmp_path: Path) -> None:
    """Several events a sensor; further columns are ignored."""
    path = tmp_path / "labels.csv"
    path.write_text("series,start,end,kind\na,1,2,x\nb,3,3,y\na,5,6,z\n")
    assert read_labels(path) == {"a": [(1, 2), (5, 6)], "b": [(3, 3)]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("series,begin\na,1\n", "no column is named end or start"),
        ("series,start,end\na,2,1\n", ":2: the event ends at 1, before it starts at 2"),
        ("series,start,end\na,2\n", r':2: "" is not a time'),
    ],
)
def test_unusable_labels_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """With their line."""
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_labels(path)
