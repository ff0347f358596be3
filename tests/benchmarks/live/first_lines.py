"""What came of the first minutes, as lines of the table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping

from offbeat.core.episode_rules import TRACKS, WEEK_SECONDS, Track
from offbeat.core.pipeline_settings import CoreSettings
from tests.benchmarks.live.first_minutes import SECONDS, FirstMinutes
from tests.benchmarks.table import Line

FIRST_ALERT = "live, first reading to the alert of silence or standstill, real time, 1 Hz"
FIRST_VAE = "live, first reading to the first that the VAE spoke of, real time, 1 Hz"
BARS = {FIRST_ALERT: "<= 5 min", FIRST_VAE: "<= 15 min"}
VAE_BAR_SECONDS = 900.0


def first_alert(first: FirstMinutes) -> Line:
    """Return the line on the alerts about what broke after two minutes and a half."""
    after = [seconds for seconds in first.told.values() if seconds is not None]
    missed = sorted(name for name in first.kinds if first.told.get(name) is None)
    return Line(
        FIRST_ALERT,
        f"{len(after)} of {len(first.kinds)}, the last after {max(after):.0f} s" if after else "none",
        f"median of these {statistics.median(after):.0f} s" if after else "",
        None,
        BARS[FIRST_ALERT],
        not missed and max(after) <= SECONDS,
        (
            "real time is event time here: a reading a second, and the fault from second 150 on to the end.",
            f"told by fault: {_told_by(first, first.kinds)}; by rhythm: {_told_by(first, first.rhythms)}.",
            f"not told within {SECONDS:.0f} s: {', '.join(_said_of(first, name) for name in missed) or 'none'}.",
            (
                "the fewer a sensor's readings, the longer it has to be silent: it may make longer pauses than it has "
                "made so far. The seconds that are told above are what the core, asked on a clock of its own, needs of "
                f"silence behind readings that came as these did; the latest was sent {first.latest_seconds:.1f} s "
                "behind its time. A standstill is told of at a p-value of "
                f"{CoreSettings().budget_per_week * TRACKS[Track.STUCK].weight / WEEK_SECONDS:.1e} at this pace."
            ),
            f"{first.early} alerts of these sensors came before their faults.",
        ),
    )


def first_vae(first: FirstMinutes) -> Line:
    """Return the line on the first reading that the VAE spoke of."""
    after = list(first.backed.values())
    part = (
        "and takes part in the score" if first.votes else "beside the score: by default it has no vote in it"
    )
    return Line(
        FIRST_VAE,
        f"{max(after):.0f} s" if after else "never",
        f"median {statistics.median(after):.0f} s" if after else "",
        None,
        BARS[FIRST_VAE],
        len(after) == len(first.kinds) and max(after) <= VAE_BAR_SECONDS,
        (
            (
                f"{len(after)} of {len(first.kinds)} sensors, looked at every two seconds until all faults were told; "
                f"what the VAE says stands {part}."
            ),
        ),
    )


def _told_by(first: FirstMinutes, attribute: Mapping[str, str]) -> str:
    told = Counter(attribute[name] for name, seconds in first.told.items() if seconds is not None)
    return ", ".join(f"{one} {told[one]} of {count}" for one, count in Counter(attribute.values()).items())


def _said_of(first: FirstMinutes, name: str) -> str:
    said = f"{first.kinds[name]}, {first.rhythms[name]}"
    if name in first.needed:
        said += f", needs {first.needed[name]:.0f} s"
    if name in first.p_values:
        said += f", p-value {first.p_values[name]:.1e} at the end"
    return f"{name} ({said})"
