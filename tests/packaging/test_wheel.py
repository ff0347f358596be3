"""The wheel: what it holds, and that it works without the tree it was built from."""

from __future__ import annotations

import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from offbeat import __version__
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
