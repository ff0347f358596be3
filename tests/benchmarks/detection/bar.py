"""How far the benchmark is: a bar on a terminal, lines elsewhere; findings stand above it as they come."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """Shows work done, in units of its expected cost.

    Args:
        total: of all steps' costs.
    """

    def __init__(self, total: float) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(), TimeRemainingColumn(),
            console=self._console, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("detection", total=max(total, 1e-9))
        self._total, self._done, self._began = total, 0.0, time.monotonic()

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; leave what was drawn."""
        self._progress.stop()

    def advance(self, cost: float, finding: str) -> None:
        """Show that a step is done and what it found."""
        self._done += cost
        self._progress.update(self._task, completed=self._done)
        share, minutes = self._done / max(self._total, 1e-9), (time.monotonic() - self._began) / 60
        self._console.print(
            f"[{share:4.0%} {minutes:5.1f} min] {finding}", markup=False, highlight=False, soft_wrap=True
        )
