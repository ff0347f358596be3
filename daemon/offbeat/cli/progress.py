"""A progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from offbeat.learn.progress import Progress as Told

LINE_SECONDS = 5.0
WIDTH_FOR_FIGURES = 120
SHOWN_FIGURES = ("loss", "reconstruction", "value", "gap", "kl")
"""Figures of the model's training that tell a person whether it gets better."""


class ProgressView:
    """Shows stages of work, one bar each; on something that is no terminal one line a stage and every few seconds."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._live = console.is_terminal
        columns: tuple[ProgressColumn, ...] = (
            TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        if console.width >= WIDTH_FOR_FIGURES:
            columns = (*columns, TextColumn("{task.fields[figures]}"))
        self._progress = Progress(*columns, console=console, disable=not self._live)
        self._task: TaskID | None = None
        self._stage = ""
        self._next_line = 0.0

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; leave what was drawn."""
        if error is None:
            self._finish()
        self._progress.stop()

    def __call__(self, told: Told) -> None:
        """Show how far the work is."""
        figures = "  ".join(
            f"{name} {told.figures[name]:.3g}" for name in SHOWN_FIGURES if name in told.figures
        )
        if told.stage != self._stage:
            self._finish()
            self._stage, self._next_line = told.stage, 0.0
            self._task = self._progress.add_task(told.stage, total=told.total, figures=figures)
        assert self._task is not None
        self._progress.update(self._task, completed=told.done, total=told.total, figures=figures)
        if not self._live and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            share = f"{100 * told.done / told.total:3.0f} %" if told.total > 1 else ""
            print(f"{told.stage} {share}  {figures}".rstrip(), file=sys.stderr, flush=True)

    def _finish(self) -> None:
        if self._task is not None:
            task = self._progress.tasks[self._progress.task_ids.index(self._task)]
            self._progress.update(self._task, completed=task.total)
