"""Runs the steps that are missing in two processes, prints what comes, and writes the report of a whole run."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from types import ModuleType
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.detection import recorded, report
from tests.benchmarks.detection.bar import Bar
from tests.benchmarks.detection.step import KEPT, Step, hash_of_sources, keep_result, kept_result
from tests.benchmarks.load import ROOT

SECTIONS = (
    "injected",
    "prior",
    "sets",
    "calibration",
    "published",
    "baselines",
    "robustness",
    "variants",
    "leave_one_out",
    "seeds",
    "collapse",
    "contamination",
    "training_time",
)
"""In the order of their importance, which is the order in which they are measured."""
WORKERS = 2

Results = dict[str, dict[str, Any]]


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; return the exit code."""
    asked = _arguments(arguments)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    sections = [_section(name) for name in asked.only]
    steps = list({step.name: step for section in sections for step in section.steps(asked.sets)}.values())
    sources, before, began = hash_of_sources(), machine.load(), time.monotonic()
    results: Results = {}
    if not asked.fresh:
        results = {s.name: kept for s in steps if (kept := kept_result(KEPT, s, sources)) is not None}
        if results:
            print(f"{len(results)} of {len(steps)} steps were done before", file=sys.stderr)
    failed = _run(
        [step for step in steps if step.name not in results], results, sources, sections, asked.workers
    )
    minutes = (time.monotonic() - began) / 60
    load = f"- load average: {before} before, {machine.load()} after {minutes:.1f} minutes"
    left_out = [name for name in SECTIONS if name not in asked.only]
    left_out += [f"set {name}" for name in ALL_SETS if name not in asked.sets]
    not_measured = report.not_measured(left_out, [step.name for step in steps if step.name not in results])
    text = report.page(sections, results, [*machine.describe(), load, *not_measured], failed)
    print(text)
    whole = tuple(asked.only) == SECTIONS and set(asked.sets) == set(recorded.present(ALL_SETS))
    if asked.write or (whole and asked.sets and not failed):
        report.write(ROOT / "docs" / "benchmarks", text, results)
    return 1 if failed else 0


ALL_SETS = recorded.LABELLED + recorded.UNLABELLED


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.detection", description=__doc__)
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"sections, of {','.join(SECTIONS)}")
    parser.add_argument(
        "--sets", help=f"recorded sets, of {','.join(ALL_SETS)}; by default those that are there"
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the report even if something was not measured, and say what",
    )
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes at once")
    asked = parser.parse_args(arguments)
    asked.only = asked.only.split(",")
    here = recorded.present(ALL_SETS)
    asked.sets = here if asked.sets is None else asked.sets.split(",")
    if unknown := [name for name in asked.only if name not in SECTIONS]:
        parser.error(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if absent := [name for name in asked.sets if name not in here]:
        parser.error(f"the sets {', '.join(absent)} are not there; there are {', '.join(here) or 'none'}")
    return asked


def _section(name: str) -> ModuleType:
    return importlib.import_module(f"tests.benchmarks.detection.sections.{name}")


def _run(
    steps: Sequence[Step], results: Results, sources: str, sections: Sequence[ModuleType], workers: int
) -> dict[str, str]:
    """Run steps, put their results beside the others; return what went wrong, by step."""
    if not steps:
        return {}
    failed: dict[str, str] = {}
    fresh = multiprocessing.get_context("spawn")
    # One step a process: what a finished one leaves in memory is not there when the next one asks for it.
    pool = ProcessPoolExecutor(workers, fresh, _quiet, max_tasks_per_child=1)
    with Bar(sum(step.cost for step in steps)) as bar, pool:
        pending: dict[Future[dict[str, Any]], Step] = {pool.submit(step.run): step for step in steps}
        try:
            for done in as_completed(pending):
                step = pending[done]
                bar.advance(step.cost, _take(done, step, results, failed, sources, sections))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            print("interrupted: what is done is kept and not measured again", file=sys.stderr)
            raise
    return failed


def _take(
    done: Future[dict[str, Any]],
    step: Step,
    results: Results,
    failed: dict[str, str],
    sources: str,
    sections: Sequence[ModuleType],
) -> str:
    """Keep a step's result; return what to say of it."""
    try:
        results[step.name] = done.result()
    except Exception as error:  # noqa: BLE001 - the other steps are wanted all the same, and the report says it
        failed[step.name] = (str(error).strip().replace("\n", " ") or repr(error))[:400]
        return f"{step.name} FAILED: {failed[step.name]}"
    keep_result(KEPT, step, sources, results[step.name])
    section = next(one for one in sections if step.name in {s.name for s in one.steps(list(ALL_SETS))})
    said: str = section.summary(step.name, results[step.name])
    return said


def _quiet() -> None:
    import logging

    import structlog
    import torch

    os.nice(5)
    torch.set_num_threads(1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
