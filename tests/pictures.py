"""`python -m tests.pictures [demo] [many]`: the pictures of the page in docs/images, of the demo and of a large fleet.

Runs the demo - its broker, its daemon, the recorded sensors - and opens its page in Chromium when a sensor that was
recorded on its way to a failure is out of step.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import tomllib
from collections.abc import Sequence
from pathlib import Path

from offbeat.app.demo import CONFIG, DemoOptions, run_demo
from offbeat.core.events import EpisodeEvent
from offbeat.learn.progress import Progress
from tests.support.browser import CHROMIUM, Browser
from tests.support.live_site import LiveSite
from tests.support.plant import BOILERS

IMAGES = Path("docs/images")
SENSOR = "machine.temperature"
"""A bearing that is about to fail; its recording ends with the failure."""
PATIENCE_SECONDS = 300.0
DRAWN = "document.querySelectorAll('#charts canvas').length === 2"
DESK = (1180, 1000)
PHONE = (390, 844)
SENSORS = 10_000
ROWS = 90
REPORTED = 230


class _Watcher:
    """Waits for the first alert of the sensor that is pictured."""

    def __init__(self) -> None:
        self.alerted = threading.Event()

    def stage(self, text: str) -> None:
        """Say what begins."""
        print(text)

    def show(self) -> None:
        """Pass over the beginning."""

    def state(self, sensor: str, score: float | None, open_kinds: Sequence[str]) -> None:
        """Pass over a state."""

    def reading(self, sensor: str, value: float) -> None:
        """Pass over a reading."""

    def event(self, event: EpisodeEvent) -> None:
        """Say what is alerted."""
        if event.event == "open":
            print(event.message)
            if event.sensor == SENSOR:
                self.alerted.set()

    def progress(self, progress: Progress) -> None:
        """Pass over progress."""


def of_the_demo(browser: Browser) -> None:
    """Take the pictures of the demo's page: light, dark, and on a phone."""
    watcher, stop = _Watcher(), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        options = DemoOptions(Path(folder), page=False)
        demo = threading.Thread(target=run_demo, args=(options, watcher, watcher.progress, stop))
        demo.start()
        try:
            assert watcher.alerted.wait(PATIENCE_SECONDS), f"{SENSOR} was never out of step"
            listen = tomllib.loads((Path(folder) / CONFIG).read_text())["metrics"]["listen"]
            for name, (width, height), dark in (
                ("light", DESK, False),
                ("dark", DESK, True),
                ("phone", PHONE, False),
            ):
                browser.look(width, height, dark=dark)
                browser.open("about:blank")
                browser.open(f"http://{listen}/#sensor={SENSOR}")
                browser.wait(DRAWN)
                browser.run("document.activeElement.blur(); scrollTo(0, 0)")
                browser.picture(IMAGES / f"page-{name}.png", whole=name == "phone")
        finally:
            stop.set()
            demo.join()


def of_many(browser: Browser) -> None:
    """Take the picture of ten thousand sensors."""
    others = [f"hall{i % 20:02d}.line{i % 7}.sensor{i:05d}" for i in range(SENSORS - len(BOILERS))]
    with tempfile.TemporaryDirectory() as folder, LiveSite(Path(folder), others) as site:
        site.play_others(ROWS, strange=range(100, SENSORS, 1700))
        for i, offset in enumerate((0.0, 25.0, 0.0, -30.0)):
            site.play(i, REPORTED)
            site.play(i, 10, offset)
        browser.look(*DESK)
        browser.open(site.url)
        browser.wait("document.querySelectorAll('#rows tr').length === 50")
        browser.picture(IMAGES / "page-10k.png")


TAKES = {"demo": of_the_demo, "many": of_many}


def main(names: Sequence[str]) -> int:
    """Take the pictures of these names, or all."""
    if CHROMIUM is None:
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 1
    with Browser() as browser:
        for name in names or TAKES:
            TAKES[name](browser)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
