"""The reference: what is committed is what the code says."""

from __future__ import annotations

from offbeat.app.reference.pages import reference_pages
from offbeat.cli.main import command_parsers
from tests.docs.documents import ROOT

FOLDER = ROOT / "docs" / "reference"
AGAIN = "write it again: python -m offbeat export docs --out docs/reference"


def test_the_committed_reference_is_that_of_the_code() -> None:
    """Whoever adds an option, a metric, a field or a command writes it again, by one command."""
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    generated = reference_pages(command_parsers())
    assert sorted(committed) == sorted(generated), AGAIN
    stale = [name for name, text in generated.items() if committed[name] != text]
    assert stale == [], f"docs/reference/ is not what the code says; {AGAIN}"
