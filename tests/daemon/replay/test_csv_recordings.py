"""Recordings in CSV: what is read, and how what cannot be read is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.errors import ConfigError
from offbeat.replay.csv_recordings import read_csv
from offbeat.replay.recorded_time import time_texts
from offbeat.replay.series import Series


def _read(tmp_path: Path, text: str | bytes, name: str = "pump.csv") -> Series:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, "pump")


def test_empty_cells_are_not_observed(tmp_path: Path) -> None:
    """A row may hold any of its channels."""
    series = _read(tmp_path, "time,a,b\n1,2.5,\n2,,-3\n3,nan,NULL\n")
    assert series.channels == ("a", "b")
    assert series.times_seconds.tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(
        series.values, np.array([[2.5, np.nan], [np.nan, -3], [np.nan, np.nan]], "f4")
    )


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbftime,a\r\n1,2\r\n2,3\r\n",
        b'"time","a"\n"1","2"\n"2","3"',
        b"time;a\n1;2\n2;3\n",
        b"time\ta\n1\t2\n2\t3\n\n\n",
        b"\n time , a \n1, 2\n\n2 ,3\n",
        b"a,time\n2,1\n3,1970-01-01T00:00:02Z\n",
        b"time,a\n1970-01-01T00:00:01+00:00,2\n1970-01-01 00:00:02,3\n",
    ],
    ids=["bom-crlf", "quoted", "semicolon", "tab", "blanks", "time-last-mixed", "rfc3339"],
)
def test_the_dialects_of_spreadsheets_are_read_alike(tmp_path: Path, text: bytes) -> None:
    """Byte order mark, line ends, quotes, separators and ways to write a time make no difference."""
    series = _read(tmp_path, text)
    assert series.times_seconds.tolist() == [1.0, 2.0]
    assert series.values.ravel().tolist() == [2.0, 3.0]


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    """A name that ends in .gz is gunzipped."""
    assert len(_read(tmp_path, gzip.compress(b"time,a\n1,2\n"), "pump.csv.gz")) == 1


def test_order_repeats_and_steps_back_are_kept(tmp_path: Path) -> None:
    """What to do about order is for the core to decide."""
    assert _read(tmp_path, "time,a\n5,1\n5,2\n3,3\n").times_seconds.tolist() == [5.0, 5.0, 3.0]


def test_infinite_and_huge_values_are_not_observed(tmp_path: Path) -> None:
    """Nothing that a float32 cannot hold gets into a window."""
    values = _read(tmp_path, "time,a\n1,inf\n2,1e39\n3,true\n").values.ravel()
    np.testing.assert_array_equal(values, np.array([np.nan, np.nan, 1.0], "f4"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"pump\.csv: the file is empty; expected a header"),
        ("time,a\n", r":1: there is a header but no row"),
        ("stamp,a\n1,2\n", r':1: no column is named "time"; found stamp, a'),
        ("timestamp,a\n1,2\n", r'rename "timestamp" to "time"'),
        ("1,2\n3,4\n", r':1: no column is named "time"; found 1, 2: the first line has to name'),
        ("time\n1\n", r':1: "time" is the only column'),
        ("time,a,a\n1,2,3\n", r':1: two columns are named "a"'),
        ("time,,b\n1,2,3\n", r":1: column 2 has no name"),
        ("time,a\n1,2\n\n2,x7\n", r':4: column "a": "x7" is not a number; expected a number, or nothing'),
        ("time,a\n1,1_000\n", r':2: column "a": "1_000" is not a number'),
        ("time;a\n1;2,5\n", r':2: column "a": "2,5" is not a number; decimals are written with a point'),
        ("time,a\n1,2\nsoon,3\n", r':3: column "time": "soon" is not a time: expected unix seconds'),
        ("time,a\n1,2\n,3\n", r':3: column "time": "" is not a time'),
        ("time,a\n1700000000000,3\n", r":2: .*seems to count milliseconds or less: divide it"),
        ("time,a\n1,2\n2,3,4\n3,4\n", r":3: found 3 cells, expected 2 as in the header; an empty cell"),
        ("time,a\n1,2\n2", r":3: found 1 cells, expected 2 as in the header; the file may have been cut off"),
        (b"time,a\n1,2\n2,\xb0\n", r":3: byte 0xb0 is not UTF-8"),
        ("time,a\n1," + "9" * 200_000, r"this is no CSV file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    """The error says where, what was found, and what to do."""
    with pytest.raises(ConfigError, match=message):
        _read(tmp_path, text)


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    """No traceback for a truncated download or a wrong name."""
    with pytest.raises(ConfigError, match="gzip file is damaged"):
        _read(tmp_path, gzip.compress(b"time,a\n1,2\n")[:-4], "pump.csv.gz")
    with pytest.raises(ConfigError, match="there is no such file"):
        read_csv(tmp_path / "none.csv", "none")


@settings(max_examples=80, deadline=None)
@given(
    data=st.binary(max_size=120) | st.text(",;\t\n\r\"'time0123456789.-eE naN_", max_size=120).map(str.encode)
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever a file holds, the only exception is the one that is shown to people."""
    path = tmp_path_factory.mktemp("any") / "x.csv"
    for head in (b"", b"time,a\n"):
        path.write_bytes(head + data)
        message = None
        try:
            series = read_csv(path, "x")
        except ConfigError as error:
            message = str(error)
        else:
            assert len(series) > 0
            assert np.isfinite(series.times_seconds).all()
        assert message is None or str(path) in message


@given(times=st.lists(st.floats(min_value=-1e11, max_value=1e11, allow_subnormal=False), max_size=20))
def test_times_are_written_so_that_they_read_back_the_same(times: list[float]) -> None:
    """scores.csv keeps the times of the recording to the last bit."""
    assert [float(text) for text in time_texts(np.array(times))] == times
