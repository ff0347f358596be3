"""The report: complete, safe, small, and asking nothing of the network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.events import EpisodeEvent, EventType
from offbeat.replay.episodes_jsonl import shifted, write_episodes
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.report import Report, render_report, write_report
from offbeat.replay.report_episodes import episodes_of, outcome
from offbeat.replay.series import Series
from offbeat.replay.thinning import Bins, rounded

VOID = {"meta", "input", "br", "link", "img"}
START = 1_700_000_000.0


def _event(
    event: EventType, at: float, sensor: str = "pump", name: str = "e1", message: str = "strange"
) -> EpisodeEvent:
    return EpisodeEvent(
        id=name, event=event, sensor=sensor, family="process", kind="value", severity="warning", score=1.5,
        p_value=1e-5,
        started_at=START + 10, updated_at=at, ended_at=at if event == "close" else None, message=message,
    )  # fmt: skip


def _judged(sensor: str, rows: int = 50, channels: int = 1) -> JudgedSeries:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(rows, channels)).astype(np.float32)
    series = Series(sensor, tuple(f"c{i}" for i in range(channels)), START + np.arange(rows) * 60.0, values)
    score = rng.random(rows).astype(np.float32)
    return JudgedSeries(
        series, ("level",), score, score.astype(np.float64), score[:, None], values - 1, values + 1
    )


class _Page(HTMLParser):
    """Checks that tags close in order; collects what scripts of JSON hold, and what is fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.data: list[str] = []
        self.outside: list[str] = []
        self.text = ""
        self._in_json = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_json = tag == "script" and ("type", "application/json") in attributes
        self.outside += [v or "" for k, v in attributes if k in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._in_json and self.open and self.open[-1] == "script":
            self.data.append(data)
        self.text += data


def _parsed(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def test_a_report_shows_each_sensor_with_its_episodes_and_sentences() -> None:
    """Headline, table and data of the plots are there, for every sensor once."""
    events = [
        _event("open", START + 20, message="pump reads 9; expected 1 to 2."),
        _event("close", START + 90),
    ]
    report = Report(
        "two sensors", [_judged("pump"), _judged("fan", channels=3)], events, 1.0, facts={"Offbeat": "1.2.3"}
    )
    page = _parsed(render_report(report))
    assert "1 episode on 1 of 2 sensors." in page.text
    assert "pump reads 9; expected 1 to 2." in page.text
    assert "1.2.3" in page.text
    fan, pump = (json.loads(text) for text in page.data)
    assert [c["name"] for c in fan["channels"]] == ["c0", "c1", "c2"]
    assert pump["episodes"] == [{"a": 10.0, "o": 20.0, "b": 90.0, "family": "process", "kind": "value"}]


def test_a_report_asks_nothing_of_the_network() -> None:
    """No source, no link, no import: and a policy in the page that forbids them."""
    html = render_report(Report("x", [_judged("pump")], [], 1.0))
    assert _parsed(html).outside == []
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\((?!#)", html)
    assert set(re.findall(r"https?://[^\"'\s<]+", html)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b", "$title"]
)
def test_names_and_sentences_cannot_become_part_of_the_page(name: str) -> None:
    """Sensor ids come from topics, which anybody who may publish chooses."""
    judged = _judged(name)
    html = render_report(Report(name, [judged], [_event("open", START, sensor=name, message=name)], 1.0))
    page = _parsed(html)
    assert page.outside == []
    assert len(page.data) == 1
    assert json.loads(page.data[0])["episodes"]
    assert page.text.count(name) >= 3


def test_many_sensors_stay_small_enough_to_send_around(tmp_path: Path) -> None:
    """60 sensors of 5,000 rows, eight channels each."""
    judged = [_judged(f"sensor-{i}", rows=5000, channels=8) for i in range(60)]
    write_report(tmp_path / "report.html", Report("many", judged, [], 1.0))
    assert (tmp_path / "report.html").stat().st_size < 10_000_000


def test_odd_recordings_are_drawn_too() -> None:
    """One row, nothing judged, a constant channel, one that was never observed."""
    values = np.array([[5.0, np.nan, 1.0]], np.float32)
    series = Series("one", ("still", "never", "v"), np.array([0.0]), values)
    nothing = np.full(1, np.nan, np.float32)
    judged = JudgedSeries(series, (), nothing, nothing.astype(np.float64), np.zeros((1, 0), np.float32))
    page = _parsed(render_report(Report("odd", [judged], [], 1.0)))
    still, never, _ = json.loads(page.data[0])["channels"]
    assert (still["constant"], never["empty"]) == (5.0, True)
    assert "not judged" in page.text


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6, width=32) | st.just(float("nan"))),
        min_size=1,
        max_size=80,
    ),
    most=st.integers(1, 30),
)
def test_thinning_keeps_every_extreme_and_the_bounds_of_time(
    rows: list[tuple[float, float]], most: int
) -> None:
    """A spike of one row is in the plot of a million."""
    times = np.array([row[0] for row in rows])
    values = np.array([row[1] for row in rows], np.float32)
    bins = Bins.of(times, most)
    assert len(bins.starts) <= most or len(bins.starts) == len(rows)
    assert (np.diff(bins.times_seconds) >= 0).all()
    assert times.min() <= bins.times_seconds[0] <= bins.times_seconds[-1] <= times.max()
    if np.isfinite(values).any():
        assert np.nanmin(bins.lowest(values)) == np.nanmin(values)
        assert np.nanmax(bins.highest(values)) == np.nanmax(values)


def test_numbers_are_written_no_finer_than_can_be_drawn() -> None:
    """Large offsets keep the digits that move; what is not finite is null."""
    assert rounded(np.array([1000.123456, np.nan, 1001.0]), 1.0) == [1000.1235, None, 1001]
    assert rounded(np.array([5.0]), 0.0) == [5]


def test_episodes_are_judged_as_the_judge_does() -> None:
    """An event is found by an alert raised inside it; one raised outside all of them is false."""
    events = [
        _event("open", 15, name="a"), _event("open", 50, name="b"), _event("update", 60, name="b"),
        _event("close", 70, name="b"), _event("close", 5, name="from before"),
    ]  # fmt: skip
    episodes = episodes_of(events)
    assert [episode.id for episode in episodes] == ["a", "b"]
    met = outcome(episodes, {"pump": [(10, 20), (30, 40), (900, 999)]}, {"pump": (0.0, 604_800.0 / 2)})
    assert (met.events, met.found, met.false, met.sensor_weeks) == (3, 1, 1, 0.5)
    assert met.false_per_week == 2.0


def test_events_are_written_one_a_line_with_recorded_times(tmp_path: Path) -> None:
    """Virtual time ends here, also in the words of a sentence."""
    event = _event(
        "close", START + 86_400, message="pump reads 9. Highest since 2023-11-14 22:13 UTC; score 2."
    )
    back = shifted(event, -86_400.0)
    assert (back.started_at, back.updated_at, back.ended_at) == (START + 10 - 86_400, START, START)
    assert back.message == "pump reads 9. Highest since 2023-11-13 22:13 UTC; score 2."
    today = _event("open", START, message="Lowest since 20:00 UTC; score 2.")
    assert shifted(today, 3600.0).message == "Lowest since 21:00 UTC; score 2."
    assert shifted(event, 0.0) is event
    assert write_episodes(tmp_path / "episodes.jsonl", [event, back], lambda e: e.id.encode()) == 2
    assert (tmp_path / "episodes.jsonl").read_text() == "e1\ne1\n"
