"""The wheel: what it holds, and that it works without the tree it was built from."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from offbeat import __version__
from offbeat.cli.export import WRITERS
from offbeat.cli.main import main
from tests.packaging.conftest import ROOT, python

pytestmark = pytest.mark.packaging


def names(wheel: Path) -> list[str]:
    """Paths of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_two_packages_and_nothing_else(wheel: Path) -> None:
    """Never `daemon`, `models`, `systemd` or `tests`, which others use as names of their own."""
    data = f"offbeat-{__version__}.data"
    top = {name.split("/")[0] for name in names(wheel)}
    assert top == {"offbeat", "offbeat_models", data, f"offbeat-{__version__}.dist-info"}
    python("-m", "check_wheel_contents", str(wheel))


def test_the_wheel_ships_the_unit_the_licence_and_the_types(wheel: Path) -> None:
    """So that nothing has to be fetched from elsewhere."""
    found = names(wheel)
    prefix = f"offbeat-{__version__}"
    assert f"{prefix}.data/data/lib/systemd/system/offbeat.service" in found
    assert any(name.endswith("licenses/LICENSE") for name in found)
    assert {"offbeat/py.typed", "offbeat_models/py.typed"} <= set(found)
    assert any(name.startswith("offbeat/replay/data/") for name in found)


def test_every_module_of_the_tree_is_in_the_wheel(wheel: Path) -> None:
    """Data files included, caches excluded."""
    tree = {
        str(file.relative_to(root))
        for root in (ROOT / "daemon", ROOT / "models")
        for file in root.rglob("*")
        if file.is_file() and not any(part[0] == "." or part == "__pycache__" for part in file.parts[1:])
    }
    assert len(tree) > 50
    shipped = {name for name in names(wheel) if name.startswith(("offbeat/", "offbeat_models/"))}
    assert tree == shipped


def test_the_metadata_tells_the_licence_and_no_more_needs_than_it_should(wheel: Path) -> None:
    """Test tools are extras."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"offbeat-{__version__}.dist-info/METADATA"))
    assert metadata["License-Expression"] == "Apache-2.0"
    asked = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    needed = {requirement.name for requirement in asked if requirement.marker is None}
    assert needed == {
        "msgspec", "numpy", "paho-mqtt", "prometheus-client", "pydantic", "rich", "safetensors", "structlog",
        "torch",
    }  # fmt: skip


def test_the_installed_wheel_imports_from_anywhere(installed: Path) -> None:
    """Both packages come from the wheel, and not from the tree."""
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); "
        "import offbeat, offbeat_models, offbeat.cli.main; print(offbeat.__file__, offbeat_models.__file__)"
    )
    places = python("-I", "-c", code, cwd=Path("/")).split()
    assert all(place.startswith(str(installed)) for place in places)


def test_the_installed_command_checks_a_configuration(installed: Path) -> None:
    """By the script that the wheel brings."""
    script = installed / "bin" / "offbeat"
    example = ROOT / "deploy" / "examples" / "offbeat.toml"
    printed = python(str(script), "check", "--config", str(example), cwd=Path("/"), PYTHONPATH=str(installed))
    assert printed.startswith("ok: ")


def offbeat(programs: Path, *arguments: str) -> str:
    """Run the installed command in the root folder, with nothing of this tree in its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OFFBEAT"))}
    done = subprocess.run(
        [programs / "offbeat", *arguments],
        cwd="/",
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_clean_environment_has_commands_that_work_without_the_tree(
    environment: Path, tmp_path: Path
) -> None:
    """Help, the check, the version."""
    assert "usage: offbeat" in offbeat(environment, "--help")
    example = tmp_path / "offbeat.toml"
    example.write_text((ROOT / "deploy" / "examples" / "minimal.toml").read_text())
    assert offbeat(environment, "check", "--config", str(example)).startswith("ok: ")
    assert __version__ in offbeat(environment, "version")


def test_a_clean_environment_finds_the_units_for_systemd(environment: Path, tmp_path: Path) -> None:
    """For any program: whether a service may start one that lies here is another matter."""
    code = (
        "from pathlib import Path; from offbeat.app.service_files import service_files; "
        "print(*(file.text for file in service_files(Path('/srv/offbeat'), gpu=True)))"
    )
    done = subprocess.run(
        [environment / "python", "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "ExecStart=/srv/offbeat run" in done.stdout, done.stderr
    assert "DeviceAllow=char-nvidiactl rw" in done.stdout


@pytest.mark.parametrize("what", list(WRITERS))
def test_a_clean_environment_holds_all_that_can_be_exported(
    what: str, environment: Path, tmp_path: Path
) -> None:
    """The same as the tree holds."""
    offbeat(environment, "export", what, "--out", str(tmp_path / "there"))
    assert main(["export", what, "--out", str(tmp_path / "here")]) == 0
    there, here = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
        for root in (tmp_path / "there", tmp_path / "here")
    )
    assert there == here


def test_units_of_the_tests_pass_against_the_installed_wheel(installed: Path) -> None:
    """A file that the wheel forgot, or a path into the tree, shows here; `make test-wheel` runs all."""
    printed = python(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/packaging/test_tree.py",
        "tests/daemon/config",
        "tests/daemon/cli/test_check.py",
        PYTHONPATH=str(installed),
        OFFBEAT_WHEEL=str(installed),
    )
    assert " passed" in printed
    assert " failed" not in printed


def test_the_source_distribution_can_build_and_test_itself(distributions: Path) -> None:
    """Distributions of Linux begin with it."""
    [archive] = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        found = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
    assert {
        "pyproject.toml",
        "Makefile",
        "LICENSE",
        "CHANGELOG.md",
        "README.md",
        "deploy/constraints.txt",
        "systemd/offbeat.service",
        "tests/packaging/test_wheel.py",
        ".ci/venv",
    } <= found


def test_a_wheel_of_the_source_distribution_is_the_wheel_of_the_tree(
    distributions: Path, wheel: Path, tmp_path: Path
) -> None:
    """Nothing that the wheel holds was left out on the way."""
    [archive] = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    [tree] = tmp_path.iterdir()
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "again"), cwd=tree)
    [again] = (tmp_path / "again").glob("*.whl")
    assert sorted(names(again)) == sorted(names(wheel))
