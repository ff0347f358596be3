"""What was recorded of one sensor."""

from __future__ import annotations

import numpy as np

from offbeat.core.recording import Recording


def test_its_length_is_its_rows() -> None:
    """However many channels a row has."""
    assert len(Recording("a", np.arange(5.0), np.zeros((5, 3), np.float32))) == 5
