"""What the daemon has heard, as recordings to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offbeat.app.journal_recordings import heard_lately, journal_recordings
from offbeat.config.settings import JournalSettings, LimitSettings, Settings
from offbeat.errors import ConfigError, OffbeatError
from offbeat.ingest.journal import Journal
from offbeat.ingest.source import DEAF, LISTENING, RawMessage
from offbeat.learn.exclusions import Exclusions, Stretch
from tests.support.configured import a_source, configured

START = 1_700_000_000.0
PAIR = ("temp", "pressure")


def message(topic: str, seconds: float, **fields: float) -> RawMessage:
    """Return a message whose payload holds its time, some seconds after the start."""
    values = "".join(f', "{name}": {value}' for name, value in fields.items())
    return (topic, b'{"ts": %.3f%s}' % (START + seconds, values.encode()), 0)


def heard(folder: Path, *batches: list[RawMessage]) -> None:
    """Write a journal of batches, one a second."""
    journal = Journal(folder / "journal", JournalSettings())
    for number, messages in enumerate(batches):
        journal.append(messages, START + number)
    assert journal.sync(10)
    assert journal.close()


def settings(folder: Path) -> Settings:
    """Return settings with a source of single fields and one of pairs."""
    return configured(folder, a_source(), a_source("pairs/{sensor}", channels=PAIR))


def test_readings_come_sensor_by_sensor_in_order_of_time(tmp_path: Path) -> None:
    """Over all batches, late ones at their place, repeated ones once."""
    heard(
        tmp_path,
        [message("plant/a/pump", 0, value=1), message("plant/a/fan", 0.5, value=10)],
        [message("plant/a/pump", 2, value=3), message("plant/a/pump", 2, value=3)],
        [message("plant/a/pump", 1, value=2)],
    )
    series = {one.sensor: one for one in journal_recordings(settings(tmp_path))}
    assert set(series) == {"a.pump", "a.fan"}
    pump = series["a.pump"]
    assert pump.channels == ("value",)
    assert (pump.times_seconds - START).tolist() == [0, 1, 2]
    assert pump.values.tolist() == [[1], [2], [3]]
    assert pump.place == str(tmp_path / "journal")


def test_channels_of_one_instant_are_one_row_and_the_rest_is_not_observed(tmp_path: Path) -> None:
    """As in a window."""
    heard(
        tmp_path,
        [message("pairs/boiler", 0, temp=60, pressure=2)],
        [message("pairs/boiler", 1, temp=61)],
        [message("pairs/boiler", 1, pressure=3), message("pairs/boiler", 2, pressure=4)],
    )
    (series,) = journal_recordings(settings(tmp_path))
    assert (series.sensor, series.channels) == ("boiler", PAIR)
    assert (series.times_seconds - START).tolist() == [0, 1, 2]
    expected = np.array([[60, 2], [61, 3], [np.nan, 4]], np.float32)
    assert np.array_equal(series.values, expected, equal_nan=True)


def test_what_the_daemon_refuses_is_not_learnt_from(tmp_path: Path) -> None:
    """The same decoder, the same limits."""
    limits = LimitSettings(max_sensors=1, allowed_lateness_seconds=10)
    heard(
        tmp_path,
        [message("plant/a/pump", 0, value=1), message("plant/a/fan", 0, value=1)],
        [message("plant/a/pump", -60, value=5), ("plant/a/pump", b"?", 0), message("other", 0, value=1)],
    )
    (series,) = journal_recordings(configured(tmp_path, limits=limits))
    assert series.sensor == "a.pump"
    assert series.values.tolist() == [[1]]


def test_the_daemon_may_go_on_writing(tmp_path: Path) -> None:
    """Its journal is only read."""
    journal = Journal(tmp_path / "journal", JournalSettings())
    try:
        journal.append([message("plant/a/pump", 0, value=1)], START)
        assert journal.sync(10)
        assert len(journal_recordings(settings(tmp_path))[0]) == 1
        journal.append([message("plant/a/pump", 1, value=1)], START + 1)
        assert journal.sync(10)
        assert len(journal_recordings(settings(tmp_path))[0]) == 2
    finally:
        journal.close()


def test_no_journal_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The daemon has to listen first."""
    with pytest.raises(ConfigError, match=r"journal: there is no journal; let `offbeat run` listen"):
        journal_recordings(settings(tmp_path))


