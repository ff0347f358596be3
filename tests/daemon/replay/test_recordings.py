"""Which files are recordings, and what is odd about them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from offbeat.errors import ConfigError, UnavailableError
from offbeat.replay.recordings import read_recordings
from offbeat.replay.series import by_channels


def _write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_a_folder_stands_for_its_recordings(tmp_path: Path) -> None:
    """Labels, splits and other files beside them are left out."""
    folder = _write(
        tmp_path,
        b="time,v\n1,2\n2,3\n",
        a="time,v\n1,2\n2,3\n",
        labels="series,start,end\n",
        splits="series,test_from\n",
    )
    (folder / "README.md").write_text("notes")
    recorded = read_recordings([folder])
    assert [one.sensor for one in recorded.series] == ["a", "b"]
    assert recorded.warnings == ()


def test_the_same_channels_in_another_order_make_one_group(tmp_path: Path) -> None:
    """Columns are brought into the order of the first file, values with them; other channels are another group."""
    folder = _write(tmp_path, a="time,p,q\n1,2,3\n", b="time,q,p\n1,30,20\n", c="time,r\n1,2\n2,2\n")
    groups = by_channels(read_recordings([folder]).series)
    assert list(groups) == [("p", "q"), ("r",)]
    assert [one.values[0].tolist() for one in groups["p", "q"]] == [[2, 3], [20, 30]]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """The stem is the sensor's id: two of them would be mixed up."""
    one = _write(tmp_path / "one", pump="time,v\n1,2\n")
    two = _write(tmp_path / "two", pump="time,v\n1,2\n")
    with pytest.raises(
        ConfigError, match=r'two/pump\.csv: the sensor "pump" is recorded in .*one/pump\.csv too'
    ):
        read_recordings([one, two])


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    """An empty folder, a file of another kind, nothing at all."""
    with pytest.raises(ConfigError, match="the folder holds no recording"):
        read_recordings([tmp_path])
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"notes\.txt: is no recording by its name"):
        read_recordings([tmp_path / "notes.txt"])
    with pytest.raises(ConfigError, match="no such file or folder"):
        read_recordings([tmp_path / "none.csv"])
    with pytest.raises(ConfigError, match="no recording is given"):
        read_recordings([])


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("time,a,b\n1,2,\n2,3,\n", ['channel "b" is empty in every row; it will never be judged']),
        ("time,a\n1,2\n", ["there is one row only"]),
        ("time,a\n2,2\n1,2\n3,3\n1,3\n", ["time steps back 2 times"]),
        ("time,a\n2,2\n2,3\n", ["a time is repeated once"]),
        ("time,a\n1,5\n2,5\n", []),
    ],
    ids=["all-nan", "one-row", "back", "repeated", "constant"],
)
def test_odd_recordings_are_read_with_a_warning(tmp_path: Path, text: str, warnings: list[str]) -> None:
    """Nothing of this keeps the other sensors from being used; a constant sensor is not even odd."""
    recorded = read_recordings([_write(tmp_path, s=text)])
    assert len(recorded.warnings) == len(warnings)
    for found, expected in zip(recorded.warnings, warnings, strict=True):
        assert expected in found


def test_material_of_commissioning_is_in_time_order_one_row_an_instant(tmp_path: Path) -> None:
    """Of two values at one instant the larger stays, and channels of one instant are joined, as in a window."""
    folder = _write(tmp_path, s="time,a,b\n3,1,\n1,5,6\n3,4,\n3,,7\n")
    recording = read_recordings([folder]).series[0].recording()
    assert recording.times_seconds.tolist() == [1.0, 3.0]
    assert recording.values.tolist() == [[5.0, 6.0], [4.0, 7.0]]


def test_parts_of_a_series_are_taken_by_time_in_recorded_order(tmp_path: Path) -> None:
    """`before` and `since` share no row; lead rows are those recorded just before the first one."""
    series = read_recordings([_write(tmp_path, s="time,a\n1,1\n2,2\n5,5\n4,4\n6,6\n")]).series[0]
    assert series.before(4.0).times_seconds.tolist() == [1, 2]
    assert series.since(4.0).times_seconds.tolist() == [5, 4, 6]
    assert series.since(4.0, lead_rows=1).times_seconds.tolist() == [2, 5, 4, 6]
    assert len(series.since(9.0, lead_rows=3)) == 0


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    """Numbers, timestamps and text as time; integers and booleans as values; null is not observed."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    times = {
        "seconds": pa.array([1.5, 2.0]),
        "stamps": pa.array([1_500_000, 2_000_000], pa.timestamp("us", "UTC")),
        "text": pa.array(["1970-01-01T00:00:01.5Z", "2"]),
    }
    for name, time in times.items():
        table = pa.table({"time": time, "a": pa.array([1, None], pa.int32()), "b": pa.array([True, False])})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    for series in read_recordings([tmp_path]).series:
        assert series.times_seconds.tolist() == [1.5, 2.0]
        np.testing.assert_array_equal(series.values, np.array([[1, 1], [np.nan, 0]], "f4"))


def test_unusable_parquet_is_refused(tmp_path: Path) -> None:
    """The error names file and column."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "s.parquet"
    for table, message in (
        ({"t": [1.0]}, r's\.parquet: no column is named "time"; found t'),
        ({"time": [1.0]}, "the only column"),
        ({"time": [1.0], "a": ["x"]}, r'column "a" is of type string; expected numbers'),
        ({"time": ["soon"], "a": [1.0]}, r'row 1: column "time": "soon" is not a time'),
        ({"time": pa.array([], pa.float64()), "a": pa.array([], pa.float64())}, "no rows"),
        ({"time": pa.array([None], pa.float64()), "a": [1.0]}, r'"time" is empty in 1 rows'),
        ({"time": [1.7e12], "a": [1.0]}, "no unix seconds"),
    ):
        pq.write_table(pa.table(table), path)
        with pytest.raises(ConfigError, match=message):
            read_recordings([path])
    path.write_bytes(b"PAR1 no")
    with pytest.raises(ConfigError, match="cannot be read as Parquet"):
        read_recordings([path])


def test_parquet_without_its_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pyarrow is large, and most people have CSV."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "s.parquet").write_bytes(b"PAR1")
    with pytest.raises(UnavailableError, match=r"pip install 'offbeat\[parquet\]'"):
        read_recordings([tmp_path])
