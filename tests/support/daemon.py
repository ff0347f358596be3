"""A daemon of the test's own: a child process that is ended by the test, and only it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port
from tests.support.waiting import wait_until


class Daemon:
    """`offbeat run` in a child process, with its state and log under one folder.

    Args:
        folder: gets offbeat.toml, state/ and daemon.log; a second Daemon over the same folder goes on from its state.
        config: text of the configuration without [state] and [metrics].
        shards: of the state.
        snapshot_interval: short by default, so that tests come to see snapshots.
    """

    def __init__(self, folder: Path, config: str, *, shards: int = 8, snapshot_interval: str = "1s") -> None:
        self.folder = folder
        self.metrics_port = free_port()
        folder.mkdir(exist_ok=True)
        self.config = folder / "offbeat.toml"
        self.state = folder / "state"
        self._tables = (
            f'\n[state]\ndirectory = "{self.state}"\nsnapshot_interval = "{snapshot_interval}"\nshards = {shards}\n'
            f'[metrics]\nlisten = "127.0.0.1:{self.metrics_port}"\n'
        )
        self.write(config)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True, **environment: str) -> Self:
        """Start the process; wait until it says that it is ready."""
        command = [sys.executable, "-m", "offbeat", "run", "--config", str(self.config)]
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, env=os.environ | environment
            )
        if ready:
            wait_until(self.is_ready, 60, f"the daemon to be ready; its log:\n{self.log()[-3000:]}")
        return self

    def write(self, config: str, *, listen: str = "") -> None:
        """Write the configuration, with the tables of state and metrics as they are, or pages served elsewhere."""
        tables = (
            self._tables if not listen else self._tables.replace(f"127.0.0.1:{self.metrics_port}", listen)
        )
        self.config.write_text(config + tables)

    def reload(self, config: str, *, listen: str = "") -> bool:
        """Let the process read another configuration; return whether it runs by that now."""
        assert self.process is not None
        before = self.metric("offbeat_config_reloads_total")
        self.write(config, listen=listen)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.metric("offbeat_config_reloads_total") > before, 40, "the end of the reload")
        return self.metric("offbeat_config_last_reload_successful") == 1.0

    def is_ready(self) -> bool:
        """Whether the daemon answers its readiness check; fails when the process has ended."""
        assert self.process is not None
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}:\n{self.log()}"
        return self.get("/-/ready")[0] == 200

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page of the daemon; status 0 while nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name: str) -> float:
        """Return the value of a metric, summed over its labels; 0 where it is absent."""
        lines = [
            line
            for line in self.get("/metrics")[1].splitlines()
            if line.startswith((f"{name} ", f"{name}{{"))
        ]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def log(self) -> str:
        """Return what the daemon has logged so far."""
        path = self.folder / "daemon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self) -> None:
        """End the process at once, as the kernel does when memory runs out."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def terminate(self, timeout_seconds: float = 30) -> tuple[int, float]:
        """Ask the process to end; return its exit code and how many seconds that took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_seconds), time.monotonic() - started

    def __enter__(self) -> Self:
        """Return the daemon as it is."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