def test_a_journal_without_a_reading_of_the_sources_is_told_apart(tmp_path: Path) -> None:
    """Then the topics are what to look at."""
    heard(tmp_path, [("elsewhere", b"1", 0)])
    with pytest.raises(ConfigError, match=r"holds no reading of the configured sources; .*\[\[source\]\]"):
        journal_recordings(settings(tmp_path))


def test_of_one_group_as_much_is_read_as_there_is_room_for(tmp_path: Path) -> None:
    """The newest; a long journal does not take more memory than a short one."""
    heard(
        tmp_path, *([message("plant/a/pump", n, value=n), message("pairs/b", n, temp=n)] for n in range(1000))
    )
    found = heard_lately(settings(tmp_path), 0, most_rows=600)
    (series,) = found.series
    assert series.sensor == "a.pump"
    assert found.group.channels == series.channels
    assert len(series) <= 600
    assert series.times_seconds[-1] == START + 999
    (pairs,) = heard_lately(settings(tmp_path), 1, most_rows=10_000).series
    assert (pairs.sensor, len(pairs)) == ("b", 1000)


def test_what_is_excluded_is_not_read_and_leaves_no_gap_to_learn(tmp_path: Path) -> None:
    """The rows are counted by why, and a cut stands in their place."""
    heard(
        tmp_path,
        *([message("plant/a/pump", n, value=n), message("plant/a/fan", n, value=n)] for n in range(100)),
    )
    without = Exclusions({"a.pump": [Stretch(START + 40, START + 59, "episode")]})
    found = heard_lately(settings(tmp_path), 0, 10_000, without)
    series = {one.sensor: one for one in found.series}
    assert len(series["a.fan"]) == 100
    assert not len(series["a.fan"].cuts_seconds)
    assert (series["a.pump"].times_seconds - START).tolist() == [*range(40), *range(60, 100)]
    assert (series["a.pump"].cuts_seconds - START).tolist() == [60]
    assert found.rows_left_out.rows == {"a.pump": {"episode": 20}}
    assert found.rows_left_out.nothing_left == ()


def test_a_sensor_that_is_excluded_for_good_is_named(tmp_path: Path) -> None:
    """Nothing of it is left."""
    heard(
        tmp_path,
        *([message("plant/a/pump", n, value=n), message("plant/a/fan", n, value=n)] for n in range(9)),
    )
    frozen = Exclusions({"a.pump": [Stretch(0.0, 2 * START, "frozen")]})
    found = heard_lately(settings(tmp_path), 0, 10_000, frozen)
    assert [one.sensor for one in found.series] == ["a.fan"]
    assert found.rows_left_out.nothing_left == ("a.pump",)
    with pytest.raises(OffbeatError, match=r"nothing is left to learn from \(18 rows: frozen\)"):
        heard_lately(settings(tmp_path), 0, 10_000, Exclusions(of_all=[Stretch(0.0, 2 * START, "frozen")]))


def test_while_nobody_listened_a_gap_is_none_of_the_sensors(tmp_path: Path) -> None:
    """There is a cut where readings are missing for that, and only there: a slow sensor may have missed nothing."""
    before = [
        [message("plant/a/pump", n, value=n), message("plant/a/slow", 10 * n, value=n)] for n in range(10)
    ]
    after = [[message("plant/a/pump", 100 + n, value=n), message("plant/a/slow", 100 + 10 * n, value=n)]
             for n in range(10)]  # fmt: skip
    journal = Journal(tmp_path / "journal", JournalSettings())
    for number, messages in enumerate(before):
        journal.append(messages, START + 10 * number)
    journal.append([DEAF], START + 95)
    journal.append([LISTENING], START + 99)
    for number, messages in enumerate(after):
        journal.append(messages, START + 100 + 10 * number)
    assert journal.close()
    series = {one.sensor: one for one in heard_lately(settings(tmp_path), 0, 10_000).series}
    assert (series["a.pump"].cuts_seconds - START).tolist() == [100]
    assert not len(series["a.slow"].cuts_seconds)
