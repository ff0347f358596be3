"""Snapshots as bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from offbeat.state.snapshot_file import Snapshot, decode, encode

DTYPES = st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_])
NAMES = st.text(min_size=1, max_size=20).filter(lambda name: name != "__metadata__" and name.isprintable())


def a_snapshot() -> Snapshot:
    """Return an ordinary snapshot."""
    rng = np.random.default_rng(3)
    return Snapshot(
        group="temp+hum",
        shard=3,
        offset=123_456_789_012,
        channels=("temp", "hum"),
        ids=("line 1/pump", "Zähler"),
        arrays={
            "times": rng.normal(size=(2, 5)),
            "values": rng.normal(size=(2, 5, 2)).astype(np.float32),
            "mask": rng.random((2, 5, 2)) < 0.5,
            "head": np.array([4, 2]),
        },
        model="lstm_vae@7",
        extra={"clock": "17.5"},
    )


def same(a: Snapshot, b: Snapshot) -> bool:
    """Return whether two snapshots hold the same, bit for bit."""
    return (
        (a.group, a.shard, a.offset, a.channels, a.ids, a.model, dict(a.extra))
        == (b.group, b.shard, b.offset, b.channels, b.ids, b.model, dict(b.extra))
        and a.arrays.keys() == b.arrays.keys()
        and all(
            x.dtype == b.arrays[k].dtype
            and x.shape == b.arrays[k].shape
            and x.tobytes() == b.arrays[k].tobytes()
            for k, x in a.arrays.items()
        )
    )


def test_a_snapshot_comes_back_bit_for_bit() -> None:
    """Arrays, ids and all other metadata survive."""
    assert same(decode(encode(a_snapshot())), a_snapshot())


def test_strided_views_are_stored_as_they_read() -> None:
    """A transposed or reversed array is not stored in the order of its memory."""
    source = np.arange(12.0).reshape(3, 4)
    snapshot = Snapshot("g", 0, 1, ("value",), ("a",), {"t": source.T, "r": source[::-1, ::2]})
    found = decode(encode(snapshot)).arrays
    np.testing.assert_array_equal(found["t"], source.T)
    np.testing.assert_array_equal(found["r"], source[::-1, ::2])


@given(
    st.dictionaries(
        NAMES,
        st.one_of(
            arrays(DTYPES, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
            arrays(scalar_dtypes().filter(lambda d: d.str in ("<f4", "<f8", "<i8")), (2, 3)),
        ),
        max_size=4,
    ),
    st.lists(st.text(max_size=10), max_size=4),
    st.integers(0, 2**62),
)
def test_whatever_arrays_and_ids_there_are_come_back(
    held: dict[str, np.ndarray], ids: list[str], offset: int
) -> None:
    """Any dtype, shape (also empty and 0-d) and id, NaN bits included."""
    snapshot = Snapshot("value", 1, offset, ("value",), tuple(ids), held)
    assert same(decode(encode(snapshot)), snapshot)


@given(st.data())
def test_a_flipped_bit_never_changes_what_is_read(data: st.DataObject) -> None:
    """Damage anywhere in the file is either refused or harmless."""
    whole = bytearray(encode(a_snapshot()))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = decode(bytes(whole))
    except ValueError:
        return
    assert same(found, a_snapshot())


@given(st.data())
def test_a_file_cut_short_is_refused(data: st.DataObject) -> None:
    """No prefix of a snapshot passes for one."""
    whole = encode(a_snapshot())
    with pytest.raises(ValueError, match=r"cannot be read|check sum|.+"):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_value_error(data: bytes) -> None:
    """The loader may be given anything."""
    with pytest.raises(ValueError, match=r".+"):
        decode(data)
