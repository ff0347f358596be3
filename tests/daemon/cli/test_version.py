"""`offbeat version`."""

from __future__ import annotations

import json

import pytest

from offbeat import __version__
from offbeat.cli.main import main


def test_versions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of Offbeat and of what it stands on."""
    assert main(["version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["offbeat", __version__]
    assert {"python", "torch", "numpy", "platform"} <= {line.split()[0] for line in lines}


def test_versions_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["offbeat"] == __version__
