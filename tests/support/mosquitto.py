"""A real mosquitto for tests: on a free port of 127.0.0.1, proven to be ours, ended with the test."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port, owns_port
from tests.support.waiting import wait_until

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Broker:
    """One mosquitto. Its port stays the same over restarts.

    Args:
        folder: where its configuration, data and log go.
        config: lines of mosquitto.conf that come before the listener.
        listener: lines that belong to the listener (certificates, protocol).
        anonymous: whether clients without a password are let in.
        verbose: whether it logs every packet, which costs it more than the packet does.
    """

    def __init__(
        self,
        folder: Path,
        config: str = "",
        listener: str = "",
        *,
        anonymous: bool = True,
        verbose: bool = True,
    ) -> None:
        assert MOSQUITTO is not None
        self.folder = folder
        self.port = free_port()
        self._config = config
        self._listener = listener
        self._anonymous = anonymous
        self._verbosity = ["-v"] if verbose else []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address for clients without TLS."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id while it runs."""
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has logged so far, over all of its runs."""
        path = self.folder / "mosquitto.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def start(self) -> Broker:
        """Start it and return once this very process listens on the port."""
        assert MOSQUITTO is not None
        assert self._process is None, "the broker runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "mosquitto.conf"
        path.write_text(self._text(), "utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [MOSQUITTO, "-c", str(path), *self._verbosity]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_die_with_parent)
        process = self._process

        def listening() -> bool:
            assert process.poll() is None, f"mosquitto ended with {process.returncode}:\n{self.log[-2000:]}"
            return owns_port(process.pid, self.port)

        wait_until(listening, 20.0, f"mosquitto to listen on {self.port}")
        return self

    def stop(self) -> None:
        """End it as an operator would, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would, and wait."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: it answers nothing, and its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused broker run on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop it and start it again on the same port."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10.0)

    def _text(self) -> str:
        # Started as root it would become another user, who may not read the folders of tests.
        user = "user root\n" if os.geteuid() == 0 else ""
        return (
            f"{user}{self._config}\nlog_dest stderr\n"
            f"listener {self.port} 127.0.0.1\n{self._listener}\n"
            f"allow_anonymous {'true' if self._anonymous else 'false'}\n"
        )


class BrokerFactory:
    """Makes brokers and ends every one it made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Broker] = []

    def __call__(self, config: str = "", listener: str = "", *, anonymous: bool = True) -> Broker:
        """Return a started broker; arguments as of `Broker`."""
        folder = self._folder / f"broker-{len(self._made)}"
        broker = Broker(folder, config, listener, anonymous=anonymous)
        self._made.append(broker)
        return broker.start()

    def end_all(self) -> None:
        """End what still runs."""
        for broker in self._made:
            broker.stop()


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[BrokerFactory]:
    """Start brokers with options of one's own: `start_broker("max_queued_messages 100000")`."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    factory = BrokerFactory(tmp_path)
    yield factory
    factory.end_all()


@pytest.fixture
def broker(start_broker: BrokerFactory) -> Broker:
    """A started broker that lets everybody in and queues without a limit."""
    return start_broker("max_queued_messages 0\nmax_queued_bytes 0")


def add_password(folder: Path, user: str, password: str) -> Path:
    """Return a password file of mosquitto that holds one user."""
    tool = shutil.which("mosquitto_passwd", path="/usr/bin:/usr/sbin:/usr/local/bin")
    if tool is None:
        pytest.skip("mosquitto_passwd is not installed")
    path = folder / "passwords"
    subprocess.run([tool, "-b", "-c", str(path), user, password], check=True, capture_output=True)
    return path


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
