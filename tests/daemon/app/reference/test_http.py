"""The page about HTTP."""

from __future__ import annotations

from offbeat.app.api import described
from offbeat.app.reference.http import http_page
from offbeat.observe.http import OPEN_PAGES


def test_every_path_of_the_api_has_a_heading_and_its_parameters() -> None:
    """In the order of the OpenAPI document."""
    text = http_page()
    headings = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
    assert headings == [one.path for one in described()]
    assert "| `sort` | score or name or seen | `score` | By score, the strangest first;" in text
    assert "| `limit` | integer, at most 1,000 | `100` |" in text


def test_what_needs_no_password_is_said_to_need_none() -> None:
    """Both ways."""
    rows = [line for line in http_page().splitlines() if "Needs no password" in line]
    assert {row.split("`")[1] for row in rows} == OPEN_PAGES
