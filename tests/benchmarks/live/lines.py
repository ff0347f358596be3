"""What the section found, as lines of the table."""

from __future__ import annotations

from tests.benchmarks.live import first_lines, recall_lines, training_lines
from tests.benchmarks.live.course import Course
from tests.benchmarks.live.daemons import ALONE, LEARNING
from tests.benchmarks.live.recall_lines import WHATS
from tests.benchmarks.table import Line, skipped

_BARS = first_lines.BARS | recall_lines.BARS | training_lines.BARS


def nothing(why: str) -> list[Line]:
    """Return the lines of a section that could not be measured."""
    return [skipped(what, bar, why) for what, bar in _BARS.items()]


def of(course: Course) -> list[Line]:
    """Return the lines of what was measured."""
    return [
        first_lines.first_alert(course.first),
        first_lines.first_vae(course.first),
        recall_lines.recall(ALONE, course),
        training_lines.in_service(course),
        recall_lines.recall(LEARNING, course)
        if course.served_seconds is not None
        else skipped(WHATS[LEARNING], _BARS[WHATS[LEARNING]], training_lines.not_in_service(course)),
        training_lines.ingest(course.rates),
        training_lines.memory(course.memory),
    ]
