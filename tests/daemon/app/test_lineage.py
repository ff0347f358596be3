"""What a model came from."""

from __future__ import annotations

import numpy as np

from offbeat.app.lineage import lineage
from offbeat.replay.series import Series


def series(*times: float) -> Series:
    """Return a recording with rows at these times."""
    return Series("a", ("value",), np.array(times), np.zeros((len(times), 1), np.float32))


def test_it_tells_how_much_was_read_of_which_time_and_what_was_before() -> None:
    """Rows may be in any order, and a recording may be empty."""
    told = lineage([series(1.7e9 + 60, 1.7e9), series(), series(1.7e9 + 3600)], "4f6e0c2ad1b3")
    assert told == {
        "after": "4f6e0c2ad1b3",
        "warm_started_from": None,
        "recordings": 3,
        "rows": 3,
        "from": "2023-11-14T22:13:20+00:00",
        "to": "2023-11-14T23:13:20+00:00",
    }
