"""The daemon of the demo: `offbeat run` as a child process, with everything it writes in one folder."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from offbeat.app.child import end_child, last_words, start_child
from offbeat.errors import UnavailableError

DEMO_MARK = "# The configuration of the demo."
"""How its file begins, so that what an earlier demo left can be told from what is not ours."""
READY_SECONDS = 60.0
DRAIN_SECONDS = 25.0
_POLL_SECONDS = 0.1
_OK = 200


def demo_config(broker_url: str, folder: Path, metrics_port: int, alerts_per_week: float) -> str:
    """Return the configuration of the daemon.

    Args:
        broker_url: where it listens and publishes.
        folder: gets artifact and state.
        metrics_port: of its pages.
        alerts_per_week: the budget. On a clock that runs thousands of times faster, a week of the recording
            passes in a minute, so the budget of "one a week" is thousands a week of that clock.
    """
    return f"""{DEMO_MARK} Yours can be much shorter: [mqtt] url, a [[source]] topic.
[mqtt]
url = "{broker_url}"

[[source]]
topic = "plant/{{line}}/{{sensor}}/state"
time = {{ field = "ts" }}

[alerts]
budget = "{alerts_per_week:.0f}/week"
update_interval = "5s"
state_interval = "1s"

[limits]
max_sensors = 100

[model]
artifact = "{folder / "artifact"}"
device = "cpu"

[state]
directory = "{folder / "state"}"

[metrics]
listen = "127.0.0.1:{metrics_port}"

[log]
format = "json"
"""


class DemoDaemon:
    """The child; use it in a `with` statement.

    Args:
        config: file it runs by.
        log: file it writes its log to.
        metrics_port: where its pages are.
    """

    def __init__(self, config: Path, log: Path, metrics_port: int) -> None:
        self._config = config
        self._log = log
        self._port = metrics_port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def metrics_url(self) -> str:
        """Where Prometheus would look."""
        return f"http://127.0.0.1:{self._port}/metrics"

    def start(self) -> Self:
        """Start it and return once it is ready: connected and subscribed.

        Raises:
            UnavailableError: it ended, or was not ready in time; the message holds the end of its log.
        """
        with self._log.open("wb") as log:
            self._process = start_child(
                [sys.executable, "-m", "offbeat", "run", "--config", str(self._config)], log
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            self.check()
            if time.monotonic() > deadline:
                self.close()
                raise UnavailableError(
                    f"the daemon of the demo was not ready within {READY_SECONDS:g} s: "
                    f"{last_words(self._log)}"
                )
            time.sleep(_POLL_SECONDS)
        return self

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            UnavailableError: it has ended.
        """
        if self._process is not None and self._process.poll() is not None:
            raise UnavailableError(
                f"the daemon of the demo ended with {self._process.returncode}: {last_words(self._log)}"
            )

    def metrics(self) -> str:
        """Return what it exposes to Prometheus now; empty if it does not answer."""
        try:
            with urllib.request.urlopen(self.metrics_url, timeout=5) as answer:  # noqa: S310 - http, on loopback
                return bytes(answer.read()).decode()
        except (urllib.error.URLError, OSError):
            return ""

    def close(self) -> None:
        """Let it drain and end it."""
        if self._process is not None:
            end_child(self._process, DRAIN_SECONDS)

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=2) as answer:
                return int(answer.status) == _OK
        except (urllib.error.URLError, OSError):
            return False
