"""Dashboards drawn with Grafana's own components in a browser; see tests/grafana_panels/README.md."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.asked_board import AskedBoard, Json
from tests.support.browser import Browser

FOLDER = Path(__file__).parents[1] / "grafana_panels"
NODE = shutil.which("node")
INSTALLED = (FOLDER / "node_modules" / "@grafana" / "ui").is_dir()
WHY_NOT = (
    "node is missing: apt-get install nodejs npm"
    if NODE is None
    else "Grafana's components are not installed: npm ci --ignore-scripts --prefix tests/grafana_panels"
)
GRID_HEIGHT = 38
"""Pixels from one row of the grid to the next; the page has the same."""


class Drawer:
    """Serves the page that draws, and what it is to draw, to a browser of this machine."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._server: http.server.ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        """Build the page and serve it."""
        assert NODE is not None
        assert INSTALLED, WHY_NOT
        done = subprocess.run([NODE, "build.mjs"], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        handler = functools.partial(_Quiet, directory=str(FOLDER / "build"))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def draw(self, content: Json, *, dark: bool, width: int = 1400) -> list[Json]:
        """Draw a dashboard in the whole of the browser's window.

        Args:
            content: of a dashboard, by `content_of`.
            dark: whether by Grafana's dark theme.
            width: of the window; its height is the dashboard's.

        Returns:
            What became of each panel: its title, whether it is `drawn`, is `empty`, has a title that is `cut`.
        """
        assert self._server is not None
        (FOLDER / "build" / "board.json").write_text(json.dumps(content | {"dark": dark}))
        rows = max(
            shown["panel"]["gridPos"]["y"] + shown["panel"]["gridPos"]["h"] for shown in content["panels"]
        )
        self._browser.look(width, 92 + rows * GRID_HEIGHT, dark=dark)
        self._browser.open("about:blank")
        self._browser.open(f"http://127.0.0.1:{self._server.server_address[1]}/index.html")
        self._browser.wait(f"document.querySelectorAll('.panel').length === {len(content['panels'])}")
        outcomes: list[Json] = self._browser.run("outcomes()")
        return outcomes


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of what was fetched."""


def content_of(asked: AskedBoard) -> Json:
    """Return a dashboard with all its answers, as the page wants it."""
    panels, span = [], asked.span
    for panel, values in asked.panels():
        answers = [
            {
                "refId": target["refId"],
                "legend": target["legendFormat"],
                "format": target.get("format", "time_series"),
                "series": asked.answer(target, **values),
                "exemplars": asked.exemplars(target),
            }
            for target in panel["targets"]
        ]
        panels.append({"panel": panel, "answers": answers})
    return {
        "title": asked.board["title"],
        "span": {
            name: seconds * 1000
            for name, seconds in (("from", span.start), ("to", span.end), ("step", span.step))
        },
        "variables": list(asked.shown.items()),
        "marks": [
            {"from": mark.start * 1000, "to": mark.end * 1000, "title": mark.title, "color": mark.colour}
            for annotation in asked.board["annotations"]["list"]
            for mark in asked.marks(annotation)
        ],
        "panels": panels,
    }
