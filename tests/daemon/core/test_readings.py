"""Batches of readings: their length and their size."""

from __future__ import annotations

import numpy as np

from offbeat.core.readings import ReadingBatch


def test_a_batch_knows_its_length_and_its_bytes() -> None:
    """26 bytes a reading: the bound of the inbox is in bytes."""
    n = 10
    batch = ReadingBatch(
        0,
        np.zeros(n, np.int32),
        np.zeros(n, np.int16),
        np.zeros(n, np.float64),
        np.zeros(n, np.float32),
        np.zeros(n, np.float64),
        5,
    )
    assert len(batch) == n
    assert batch.nbytes == 26 * n
