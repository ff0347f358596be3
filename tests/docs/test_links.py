"""Links in documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, WRITTEN, prose

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
INDEX = ROOT / "docs" / "README.md"


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    plain = (
        re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(prose(document))
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def inner_links(document: Path) -> list[str]:
    """Return the links of a document to this tree."""
    links = LINK.findall(re.sub(r"`[^`\n]*`", "", prose(document)))
    return [link for link in links if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_this_tree_leads_to_a_file_and_a_heading(document: Path) -> None:
    """As a reader of the repository, or of a site made of it, follows it."""
    for link in inner_links(document):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_document_is_reached_from_the_index() -> None:
    """Nothing is written for nobody."""
    reached: set[Path] = set()
    waiting = [INDEX, ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        links = (link.partition("#")[0] for link in inner_links(document))
        targets = [(document.parent / path).resolve() for path in links if path]
        waiting += [
            *targets,
            *(file for folder in targets if folder.is_dir() for file in folder.glob("*.md")),
        ]
    assert [str(path.relative_to(ROOT)) for path in WRITTEN if path not in reached] == []
