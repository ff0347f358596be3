"""What the training in the background took, as lines of the table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tests.benchmarks.live.bursts import Rates
from tests.benchmarks.live.course import Course
from tests.benchmarks.live.memory import Memory
from tests.benchmarks.table import Line, skipped

IN_SERVICE = "live, from the wish to a trained model in service, wall time"
INGEST = "live, readings taken in beside a training in the background"
MEMORY = "live, memory while training, more than before"
BARS = {IN_SERVICE: "", INGEST: ">= 0.9", MEMORY: "<= 400 MiB"}
INGEST_BAR = 0.9
MEMORY_BAR_MIB = 400.0


def in_service(course: Course) -> Line:
    """Return the line on how long it took."""
    if course.served_seconds is None:
        return skipped(IN_SERVICE, BARS[IN_SERVICE], not_in_service(course))
    return Line(
        IN_SERVICE,
        f"{course.served_seconds / 60:.1f} minutes",
        notes=(
            (
                f"{course.steps} steps at most, at normal priority: at the lowest, the default, it takes as long as "
                "the machine is busy; it stood still or was at the lowest for the bursts below."
            ),
            f"the daemon says: {course.told_of_training}",
        ),
    )


def not_in_service(course: Course) -> str:
    """Return why there is no model to be judged."""
    return f"the daemon says of its training: {course.told_of_training or 'it is not at its end'}"


def ingest(rates: Rates) -> Line:
    """Return the line on the readings that came meanwhile."""
    ratios = sorted(rates.ratios)
    if not ratios:
        why = rates.trouble or "the training was over before a pair of bursts was."
        return skipped(INGEST, BARS[INGEST], why)
    ratio = statistics.median(ratios)
    return Line(
        INGEST,
        f"{statistics.median(rates.beside):,.0f} readings/s",
        f"training halted {statistics.median(rates.halted):,.0f}/s",
        ratio,
        BARS[INGEST],
        ratio >= INGEST_BAR,
        (
            (
                f"the ratio is the median of {len(ratios)} pairs of bursts, one right behind the other, the order "
                f"changing from pair to pair; their ratios, sorted: {', '.join(f'{one:.2f}' for one in ratios)}."
            ),
            f"through mosquitto; load by {rates.generator}; the training was at the lowest priority, as by default.",
            f"by pair, beside it: {_each(rates.beside)}; halted: {_each(rates.halted)}.",
        ),
    )


def memory(found: Memory) -> Line:
    """Return the line on the memory that it took."""
    return Line(
        MEMORY,
        f"{found.more:,.0f} MiB",
        f"the daemon before {found.before:,.0f} MiB",
        None,
        BARS[MEMORY],
        found.more <= MEMORY_BAR_MIB,
        (
            (
                "the daemon and its training together, at their most at one time, from the wish until the model was in "
                "service; what processes share does not count."
            ),
            (
                f"the training alone at most {found.training:,.0f} MiB; the daemon {found.daemon:,.0f} MiB, which took "
                "the bursts in meanwhile and then held two models."
            ),
        ),
    )


def _each(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate / 1e3:.1f}k" for rate in rates)
