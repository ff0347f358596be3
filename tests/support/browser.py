"""A real Chromium of the test's own, seen and driven as a person would: by what is shown, by keys, by clicks."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.devtools import DevTools
from tests.support.waiting import wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
]  # fmt: skip
_KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    " ": ("Space", 32, " "),
}
_SHIFT = 8


class Browser:
    """One Chromium with one page; its profile is empty, and gone with it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="offbeat-chromium-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._files: list[int] = []
        self._session = ""

    def __enter__(self) -> Self:
        """Start it, with an empty page."""
        try:
            self._tools = self._start()
            target = self._tools.ask("Target.createTarget", url="about:blank")["targetId"]
            attached = self._tools.ask("Target.attachToTarget", targetId=target, flatten=True)
            self._session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
                self.ask(f"{domain}.enable")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._end()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol to the page."""
        return self._tools.ask(method, self._session, **parameters)

    def events(self) -> list[dict[str, Any]]:
        """Return what has happened in the page since the last call."""
        return self._tools.events()

    def look(self, width: int = 1280, height: int = 900, *, dark: bool = False, scale: float = 1.0) -> None:
        """Choose the size of the window, and whether its person likes it dark."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme, still])

    def open(self, url: str) -> None:
        """Go to an address; return when the document is there."""
        self.ask("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 20.0) -> Any:
        """Return the first true value of an expression."""
        return wait_until(lambda: self.run(condition), seconds, f"in the page: {condition}")

    def text(self, selector: str) -> str:
        """Return the text of the first node of a selector; empty if there is none."""
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def count(self, selector: str) -> int:
        """Return how many nodes a selector has."""
        return int(self.run(f"document.querySelectorAll({json.dumps(selector)}).length"))

    def click(self, selector: str) -> None:
        """Click in the middle of the first node of a selector, with the mouse."""
        middle = self.run(
            f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
            " node.scrollIntoView({block: 'center'}); const r = node.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent", type=kind, x=middle[0], y=middle[1], button="left", clickCount=1
            )

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press one of the keys that pages are gone through with."""
        code, number, text = _KEYS[key]
        facts = {
            "key": key,
            "code": code,
            "windowsVirtualKeyCode": number,
            "modifiers": _SHIFT if shift else 0,
        }
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **facts)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **facts)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)

    def accessible(self) -> list[dict[str, Any]]:
        """Return what a screen reader finds: the nodes of the accessibility tree that are not passed over."""
        return [node for node in self.ask("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen, or the whole page, as a PNG file."""
        taken = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _start(self) -> DevTools:
        assert CHROMIUM is not None
        to_read, its_writing = os.pipe()
        its_reading, to_write = os.pipe()
        # Away from 3 and 4, which Chromium expects its two ends at.
        its_ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (its_reading, its_writing)]

        def place_ends() -> None:
            os.dup2(its_ends[0], 3)
            os.dup2(its_ends[1], 4)

        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        with (self._folder / "chromium.log").open("wb") as log:
            # Only what is marked to be inherited is: the two ends.
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, close_fds=False, preexec_fn=place_ends
            )
        for end in (its_reading, its_writing, *its_ends):
            os.close(end)
        self._files = [to_read, to_write]
        return DevTools(to_read, to_write)

    def _end(self) -> None:
        for end in self._files:
            os.close(end)
        self._files = []
        if self._process is not None:
            # Without its pipe it ends by itself, with all its children.
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)
