"""Recordings as the sensors of a configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offbeat.app.recorded_sensors import recorded_sensors
from offbeat.errors import ConfigError
from tests.support.configured import a_source, configured


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A recording of three columns, one of them not observed in every row."""
    path = tmp_path / "room.csv"
    path.write_text("time,temp,humidity,co2\n100,20,40,500\n101,21,,501\n102,22,42,\n")
    return path


def test_without_a_configuration_a_file_stays_one_sensor(room: Path) -> None:
    """Its columns share a window."""
    (series,) = recorded_sensors([room], None).series
    assert (series.sensor, series.channels) == ("room", ("temp", "humidity", "co2"))


def test_columns_that_no_source_keeps_together_are_sensors_of_their_own(room: Path, tmp_path: Path) -> None:
    """Named as the daemon names the fields of a message, each univariate."""
    series = recorded_sensors([room], configured(tmp_path)).series
    assert [one.sensor for one in series] == ["room.temp", "room.humidity", "room.co2"]
    assert {one.channels for one in series} == {("value",)}
    assert series[1].times_seconds.tolist() == [100, 101, 102]
    assert np.array_equal(series[1].values, np.array([[40], [np.nan], [42]], np.float32), equal_nan=True)
    assert series[2].place == series[0].place


def test_columns_of_a_source_stay_together_in_its_order(room: Path, tmp_path: Path) -> None:
    """Whatever their order in the file: an artifact of another order would fit no group of the daemon."""
    source = a_source(channels=("co2", "temp", "humidity"))
    (series,) = recorded_sensors([room], configured(tmp_path, source)).series
    assert series.sensor == "room"
    assert series.channels == source.channels
    assert series.values[0].tolist() == [500, 20, 40]
    assert series.values[1, [0, 1]].tolist() == [501, 21]


def test_a_part_of_a_sources_channels_is_no_such_sensor(room: Path, tmp_path: Path) -> None:
    """The model of three channels cannot judge two."""
    source = a_source(channels=("co2", "temp"))
    assert len(recorded_sensors([room], configured(tmp_path, source)).series) == 3


def test_one_column_stays_as_it_is(tmp_path: Path) -> None:
    """Its sensor is the file."""
    path = tmp_path / "pump.csv"
    path.write_text("time,speed\n1,2\n2,3\n")
    (series,) = recorded_sensors([path], configured(tmp_path)).series
    assert series.sensor == "pump"


def test_warnings_are_kept_and_errors_are_told(tmp_path: Path) -> None:
    """With and without a configuration."""
    path = tmp_path / "back.csv"
    path.write_text("time,a,b\n2,1,1\n1,2,2\n")
    assert "steps back once" in recorded_sensors([path], configured(tmp_path)).warnings[0]
    with pytest.raises(ConfigError, match="nowhere"):
        recorded_sensors([tmp_path / "nowhere.csv"], None)
