"""The first minutes of a daemon that knows nothing, at a reading a second, on virtual time."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.app.core_building import Core, build_core
from offbeat.config.settings import LimitSettings, ModelSettings
from offbeat.core.decisions import Decisions
from offbeat.core.events import EpisodeEvent
from offbeat.ingest.source import LogBatch
from offbeat.learn.prior_files import prior_version
from tests.support.configured import configured

START = 1_700_000_000.0
MINUTES = 60.0
SENSORS = ("steady", "gone", "held")
GONE_AFTER, HELD_AFTER = 150, 200


def reading(sensor: str, second: int, random: np.random.Generator) -> float | None:
    """Return what a sensor reads; None while it says nothing."""
    if sensor == "gone" and second >= GONE_AFTER:
        return None
    if sensor == "held" and second >= HELD_AFTER:
        return 20.125
    return float(20.0 + 2.0 * np.sin(second / 9.0) + random.normal(0.0, 0.2))


def lived(core: Core, seconds: int) -> tuple[list[EpisodeEvent], int]:
    """Let a core live through its first seconds; return the events, and the rows that had a score."""
    random = np.random.default_rng(0)
    decided: list[Decisions] = []
    for second in range(seconds):
        now = START + second
        said = [(name, reading(name, second, random)) for name in SENSORS]
        messages = [
            (f"plant/hall/{name}", b'{"ts": %.3f, "value": %.4f}' % (now, value), 0)
            for name, value in said
            if value is not None
        ]
        core.engine.feed(
            core.decoder.decode(LogBatch(second, second + 1, now, messages)), now, decided.append
        )
        core.engine.tick(now, decided.append)
    events = [event for one in decided for event in one.events]
    scored = sum(int(np.isfinite(one.scores.score).sum()) for one in decided if one.scores is not None)
    return events, scored


@pytest.fixture(scope="module")
def first_minutes(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[EpisodeEvent], int]:
    """What happens in five minutes after the first reading, with an empty state."""
    settings = configured(
        tmp_path_factory.mktemp("state"),
        limits=LimitSettings(max_sensors=10),
        model=ModelSettings(device="cpu"),
    )
    return lived(build_core(settings), int(5 * MINUTES))


@pytest.mark.parametrize(
    ("sensor", "kind", "since"), [("gone", "silent", GONE_AFTER), ("held", "stuck", HELD_AFTER)]
)
def test_within_five_minutes_of_its_first_reading_a_sensor_is_missed_or_found_stuck(
    first_minutes: tuple[list[EpisodeEvent], int], sensor: str, kind: str, since: int
) -> None:
    """Neither needs a model, nor the readings that alerts about values need."""
    told = [event for event in first_minutes[0] if event.sensor.endswith(sensor) and event.event == "open"]
    assert [event.kind for event in told] == [kind]
    assert START + since < told[0].updated_at < START + 5 * MINUTES


def test_a_sensor_with_nothing_wrong_raises_no_alert(first_minutes: tuple[list[EpisodeEvent], int]) -> None:
    """The law that it is judged by is honest from its first minutes on."""
    assert not [event for event in first_minutes[0] if event.sensor.endswith("steady")]


def test_values_are_scored_by_the_fleet_prior_from_the_first_window_on(
    first_minutes: tuple[list[EpisodeEvent], int],
) -> None:
    """All rows but those that each sensor's scale is learnt from; events name it."""
    events, scored = first_minutes
    assert scored == GONE_AFTER + 2 * 5 * MINUTES - len(SENSORS) * 64
    assert {event.model for event in events if event.kind != "silent"} == {("fleet_prior", prior_version(1))}
