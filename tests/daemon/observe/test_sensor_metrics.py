"""Metrics with a series for every sensor."""

from __future__ import annotations

from http import HTTPStatus

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from offbeat.config.sensor_choice import SensorChoice
from offbeat.observe.catalogue import SENSOR_CATALOGUE
from offbeat.observe.sensor_metrics import CHUNK_SERIES, SensorColumns, SensorPage
from tests.support.prometheus import PROMTOOL, complaints_about

SCORE, VALUE = "offbeat_sensor_score", "offbeat_sensor_value"
SEEN = "offbeat_sensor_last_seen_timestamp_seconds"


def columns(ids: list[str], score: np.ndarray, value: np.ndarray) -> SensorColumns:
    """Return a group of sensors with two channels."""
    return SensorColumns(
        group="temp+flow",
        ids=ids,
        channels=("temp", "flow"),
        values={SCORE: score, VALUE: value, SEEN: np.full(len(ids), 1_700_000_000.123456)},
        is_anomalous=np.zeros(len(ids), np.bool_),
        score=score,
    )


def scraped(page: SensorPage) -> dict[tuple[str, ...], float]:
    """Return what Prometheus reads: values by (metric, label values)."""
    text = page.respond().body.decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_sensor_and_channel_has_its_series_and_nothing_unknown_has_one() -> None:
    """NaN is no value to store for ever."""
    one = columns(["a", "b"], np.array([0.5, np.nan]), np.array([[1.0, 2.0], [np.nan, 4.0]]))
    found = scraped(SensorPage(lambda: [one], SensorChoice.parse("all")))
    assert {key: value for key, value in found.items() if key[0] != SEEN} == {
        (SCORE, "a"): 0.5,
        (VALUE, "a", "temp"): 1.0,
        (VALUE, "a", "flow"): 2.0,
        (VALUE, "b", "flow"): 4.0,
    }
    assert abs(found[SEEN, "a"] - 1_700_000_000.123456) < 1e-5


@pytest.mark.prometheus
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")
def test_prometheus_has_nothing_against_it() -> None:
    """As it checks names, units and types itself."""
    one = columns(["a", 'b"\\'], np.array([0.5, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert complaints_about(SensorPage(lambda: [one], SensorChoice.parse("all")).respond().body) == ""


def test_whole_chunks_and_rests_agree_as_the_fleet_grows() -> None:
    """Prepared text is extended, never made anew; a hole in a chunk leaves out one series only."""
    groups: list[SensorColumns] = []
    page = SensorPage(lambda: groups, SensorChoice.parse("all"))
    for count in (3, CHUNK_SERIES - 1, CHUNK_SERIES, 2 * CHUNK_SERIES + 5):
        score = np.arange(count, dtype=np.float64)
        score[count // 2] = np.nan
        groups[:] = [columns([f"s{i}" for i in range(count)], score, np.zeros((count, 2)))]
        found = scraped(page)
        for i in (0, count // 2 - 1, count // 2 + 1, count - 1):
            assert found[SCORE, f"s{i}"] == i
        assert (SCORE, f"s{count // 2}") not in found
        assert len(found) == 4 * count - 1


def test_any_id_is_a_label() -> None:
    """Ids come from topics, and topics are named by others."""
    ids = ['with "quotes"', "back\\slash", "new\nline", "100%s", "grün", "\ud800"]
    found = scraped(
        SensorPage(lambda: [columns(ids, np.arange(6.0), np.zeros((6, 2)))], SensorChoice.parse("all"))
    )
    expected = [*ids[:-1], "?"]
    assert [key[1] for key in found if key[0] == SCORE] == expected


def test_sensors_left_out_are_counted() -> None:
    """An operator who misses a sensor is to find out why."""
    one = columns(["a", "b", "c"], np.array([1.0, 3.0, 2.0]), np.zeros((3, 2)))
    page = SensorPage(lambda: [one], SensorChoice.parse("top:1"))
    assert {key[1] for key in scraped(page)} == {"b"}
    assert page.suppressed == 2


def test_what_is_off_says_how_to_turn_it_on() -> None:
    """A scrape job that was set up by mistake fails visibly."""
    response = SensorPage(list, SensorChoice.parse("off")).respond()
    assert response.status is HTTPStatus.NOT_FOUND
    assert b'set it to "all"' in response.body


def test_every_metric_is_announced_once_also_without_sensors() -> None:
    """Names and types are those of the catalogue."""
    text = SensorPage(list, SensorChoice.parse("all")).respond().body.decode()
    announced = [line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE")]
    assert announced == [[metric.name, metric.kind] for metric in SENSOR_CATALOGUE.values()]
