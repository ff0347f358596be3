"""The files that make a service of an installed Offbeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.app.service_files import (
    CONFIGURATION,
    ServiceFile,
    hidden_by,
    install,
    remove,
    service_files,
    why_hidden,
)
from offbeat.config.loading import load
from offbeat.errors import UnavailableError

PROGRAM = Path("/srv/tools/offbeat/bin/offbeat")


def test_the_units_start_the_installed_program() -> None:
    """And nothing of where the shipped ones think it is remains."""
    files = {file.path.name: file.text for file in service_files(PROGRAM, gpu=False)}
    assert set(files) == {"offbeat.service", "offbeat@.service", "offbeat.toml"}
    for name in ("offbeat.service", "offbeat@.service"):
        assert f"ExecStart={PROGRAM} run --config /etc/offbeat/" in files[name]
        assert "/opt/offbeat" not in files[name]


def test_a_gpu_is_a_drop_in_beside_them() -> None:
    """The units themselves stay as tight as they are; several daemons on one machine have one each."""
    plain, gpu = (service_files(PROGRAM, gpu=wanted) for wanted in (False, True))
    extra = {file.path: file.text for file in set(gpu) - set(plain)}
    assert sorted(map(str, extra)) == [
        "/etc/systemd/system/offbeat.service.d/gpu.conf",
        "/etc/systemd/system/offbeat@.service.d/gpu.conf",
    ]
    assert all("DeviceAllow=char-nvidiactl rw" in text for text in extra.values())


def test_the_first_configuration_passes_its_check(tmp_path: Path) -> None:
    """A user begins with something that works."""
    (file,) = (one for one in service_files(PROGRAM, gpu=False) if one.path == CONFIGURATION)
    path = tmp_path / "offbeat.toml"
    path.write_text(file.text)
    assert load(path).alerts.budget_per_week == 1.0


def test_a_users_file_is_never_written_again(tmp_path: Path) -> None:
    """A unit is brought up to date; a configuration is the user's."""
    unit, mine = tmp_path / "a" / "offbeat.service", tmp_path / "offbeat.toml"
    assert install([ServiceFile(unit, "new"), ServiceFile(mine, "first", is_users=True)]) == [
        (unit, True),
        (mine, True),
    ]
    mine.write_text("edited")
    again = [ServiceFile(unit, "newer"), ServiceFile(mine, "first", is_users=True)]
    assert install(again) == [(unit, True), (mine, False)]
    assert (unit.read_text(), mine.read_text()) == ("newer", "edited")
    assert install(again) == [(unit, False), (mine, False)]


def test_what_an_earlier_run_wrote_is_removed_unless_it_has_another_text(tmp_path: Path) -> None:
    """Somebody's, or that of an older version. What was never there is not spoken of."""
    ours, changed, never = (ServiceFile(tmp_path / name, "ours") for name in ("a.conf", "b.conf", "c.conf"))
    install([ours, changed])
    changed.path.write_text("and theirs")
    assert remove([ours, changed, never]) == [(ours.path, True), (changed.path, False)]
    assert not ours.path.exists()
    assert changed.path.read_text() == "and theirs"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Most often it was not run as root."""
    blocked = tmp_path / "file" / "offbeat.service"
    blocked.parent.write_text("no folder")
    with pytest.raises(UnavailableError, match=r"offbeat\.service cannot be written: .*root, or look at it"):
        install([ServiceFile(blocked, "text")])


def test_programs_in_a_home_are_told_apart() -> None:
    """The units hide homes from the service."""
    homes = (Path("/home"), Path("/root"))
    assert hidden_by(Path("/root/.local/bin/offbeat"), homes) == Path("/root")
    assert hidden_by(Path("/home/ada/venv/bin/offbeat"), homes) == Path("/home")
    assert hidden_by(Path("/rooted/bin/offbeat"), homes) is None


def test_a_program_that_the_service_cannot_see_is_told_with_what_to_do(tmp_path: Path) -> None:
    """By the very command of the README, so that a CPU machine does not get gigabytes of CUDA."""
    why = why_hidden(tmp_path / "bin" / "offbeat", [tmp_path])
    assert why.startswith(f"{tmp_path}/bin/offbeat lies under {tmp_path}, where a service may not look")
    command = why[why.index("/opt/offbeat/bin/pip") : why.index(" in a checkout")]
    assert f"# {command}\n" in Path("README.md").read_text()
    assert f"# {command}" in Path("docs/how-to/systemd.md").read_text()
    assert why_hidden(Path("/opt/offbeat/bin/offbeat"), [tmp_path]) == ""
