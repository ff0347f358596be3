"""`offbeat export`."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.cli.main import main

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("what", "folder"),
    [
        ("grafana", "deploy/grafana/dashboards"),
        ("grafana-provisioning", "deploy/grafana/provisioning"),
        ("docs", "docs/reference"),
    ],
)
def test_what_is_written_is_what_the_repository_holds(
    what: str, folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the folders that it has there; each path is told."""
    assert main(["export", what, "--out", str(tmp_path / "new")]) == 0
    told = [Path(line) for line in capsys.readouterr().out.splitlines()]
    held = {path.relative_to(ROOT / folder): path.read_text() for path in (ROOT / folder).rglob("*.*")}
    assert {path.relative_to(tmp_path / "new"): path.read_text() for path in told} == held


def test_the_rules_come_with_their_tests_and_examples(tmp_path: Path) -> None:
    """A user runs `promtool test rules` on what was written."""
    assert main(["export", "prometheus", "--out", str(tmp_path)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {path.name for path in (ROOT / "deploy" / "prometheus").iterdir()}


def test_the_shipped_recordings_can_be_read_as_any_other(tmp_path: Path) -> None:
    """With their licence beside them."""
    assert main(["export", "recordings", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "machine.temperature.csv").read_text().startswith("time,value\n")
    assert "Numenta" in (tmp_path / "NOTICE").read_text()


def test_something_else_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was meant."""
    with pytest.raises(SystemExit) as left:
        main(["export", "grafna"])
    assert left.value.code == 2
    assert 'did you mean "grafana"' in capsys.readouterr().err
