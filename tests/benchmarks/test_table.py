"""The table renders, and every number that is to be held has a line in it. Nothing is measured here."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.benchmarks import runner
from tests.benchmarks.publisher import Publisher
from tests.benchmarks.table import HEAD, Line, render, skipped

BARS = (
    "<= 1/8", ">= 40k msg/s", ">= 20k msg/s", ">= 0.6", ">= 150k/s", "p99 <= 150 ms", "p99 <= 1.2 x", "<= 12 KiB",
    "<= 600 MiB", "<= 0.4 s, no torch", "<= 150 ms", "<= 400 MiB", "<= 5 min", "<= 15 min", ">= .70", ">= .84",
    ">= 0.9",
)  # fmt: skip
FOLDERS = (Path(__file__).parent, Path(__file__).parent / "live")
SOURCES = "\n".join(path.read_text("utf-8") for folder in FOLDERS for path in folder.glob("[!t]*.py"))


def test_every_row_has_as_many_cells_as_the_head() -> None:
    """Markdown drops what has no column."""
    lines = [
        Line("a", "1 us", "2 us", 0.5, "<= 1", True, ("it was quiet.",)),
        Line("b", "3 us", "2 us", 1.5, "<= 1", False),
        skipped("c", "<= 1", "there is no broker."),
    ]
    table, notes = render(lines).split("\n\n")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    assert [len(row) for row in rows] == [len(HEAD)] * 5
    assert [row[-1] for row in rows] == ["met", "-" * (len(rows[1][-1])), "yes", "NO", ""]
    assert notes.splitlines() == ["- a: it was quiet.", "- c: there is no broker."]


@pytest.mark.parametrize("bar", BARS)
def test_every_bar_has_a_line(bar: str) -> None:
    """The sustained bars are written from their numbers; the others stand as they are printed."""
    number = re.fullmatch(r">= (\d+)k msg/s", bar)
    assert (f"{number[1]}_000" if number else bar) in SOURCES


@pytest.mark.parametrize("name", runner.BENCHMARKS)
def test_every_benchmark_can_be_measured(name: str) -> None:
    """It is a module with `measure`."""
    assert callable(importlib.import_module(f"tests.benchmarks.{name}").measure)


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    assert runner.main(["stert"]) == 2
    assert "stert; there are start," in capsys.readouterr().err


def test_what_is_named_is_kept_if_that_is_asked_for(tmp_path: Path) -> None:
    """In a file of its own, with the machine that it was measured on."""
    assert runner.main(["start", "--write"], tmp_path) == 0
    (report,) = tmp_path.iterdir()
    text = report.read_text("utf-8")
    assert report.name == "start.md"
    assert text.startswith("# Benchmarks: start\n\n- date: ")
    assert "| offbeat --help, from start to end " in text


@pytest.mark.parametrize("qos", [0, 1])
def test_our_publisher_makes_whole_packets(qos: int) -> None:
    """Header, length, topic, id where there is one, payload of the size asked for."""
    packet = Publisher(None, 1, qos, 10, 1001, 60, 1.0)._packet(1008, 1.7e9)  # type: ignore[arg-type]
    topic = b"plant/line0/sensor7/state"
    assert packet[0] == 0x30 | qos << 1
    assert packet[1] == len(packet) - 2
    assert packet[2:4] + packet[4 : 4 + len(topic)] == len(topic).to_bytes(2, "big") + topic
    assert len(packet) == 4 + len(topic) + 2 * qos + 60
