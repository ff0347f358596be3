"""A machine with a systemd of its own: this one's root under an overlay, booted as a container.

What a unit file promises - ready, status, watchdog, sandbox, users that come and go - only systemd can keep, so
the tests ask systemd. Nothing is written outside of a tmpfs, and only processes of the container are ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.mosquitto import MOSQUITTO
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
NSPAWN = shutil.which("systemd-nspawn")
LACKING = (
    "not root"
    if os.geteuid() != 0
    else "systemd-nspawn is missing: apt-get install systemd-container"
    if NSPAWN is None
    else "mosquitto is missing: apt-get install mosquitto"
    if MOSQUITTO is None
    else ""
)
"""Why no such machine can be had here; empty where it can."""

# The interpreter and its packages may lie in somebody's home, where no service may look.
_BASE, _PACKAGES, _TREE = "/opt/base", "/opt/packages", "/opt/tree"
PYTHON = "/opt/offbeat/bin/python"
"""The interpreter inside, with this tree's packages and those that it needs."""
STOP_THREAD = f"{_TREE}/tests/support/stop_thread.py"
"""A program for that interpreter."""
_PYTHON = f"""#!/bin/sh
export LD_LIBRARY_PATH={_BASE}/lib PYTHONPATH={_TREE}/daemon:{_TREE}/models:{_PACKAGES} PYTHONDONTWRITEBYTECODE=1
exec {_BASE}/bin/python3.{sys.version_info.minor} "$@"
"""
_OFFBEAT = f"""#!/bin/sh
exec {PYTHON} -m offbeat "$@"
"""


class Machine:
    """A booted container in which `/opt/offbeat/bin/offbeat` is this tree's daemon and systemd is process 1.

    It has no network but its own loopback. Files given before it boots lie under its root; units are put into
    `/etc/systemd/system` at any time.
    """

    def __init__(self) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="offbeat-machine-"))
        self._root, self._units = self._base / "root", self._base / "units"
        self._mounts: list[Path] = []
        self._container: subprocess.Popen[bytes] | None = None
        self._init = 0

    def __enter__(self) -> Self:
        """Boot; return when systemd has started what it starts."""
        try:
            self._mount()
            self._boot()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the container and take its mounts away."""
        self._end()

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file under the machine's root, by the path it has there."""
        target = (
            self._units / Path(path).relative_to("/etc/systemd/system")
            if path.startswith("/etc/systemd/system/")
            else self._root / path.lstrip("/")
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command inside and return what it printed; with `check`, a failure of it is a failure of the test."""
        result = self._inside(*command)
        if check and result.returncode:
            journal = self._inside("journalctl", "--no-pager", "--output", "cat", "--lines", "40").stdout
            raise AssertionError(f"{command} ended with {result.returncode}: {result.stderr}\n{journal}")
        return result.stdout.strip()

    def in_background(self, name: str, *command: str) -> None:
        """Start a command inside, as a unit of that name which is forgotten when it ends."""
        self.run("systemd-run", "--quiet", "--collect", f"--unit={name}", *command)

    def status(self, *command: str) -> int:
        """Run a command inside and return its exit status."""
        return self._inside(*command).returncode

    def property_of(self, unit: str, name: str) -> str:
        """Return a property of a unit as `systemctl show` names it."""
        return self.run("systemctl", "show", "--value", "--property", name, unit)

    def log_of(self, unit: str) -> str:
        """Return what a unit has logged so far."""
        return self.run("journalctl", "--unit", unit, "--no-pager", "--output", "cat")

    def _inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "--target", str(self._init), "--mount", "--uts", "--ipc", "--net", "--pid", "--"]
        return subprocess.run([*enter, *command], capture_output=True, text=True, timeout=90, check=False)

    def _mount(self) -> None:
        self._attach(self._base, "tmpfs", "tmpfs", "mode=0755")
        for folder in ("upper", "work", "root", "units"):
            (self._base / folder).mkdir()
        layers = f"lowerdir=/,upperdir={self._base}/upper,workdir={self._base}/work"
        self._attach(self._root, "overlay", "overlay", layers)
        self.write(PYTHON, _PYTHON, 0o755)
        self.write("/opt/offbeat/bin/offbeat", _OFFBEAT, 0o755)
        shutil.copytree(ROOT / "systemd", self._units, dirs_exist_ok=True)
        shutil.rmtree(self._units / "offbeat.service.d")  # the drop-ins of machines with a GPU

    def _attach(self, where: Path, kind: str, what: str, options: str) -> None:
        subprocess.run(["mount", "-t", kind, what, str(where), "-o", options], check=True)
        self._mounts.append(where)

    def _boot(self) -> None:
        assert NSPAWN is not None
        command = [
            NSPAWN, "--quiet", f"--directory={self._root}", "--boot", "--register=no", "--keep-unit",
            "--private-network", "--console=pipe", f"--bind-ro={self._units}:/etc/systemd/system",
            f"--bind-ro={sys.base_prefix}:{_BASE}", f"--bind-ro={sysconfig.get_path('purelib')}:{_PACKAGES}",
            f"--bind-ro={ROOT}:{_TREE}",
        ]  # fmt: skip
        with (self._base / "console.log").open("wb") as log:
            self._container = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._is_up, 60, "the container to boot")

    def _is_up(self) -> bool:
        assert self._container is not None
        log = (self._base / "console.log").read_text(errors="replace")
        assert self._container.poll() is None, f"the container ended while booting:\n{log[-2000:]}"
        self._init = self._init or _child_named(self._container.pid, "systemd")
        if not self._init:
            return False
        return self._inside("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def _end(self) -> None:
        # The container's first process, not nspawn: without its parent a container goes on for ever.
        if self._init:
            os.kill(self._init, signal.SIGKILL)
        if self._container is not None:
            if not self._init:
                self._container.kill()
            self._container.wait(20)
        for where in reversed(self._mounts):
            subprocess.run(["umount", "--lazy", str(where)], check=True)
        self._base.rmdir()


def _child_named(parent: int, name: str) -> int:
    """Return the child of a process that runs a program, 0 if there is none (yet)."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in children:
        if Path(f"/proc/{child}/comm").read_text().strip() == name:
            return int(child)
    return 0
