"""Images and containers of the test's own, by podman or docker, where either works here.

No registry may be reachable, so images are built on a Debian made by mmdebstrap, which is kept in a cache folder. What
pip installs is fetched beforehand (`tests/support/wheels.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.wheels import CACHE

ROOT = Path(__file__).parents[2]
BASE = "localhost/offbeat-test-base"

# Small machines and containers within containers do not let limits be raised.
_LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]
_TIGHT = [
    "--runtime=runc",
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    *_LIMITS,
]


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def _lacking() -> str:
    if os.geteuid() != 0:
        return "not root"
    if shutil.which("podman") is None:
        return "podman is missing: apt-get install podman buildah runc"
    if shutil.which("mmdebstrap") is None:
        return "mmdebstrap is missing: apt-get install mmdebstrap"
    return "" if _works("podman", "info") else "podman does not work here: see `podman info`"


LACKING = _lacking()
"""Why no image can be built here; empty where one can."""


def podman(*arguments: str, timeout_seconds: float = 120, check: bool = True) -> str:
    """Run podman and return what it printed."""
    done = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, timeout=timeout_seconds, check=False
    )
    assert done.returncode == 0 or not check, f"podman {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def base_image() -> str:
    """Return the name of an image of Debian with Python, made on first use."""
    if not _works("podman", "image", "exists", BASE):
        CACHE.mkdir(parents=True, exist_ok=True)
        archive = CACHE / "base.tar"
        packages = "--include=python3-venv,ca-certificates"
        _run("mmdebstrap", "--quiet", "--variant=minbase", packages, "bookworm", str(archive))
        podman("import", str(archive), BASE, timeout_seconds=120)
        archive.unlink()
    return BASE


def build(
    tag: str, dockerfile: str, arguments: dict[str, str], mounts: dict[Path, str], *, check: bool = True
) -> None:
    """Build an image of this tree; nothing but the image is kept.

    Args:
        tag: its name.
        dockerfile: below the root of the tree.
        arguments: of the build.
        mounts: folders that the build sees, and where.
        check: a failure of the build is a failure of the test.
    """
    podman(
        "build", "--isolation=chroot", "--network=host", "--layers=false", *_LIMITS, "--format=docker",
        f"--file={ROOT / dockerfile}",
        *[f"--build-arg={name}={value}" for name, value in arguments.items()],
        *[f"--volume={source}:{target}:ro" for source, target in mounts.items()],
        f"--tag={tag}", str(ROOT),
        timeout_seconds=1000, check=check,
    )  # fmt: skip


def run_once(image: str, *command: str) -> str:
    """Run a command in a container without a network, and return what it printed."""
    entry, *arguments = command
    return podman("run", "--rm", "--network=none", *_TIGHT, f"--entrypoint={entry}", image, *arguments)


class Container:
    """A container that the test started, on this machine's loopback, with a root that cannot be written.

    Args:
        image: what it runs.
        mounts: folders or files of this machine that it reads, and where; volumes by name may be written.
        command: instead of the image's.
    """

    def __init__(self, image: str, mounts: dict[str, str], command: Sequence[str] = ()) -> None:
        options = [f"--volume={source}:{target}" for source, target in mounts.items()]
        self.name = podman("run", "--detach", "--network=host", *_TIGHT, *options, image, *command)

    def run(self, *command: str) -> str:
        """Run a command inside and return what it printed."""
        return podman("exec", self.name, *command)

    def inspect(self, template: str) -> str:
        """Return what a Go template makes of the container's state."""
        return podman("container", "inspect", "--format", template, self.name)

    def log(self) -> str:
        """Return what it has said so far."""
        done = subprocess.run(["podman", "logs", self.name], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def stop(self) -> int:
        """Ask it to end, as `docker stop` does, and return its exit code."""
        podman("stop", "--time=25", self.name)
        return int(self.inspect("{{.State.ExitCode}}"))

    def remove(self) -> None:
        """Take it away, running or not, with volumes that have no name."""
        podman("rm", "--force", "--volumes", "--time=0", self.name, check=False)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
