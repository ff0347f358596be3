"""A real Prometheus for tests: on a free port of 127.0.0.1, proven to be ours, ended with the test."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.ports import free_port, owns_port
from tests.support.waiting import wait_until

PROMETHEUS = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")

_CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: offbeat
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
  - job_name: offbeat-sensors
    metrics_path: /metrics/sensors
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
"""


def complaints_about(scrape: bytes) -> str:
    """Return what promtool has against the names, units, types and help of a scrape; empty where nothing is wrong."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=scrape, capture_output=True, timeout=60, check=False
    )
    return (done.stdout + done.stderr).decode()


class Prometheus:
    """Scrapes a daemon once a second, as the shipped example does more slowly.

    Args:
        folder: its configuration, data and log.
        target: port of the daemon's metrics.
        config: instead of the usual one.
    """

    def __init__(self, folder: Path, target: int, config: str = "") -> None:
        self._folder = folder
        self._port = free_port()
        folder.mkdir(exist_ok=True)
        (folder / "prometheus.yml").write_text(config or _CONFIG.format(target=target))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it; return when it answers."""
        assert PROMETHEUS is not None
        command = [
            PROMETHEUS,
            f"--config.file={self._folder}/prometheus.yml",
            f"--storage.tsdb.path={self._folder}/data",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--enable-feature=exemplar-storage",
        ]
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)
        wait_until(self._is_ready, 30, "Prometheus to be ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def ask(self, path: str, **parameters: str | float) -> Any:
        """Return what the API answers; a query it cannot read is the test's failure.

        Args:
            path: below `/api/v1/`.
            parameters: of the query.
        """
        text = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}/api/v1/{path}?{text}", timeout=10
            ) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters} was refused: {error.read().decode()}") from error

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()[-2000:]
        if not owns_port(self._process.pid, self._port):
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
