"""The tutorial: what it lets people type first is run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, blocks

TUTORIAL = ROOT / "docs" / "tutorial.md"
MARKED = re.compile(r"<!-- run -->\n```console\n(.*?)\n```", re.DOTALL)
STEADY = re.compile(r"\d|^(training|playing|looking) ")
"""Lines with numbers of a training differ from machine to machine, and progress is told at intervals of time."""


def commands_with_output() -> list[tuple[str, list[str]]]:
    """Return each command of the marked blocks and the lines that it is said to print."""
    lines = "\n".join(MARKED.findall(TUTORIAL.read_text())).splitlines()
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def shell(folder: Path) -> dict[str, str]:
    """Return an environment in which `offbeat` is this tree's."""
    program = folder / "bin" / "offbeat"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m offbeat "$@"\n')
    program.chmod(0o755)
    return os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_marked_commands_do_what_the_tutorial_says(tmp_path: Path) -> None:
    """One after the other in one folder; each ends well and prints what is there and has no figure in it."""
    environment = shell(tmp_path)
    folder = tmp_path / "tutorial"
    folder.mkdir()
    ran = commands_with_output()
    assert len(ran) >= 4
    for command, said in ran:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        for line in said:
            if not STEADY.search(line):
                assert line in printed, f"{command} printed\n{printed}"
    opened = [
        line for line in (folder / "out" / "episodes.jsonl").read_text().splitlines() if '"open"' in line
    ]
    assert '"started_at":"2014-01-2' in opened[0], "the first alert is of January"


def test_its_configuration_is_a_whole_one(tmp_path: Path) -> None:
    """As a reader saves it."""
    [text] = [block.text for block in blocks(TUTORIAL, "toml")]
    (tmp_path / "offbeat.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "offbeat", "check", "--deny-warnings"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
