"""A report that lacks something says so at its top."""

from __future__ import annotations

from tests.benchmarks.detection import report
from tests.benchmarks.detection.sections import collapse


def test_what_was_not_measured_stands_before_the_first_section() -> None:
    """Sections and sets that nobody asked for, and steps that failed."""
    facts = report.not_measured(["variants", "set lro"], ["set-nab"])
    text = report.page([collapse], {}, facts, {"set-nab": "no memory"})
    top = text[: text.index(f"## {collapse.TITLE}")]
    assert "NOT measured, for it was not asked for or is not there: variants, set lro" in top
    assert "NOT measured, for it failed: set-nab" in top
    assert "FAILED set-nab: no memory" in top


def test_a_whole_report_lacks_nothing() -> None:
    """Then there is no such line."""
    assert report.not_measured([], []) == []
