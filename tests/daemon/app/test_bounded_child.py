"""A child process with bounded time and memory."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from offbeat.app.bounded_child import Bounds, Ended, memory_of, run_bounded
from tests.support.waiting import wait_until

PLENTY = Bounds(60.0, 1024**3)


def run(program: str, bounds: Bounds = PLENTY, given: bytes = b"") -> tuple[Ended, list[dict[str, Any]]]:
    """Run a program of Python; return how it ended and what it told."""
    heard: list[dict[str, Any]] = []
    ended = run_bounded((sys.executable, "-c", program), given, bounds, heard.append, threading.Event())
    return ended, heard


def test_it_is_given_its_input_and_tells_what_it_does() -> None:
    """What is no JSON object is for nobody; what it complains of is kept."""
    program = """
import sys, json
print("loading"); print(7)
print(json.dumps({"given": sys.stdin.read()}))
print("one more", file=sys.stderr)
"""
    ended, heard = run(program, given=b"an order")
    assert heard == [{"given": "an order"}]
    assert ended == Ended("ended", 0, "one more")


def test_what_fails_leaves_its_last_words() -> None:
    """And its exit code."""
    ended, heard = run("raise ValueError('no such thing')")
    assert (ended.how, ended.code, heard) == ("ended", 1, [])
    assert ended.said.endswith("ValueError: no such thing")


def test_what_takes_too_long_is_ended() -> None:
    """Also when it will not listen to a polite word."""
    program = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("{}", flush=True)
time.sleep(600)
"""
    ended, heard = run(program, Bounds(2.0, 1024**3))
    assert (ended.how, heard) == ("time", [{}])
    assert ended.code < 0


def test_what_takes_too_much_memory_is_ended() -> None:
    """Of its own; what it shares does not count."""
    ended, heard = run(
        "x = bytearray(300 * 2**20); import time; print('{}', flush=True); time.sleep(600)",
        Bounds(60.0, 100 * 2**20),
    )
    assert (ended.how, heard) in (("memory", [{}]), ("memory", []))


def test_it_ends_when_that_is_wanted() -> None:
    """The daemon goes down, and does not wait for it."""
    stopping, seen = threading.Event(), threading.Event()
    command = (sys.executable, "-c", "import time; print('{}', flush=True); time.sleep(600)")
    ends: list[Ended] = []
    thread = threading.Thread(
        target=lambda: ends.append(run_bounded(command, b"", PLENTY, lambda _: seen.set(), stopping))
    )
    thread.start()
    assert seen.wait(30)
    stopping.set()
    thread.join(10)
    assert [ended.how for ended in ends] == ["stopped"]


def test_it_steps_back_and_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """The lowest priority, and no orphan: the kernel ends it, whatever happens to its parent."""
    child = f"""
import os, sys, time, pathlib
from offbeat.app.stepping_back import step_back
refused = step_back(os.getppid(), idle=True)
policy = os.sched_getscheduler(0) == os.SCHED_IDLE
said = f"{{os.getpid()}} {{os.nice(0)}} {{policy}} {{refused}}"
pathlib.Path({str(tmp_path / "said.new")!r}).write_text(said)
os.rename({str(tmp_path / "said.new")!r}, {str(tmp_path / "said")!r})
time.sleep(600)
"""
    (tmp_path / "child.py").write_text(child)
    parent = f"""
import sys, threading
from offbeat.app.bounded_child import Bounds, run_bounded
run_bounded((sys.executable, {str(tmp_path / "child.py")!r}), b"", Bounds(600, 2**30), print, threading.Event())
"""
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", parent], dict(os.environ))
    wait_until((tmp_path / "said").exists, 60, "the child to step back")
    number, nice, idle, *refused = (tmp_path / "said").read_text().split()
    assert (nice, idle, refused) == ("19", "True", ["[]"])
    assert memory_of(int(number)) > 0
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    wait_until(lambda: memory_of(int(number)) == 0, 20, "the child to end")


def test_it_ends_at_once_where_the_parent_is_gone_already(tmp_path: Path) -> None:
    """A parent that ended before it could be asked to be told of: nobody would ever end it."""
    program = f"""
from offbeat.app.stepping_back import step_back
step_back(1, idle=False)
open({str(tmp_path / "on")!r}, "w")
"""
    ended, _ = run(program)
    assert ended.code == 0
    assert not (tmp_path / "on").exists()
