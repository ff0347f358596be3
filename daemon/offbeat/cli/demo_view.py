"""What the demo looks like: a live table and a line an alert on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from offbeat.cli.progress import ProgressView
from offbeat.core.events import EpisodeEvent
from offbeat.core.wording import number
from offbeat.learn.progress import Progress

BLOCKS = " ▁▂▃▄▅▆▇█"
HISTORY = 24
WIDTH_FOR_ABOUT = 120
FRAMES_PER_SECOND = 5
LINE_SECONDS = 10.0
_FULL_BLOCK_SCORE = 2.0
_STYLES = {"open": "bold red", "update": "yellow", "close": "green"}


@dataclass(slots=True)
class _Row:
    about: str
    value: float | None = None
    score: float | None = None
    readings: int = 0
    open_kinds: tuple[str, ...] = ()
    history: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))


class TerminalView:
    """Shows the demo; its methods may be called from several threads.

    Args:
        about: what each sensor is, by id, in the order of the table.
        console: where to.
    """

    def __init__(self, about: Mapping[str, str], console: Console | None = None) -> None:
        self._console = console if console is not None else Console()
        self._rows = {sensor: _Row(text) for sensor, text in about.items()}
        self._lock = threading.Lock()
        self._learning: ProgressView | None = None
        self._live: Live | None = None
        self._next_line = 0.0

    def __enter__(self) -> Self:
        """Return the view."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last picture on the screen and stop drawing."""
        self._end_learning(kind, error, trace)
        self._end_live()

    def stage(self, text: str) -> None:
        """Say what begins."""
        self._end_learning(None, None, None)
        self._end_live()
        self._console.print(Text(f"\n{text}", style="bold"))
        self._console.file.flush()

    def show(self) -> None:
        """Begin to draw the table of sensors."""
        if self._console.is_terminal:
            # Never with the lock held: drawing takes the console's lock first, then ours.
            self._live = Live(
                get_renderable=self._table, console=self._console, refresh_per_second=FRAMES_PER_SECOND
            )
            self._live.start()

    def progress(self, told: Progress) -> None:
        """Show how far the learning is."""
        if self._learning is None:
            self._learning = ProgressView().__enter__()
        self._learning(told)

    def reading(self, sensor: str, value: float) -> None:
        """Show a reading."""
        with self._lock:
            if (row := self._rows.get(sensor)) is not None:
                row.value = value
                row.readings += 1
        if not self._console.is_terminal:
            self._tell_in_lines()

    def state(self, sensor: str, score: float | None, open_kinds: Sequence[str]) -> None:
        """Show a state."""
        with self._lock:
            if (row := self._rows.get(sensor)) is not None:
                row.score, row.open_kinds = score, tuple(open_kinds)
                if score is not None:
                    row.history.append(score)

    def event(self, event: EpisodeEvent) -> None:
        """Write an alert as a line that stays."""
        if event.event == "update":
            return
        line = Text(time.strftime("%H:%M:%S "), style="dim")
        line.append(f" {event.event.upper():<5} ", style=_STYLES[event.event])
        line.append(f" {event.message}")
        self._console.print(line, soft_wrap=True)

    def _tell_in_lines(self) -> None:
        now = time.monotonic()
        with self._lock:
            if now < self._next_line:
                return
            first, self._next_line = self._next_line == 0.0, now + LINE_SECONDS
            known = [f"{s} {number(r.score, 2)}" for s, r in self._rows.items() if r.score is not None]
        if not first and known:
            self._console.print(f"scores: {', '.join(known)}", highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        wide = self._console.width >= WIDTH_FOR_ABOUT
        table.add_column("sensor", no_wrap=True)
        if wide:
            table.add_column("", no_wrap=True)
        for name in ("readings", "value", "score"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("last half minute", no_wrap=True, min_width=HISTORY)
        table.add_column("", no_wrap=True)
        with self._lock:
            for sensor, row in self._rows.items():
                cells = _cells(row)
                table.add_row(
                    Text(sensor, style="bold"), *([Text(row.about, style="dim")] if wide else []), *cells
                )
        return table

    def _end_learning(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        learning, self._learning = self._learning, None
        if learning is not None:
            learning.__exit__(kind, error, trace)

    def _end_live(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()


def _cells(row: _Row) -> list[Text]:
    state = Text(f"● {', '.join(row.open_kinds)}", style="bold red") if row.open_kinds else Text("")
    hot = row.score is not None and row.score >= 1.0
    return [
        Text(f"{row.readings:,}" if row.readings else ""),
        Text(number(row.value, 4) if row.value is not None else ""),
        Text(f"{row.score:.2f}" if row.score is not None else "", style="bold red" if hot else ""),
        _spark(row.history),
        state,
    ]


def _spark(history: Sequence[float]) -> Text:
    text = Text()
    for score in history:
        block = BLOCKS[min(max(round(score / _FULL_BLOCK_SCORE * 8), 1), 8)]
        text.append(block, style="red" if score >= 1.0 else "green")
    return text
