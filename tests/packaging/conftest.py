"""The wheel and the source distribution, built once."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def python(*arguments: str, cwd: Path = ROOT, **variables: str) -> str:
    """Run this interpreter in a process of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "build", "--wheel", "--sdist", "--no-isolation", "--outdir", str(folder))
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The wheel."""
    [found] = distributions.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that the wheel is installed into, far from this tree; returns its folder of programs.

    What the wheel needs comes from the environment of the tests, whose own installation of this tree is not seen.
    """
    folder = tmp_path_factory.mktemp("environment")
    python("-m", "venv", "--without-pip", str(folder))
    install = ("install", "--quiet", "--no-deps", "--no-index", str(wheel))
    python("-m", "pip", "--python", str(folder / "bin" / "python"), *install)
    [packages] = folder.glob("lib/python*/site-packages")
    # A path in a .pth file brings packages, but not the .pth files beside them, by one of which this tree is installed.
    (packages / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel is installed into, by itself."""
    folder = tmp_path_factory.mktemp("installed")
    python("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder
