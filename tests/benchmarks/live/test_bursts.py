"""Pairs of bursts beside a training, and a burst that does not arrive."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.live.bursts import ROUNDS, Rates, add_pairs, rate_of
from tests.benchmarks.load import Running
from tests.support.waiting import wait_until

SLEEPS = [sys.executable, "-c", "import signal; print('here', flush=True); signal.pause()"]
HALTED, LOWEST = "halted", "at the lowest priority"


@pytest.fixture
def training() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that stands for a training."""
    with subprocess.Popen(SLEEPS, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def how_it_runs(pid: int) -> str:
    """Return whether a process is halted, and else whether it has the lowest priority."""
    state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    if state == "T":
        return HALTED
    return LOWEST if os.sched_getscheduler(pid) == os.SCHED_IDLE else "as before"


def bursts(pid: int) -> Iterator[float]:
    """Yield rates 1, 2, 3 and so on, each once the training runs as it is to beside it: signals take a moment."""
    for number in range(2 * ROUNDS):
        wanted = HALTED if number % 4 in (0, 3) else LOWEST
        wait_until(lambda wanted=wanted: how_it_runs(pid) == wanted, what=f"a training that is {wanted}")
        yield 1.0 + number


def test_the_training_is_halted_beside_one_of_each_pair_and_which_comes_first_changes(
    training: subprocess.Popen[bytes],
) -> None:
    """It goes on beside the other one, and afterwards as it did before."""
    rates, burst = Rates(), bursts(training.pid)
    add_pairs(rates, lambda: [training.pid], lambda: next(burst))
    pairs = [(1.0 + 2 * number, 2.0 + 2 * number) for number in range(ROUNDS)]
    assert rates.halted == [pair[number % 2] for number, pair in enumerate(pairs)]
    assert rates.beside == [pair[1 - number % 2] for number, pair in enumerate(pairs)]
    assert rates.ratios[:2] == [2.0 / 1.0, 3.0 / 4.0]
    assert wait_until(lambda: how_it_runs(training.pid) != HALTED)


def test_a_pair_in_which_the_training_ends_is_none(training: subprocess.Popen[bytes]) -> None:
    """Its second burst had the machine for itself; the pairs before it stand."""
    rates, burst = Rates(), bursts(training.pid)
    found = iter([[training.pid], [training.pid], [training.pid], []])
    add_pairs(rates, lambda: next(found), lambda: next(burst))
    assert (rates.halted, rates.beside) == ([1.0], [2.0])
    assert next(found, None) is None


def test_without_a_training_nothing_is_measured() -> None:
    """There is nothing to compare."""
    rates = Rates()
    add_pairs(rates, list, lambda: pytest.fail("nobody is to send"))
    assert rates == Rates()


def test_a_training_goes_on_though_a_burst_beside_it_did_not_arrive(
    training: subprocess.Popen[bytes],
) -> None:
    """The rest of the section waits for its model."""
    rates = Rates()

    def burst() -> float:
        wait_until(lambda: how_it_runs(training.pid) == HALTED)
        raise AssertionError("waited in vain")

    with pytest.raises(AssertionError, match="waited in vain"):
        add_pairs(rates, lambda: [training.pid], burst)
    assert wait_until(lambda: how_it_runs(training.pid) != HALTED)
    assert rates == Rates()


def test_the_rate_is_told_when_all_have_arrived() -> None:
    """Not when all were sent."""
    counts = iter([5.0, 5.0, 60.0, 105.0, 106.0])
    load = Running(subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE, text=True))
    assert 0.0 < rate_of(lambda: load, lambda: next(counts), 100, 10.0) < 100 / 0.01
    assert next(counts) == 106.0


def test_nothing_publishes_any_more_when_a_burst_did_not_arrive() -> None:
    """It would be judged among the rows that are asked about."""
    load = Running(subprocess.Popen(SLEEPS, stdout=subprocess.PIPE, text=True))
    with pytest.raises(AssertionError, match=r"waited 0\.05 s in vain for '100 readings'"):
        rate_of(lambda: load, lambda: 0.0, 100, 0.05)
    assert load.process.poll() is not None
