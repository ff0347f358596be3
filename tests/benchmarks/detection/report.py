"""The report: every section's tables in one page, and all figures beside it for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


def page(
    sections: Sequence[ModuleType],
    results: Mapping[str, Mapping[str, Any]],
    facts: Sequence[str],
    failed: Mapping[str, str],
) -> str:
    """Return the page in Markdown.

    Args:
        sections: modules with a TITLE, `steps` and `render`.
        results: by step.
        facts: lines about the run.
        failed: what went wrong, by step.
    """
    lines = ["# How well anomalies are found", "", "Made by `make bench-detection`.", "", *facts, ""]
    lines += [f"- FAILED {name}: {why}" for name, why in failed.items()] + ([""] if failed else [])
    for section in sections:
        lines += [f"## {section.TITLE}", "", *section.render(results)]
    return "\n".join(lines).rstrip() + "\n"


def not_measured(left_out: Sequence[str], missing: Sequence[str]) -> list[str]:
    """Return lines that say what the report lacks; none where it is whole.

    Args:
        left_out: sections and sets that were not asked for or are not there.
        missing: steps that were asked for and have no result.
    """
    lines = (
        [f"- NOT measured, for it was not asked for or is not there: {', '.join(left_out)}"]
        if left_out
        else []
    )
    return lines + ([f"- NOT measured, for it failed: {', '.join(missing)}"] if missing else [])


def write(folder: Path, text: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Write detection.md and detection.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detection.md").write_text(text, "utf-8")
    (folder / "detection.json").write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")
