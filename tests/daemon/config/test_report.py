"""Reports: shaped as a compiler's, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.config.places import Place
from offbeat.config.report import Problem, Report, without_secrets

HERE = Place(Path("/etc/offbeat.toml"), 3, 7, 4, "qos = four # no")


def test_a_problem_is_shown_with_its_line_and_a_caret() -> None:
    """File, line, option, text, caret, advice."""
    problem = Problem("not a number", HERE, "source[0].qos", "write 0 or 1")
    assert problem.render().splitlines() == [
        "error: not a number",
        "  --> /etc/offbeat.toml:3  (source[0].qos)",
        "   | qos = four # no",
        "   |       ^^^^",
        "  = help: write 0 or 1",
    ]


def test_the_caret_keeps_under_text_that_is_indented_by_tabs() -> None:
    """Tabs are repeated in the caret's line."""
    place = Place(Path("f"), 1, 3, 1, "\t\tx = 1")
    assert Problem("m", place).render().splitlines()[-1] == "   | \t\t^"


def test_findings_come_in_the_order_of_the_files() -> None:
    """Main file first, then by line; the count comes last."""
    late = Problem("late", Place(Path("b"), 1, 1, 1, "x"))
    early = Problem("early", Place(Path("a"), 9, 1, 1, "x"))
    report = Report.of([late, early, late], ["a", "b"])
    assert [problem.message for problem in report.problems] == ["early", "late"]
    assert report.render().endswith("2 problems; nothing was started.")


def test_a_warning_forbids_nothing() -> None:
    """A report of warnings alone is a good one."""
    report = Report.of([Problem("hm", severity="warning")])
    assert report.ok
    assert report.render() == "warning: hm"
    assert report.to_json()["warnings"][0]["message"] == "hm"


def test_colours_only_on_demand() -> None:
    """They are noise in a log."""
    assert "\033" not in Problem("m", HERE).render()
    assert "\033[1;31merror" in Problem("m", HERE).render(colour=True)


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        'passwd="hunter2"',
        "\"password\" = 'hunter2'",
        'url = "mqtt://bob:hunter2@host"',
        "Token=hunter2",
    ],
)
def test_a_secret_that_stands_in_the_file_is_not_repeated(line: str) -> None:
    """Reports end up in logs."""
    assert "hunter2" not in without_secrets(line)
    assert "hunter2" not in Problem("m", Place(Path("f"), 1, 1, 60, line)).render()


def test_the_file_that_holds_a_secret_may_be_named() -> None:
    """`password_file` is no secret."""
    assert without_secrets('password_file = "pw"') == 'password_file = "pw"'
