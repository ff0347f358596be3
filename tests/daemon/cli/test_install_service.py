"""`offbeat install-service`, as far as it writes nothing; tests/packaging/test_clean_install.py tries the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.app.service_files import CONFIGURATION, UNITS, installed_program
from offbeat.cli.main import main


@pytest.mark.parametrize(
    ("options", "drop_ins"), [((), 0), (("--gpu",), 2)], ids=["without a GPU", "with one"]
)
def test_a_dry_run_prints_every_file_and_writes_none(
    options: tuple[str, ...], drop_ins: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the path of each, with units that start this very program."""
    before = there()
    assert main(["install-service", "--dry-run", *options]) == 0
    printed = capsys.readouterr().out.splitlines()
    for path in (UNITS / "offbeat.service", UNITS / "offbeat@.service", CONFIGURATION):
        assert f"# {path}" in printed
    starts = [line.split()[0] for line in printed if line.startswith("ExecStart=")]
    assert starts == [f"ExecStart={installed_program()}"] * 2
    assert sum(line.startswith("DeviceAllow=char-nvidiactl") for line in printed) == drop_ins
    assert there() == before


def there() -> dict[Path, bytes]:
    """Return what lies in the places that it writes to."""
    places = [*UNITS.glob("offbeat*.service"), *UNITS.glob("offbeat*.service.d/*"), CONFIGURATION]
    return {path: path.read_bytes() for path in places if path.is_file()}
