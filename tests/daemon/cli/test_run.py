"""`offbeat run`, as far as it comes without a broker."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from offbeat.cli.main import main


def test_a_configuration_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon does not start on defaults."""
    assert main(["run", "--config", str(tmp_path / "gone.toml")]) == 78
    assert "gone.toml" in capsys.readouterr().err


def test_it_says_at_once_that_it_starts_and_that_its_port_is_taken(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it makes anything that takes long: nothing is in the state directory yet."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(f'{config.read_text()}\n[metrics]\nlisten = "127.0.0.1:{port}"\n')
        assert main(["run", "--config", str(config)]) == 69
    told = capsys.readouterr()
    assert f"the address 127.0.0.1:{port} of metrics.listen is in use" in told.err
    assert "starting" in told.out + told.err
    assert not (config.parent / "state").exists()


@pytest.mark.parametrize("surplus", [["extra"], ["--daemon"], ["--json"]])
def test_it_takes_nothing_but_a_configuration(
    config: Path, surplus: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything else is in there."""
    with pytest.raises(SystemExit) as left:
        main(["run", "--config", str(config), *surplus])
    assert left.value.code == 2
    assert f"unknown argument {surplus[0]}" in capsys.readouterr().err
