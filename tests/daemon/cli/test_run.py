"""`offbeat run`, as far as it comes without a broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.cli.main import main


def test_a_configuration_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon does not start on defaults."""
    assert main(["run", "--config", str(tmp_path / "gone.toml")]) == 78
    assert "gone.toml" in capsys.readouterr().err


@pytest.mark.parametrize("surplus", [["extra"], ["--daemon"], ["--json"]])
def test_it_takes_nothing_but_a_configuration(
    config: Path, surplus: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything else is in there."""
    with pytest.raises(SystemExit) as left:
        main(["run", "--config", str(config), *surplus])
    assert left.value.code == 2
    assert f"unknown argument {surplus[0]}" in capsys.readouterr().err
