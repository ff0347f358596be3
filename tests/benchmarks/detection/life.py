"""Sensors of the injected suite that live on through one fault after another, as a daemon hears them.

A copy for each window, as the suite has them elsewhere, would be a stranger to a daemon: here each sensor stays what it
is, with healthy rows between two faults as a copy has before its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat_models.synthetic import stream
from tests.benchmarks.detection import suite
from tests.benchmarks.detection.suite import Cases, Fleet

CALM_WINDOWS = 2
"""Windows without a fault before each one with a fault."""


def lives(
    fleet: Fleet,
    seed: int,
    calm_windows: int = CALM_WINDOWS,
    history_rows: int = suite.HISTORY_ROWS,
    lead_rows: int = suite.LEAD_ROWS,
) -> Cases:
    """Return each sensor of a fleet with a healthy past and then each fault once, in an order of its own.

    Args:
        fleet: whose sensors.
        seed: of signals, faults and their order.
        calm_windows: to judge before each fault.
        history_rows: of the healthy past.
        lead_rows: healthy rows behind that and behind each fault, before the windows that follow. Alarms are measured
            against the last rows, with their faults: the fewer lie between them, the larger a share of life they are.
    """
    out = Cases([], {}, [])
    windows = calm_windows + 1
    block = lead_rows + windows * suite.WINDOW_ROWS + suite.AFTER_ROWS
    for spec in fleet.specs:
        random = suite.random_for(seed, spec.name, "life")
        kinds = [fleet.kinds[i] for i in random.permutation(len(fleet.kinds))]
        healthy = stream(spec, random, suite.START_SECONDS, history_rows + len(kinds) * block + 1)
        faulty, judged = healthy, []
        # From the last on: a fault that adds rows or takes them away must not move those that are still to come.
        for place in reversed(range(len(kinds))):
            begin = history_rows + place * block + lead_rows
            firsts = [begin + i * suite.WINDOW_ROWS for i in range(windows)]
            faulty, _ = suite.inject(
                faulty, kinds[place], random, *suite.fault_rows(kinds[place], random, firsts[-1])
            )
            judged.append(suite.window_at(spec.name, kinds[place], healthy, firsts[-1]))
            judged += [suite.window_at(spec.name, None, healthy, first) for first in firsts[:-1]]
        out.series.append(suite.as_series(spec.name, fleet, faulty))
        out.owner[spec.name] = spec.name
        out.windows.extend(sorted(judged, key=lambda window: window.start))
    return out


def in_windows(played: Cases) -> dict[str, NDArray[np.bool_]]:
    """Return which rows of each sensor lie in a window that is judged."""
    out = {one.sensor: np.zeros(len(one), np.bool_) for one in played.series}
    times = {one.sensor: one.times_seconds for one in played.series}
    for window in played.windows:
        out[window.copy][suite.window_rows(times[window.copy], window)] = True
    return out
