"""What pip needs to install this tree, fetched beforehand by the pip of this machine, however that is set up."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "offbeat-tests"
"""Where tests keep what takes long to make."""


def wheels() -> Path:
    """Return a folder with everything that pip needs for this tree, in the pinned versions, torch for the CPU."""
    folder = CACHE / f"wheels-{sys.version_info.major}.{sys.version_info.minor}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    pins = ROOT / "deploy" / "constraints.txt"
    index = [] if _has_cpu_torch(folder) else ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--dest",
        str(folder),
        "--constraint",
        str(pins),
    ]
    command = [*pip, "--find-links", str(folder), *index, *wanted]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "wheels.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of the tests would see each other's files half written
        done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return folder


def _has_cpu_torch(folder: Path) -> bool:
    """Return whether torch without CUDA is in a folder, or where pip looks for packages on this machine."""
    places = [folder, *map(Path, os.environ.get("PIP_FIND_LINKS", "").split())]
    return any(next(place.glob("torch-*+cpu-*.whl"), None) for place in places)
