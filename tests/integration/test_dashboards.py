"""Every panel of every dashboard shows data: a daemon at work, a Prometheus that scrapes it, the panels' queries."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offbeat.observe.dashboards.committed import dashboard_files
from tests.integration.conftest import SENSORS
from tests.integration.test_publish_to_alert import Plant, config
from tests.support.daemon import Daemon
from tests.support.mosquitto import MOSQUITTO, Broker
from tests.support.prometheus import PROMETHEUS, Prometheus
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.prometheus,
    pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is missing: apt-get install prometheus"),
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: apt-get install mosquitto"),
]

ROWS_BEFORE, ROWS_SHIFTED = 60, 60
VALUES = {"job": ".+", "instance": ".+", "channel": ".+", "sensor": SENSORS[0], "__rate_interval": "10s"}


def queries() -> list[Any]:
    """Return every query of every panel, as parameters of a test."""
    return [
        pytest.param(target["expr"], id=f"{name}:{panel['title']}:{target['refId']}")
        for name, text in dashboard_files().items()
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
    ]


def seen(prometheus: Prometheus, condition: str) -> bool:
    """Whether a condition holds by what was scraped so far."""
    return bool(prometheus.ask("query", query=condition, time=time.time())["result"])


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory, artifact: Path) -> Iterator[Prometheus]:
    """A Prometheus that has watched a daemon while one of its sensors went astray."""
    folder = tmp_path_factory.mktemp("scraped")
    broker = Broker(folder)
    broker.start()
    plant = Plant(broker.port)
    try:
        with Daemon(folder / "daemon", config(broker, artifact)) as daemon:
            daemon.start()
            with Prometheus(folder / "prometheus", daemon.metrics_port) as prometheus:
                plant.run(ROWS_BEFORE)
                plant.run(ROWS_SHIFTED, offset=30.0)
                wait_until(lambda: daemon.metric("offbeat_episodes_open") > 0, 20, "an episode")
                wait_until(lambda: seen(prometheus, "offbeat_sensor_anomalous == 1"), 20, "its scrape")
                wait_until(lambda: seen(prometheus, "count_over_time(offbeat_ready[1m]) >= 8"), 20, "scrapes")
                yield prometheus
    finally:
        plant.end()
        broker.stop()


@pytest.mark.parametrize("expression", queries())
def test_a_panel_shows_finite_data(scraped: Prometheus, expression: str) -> None:
    """Over the time that was watched, with the dashboard's variables filled in."""
    query = re.sub(r"\$(\w+)", lambda match: VALUES[match[1]], expression)
    now = time.time()
    answer = scraped.ask("query_range", query=query, start=now - 60, end=now, step=1)
    points = [float(value) for series in answer["result"] for _, value in series["values"]]
    assert points, f"no data: {query}"
    assert any(math.isfinite(point) for point in points), query


def test_the_histogram_of_scores_names_sensors_as_examples(scraped: Prometheus) -> None:
    """A point far up in a heatmap leads to the sensor, though no series of the daemon's own metrics names one."""
    now = time.time()
    answer = scraped.ask("query_exemplars", query="offbeat_score_ratio_bucket", start=now - 60, end=now)
    examples = [example for series in answer for example in series["exemplars"]]
    strange = {one["labels"]["sensor"] for one in examples if float(one["value"]) > 1.0}
    assert SENSORS[0] in strange
    assert {one["labels"]["sensor"] for one in examples} <= set(SENSORS)
