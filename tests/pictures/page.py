"""The daemon's page: of the demo, light, dark and on a phone, when a sensor is out of step; and of a large fleet."""

from __future__ import annotations

import tempfile
from pathlib import Path

from offbeat import __version__
from tests.support.browser import Browser
from tests.support.live_site import LiveSite
from tests.support.plant import BOILERS
from tests.support.running_demo import PATIENCE_SECONDS, SENSOR, running_demo

IMAGES = Path("docs/images")
DRAWN = "document.querySelectorAll('#charts canvas').length === 2"
DESK = (1180, 1000)
PHONE = (390, 844)
SENSORS = 10_000
ROWS = 90
REPORTED = 230


def of_the_demo(browser: Browser) -> None:
    """Take the pictures of the demo's page: light, dark, and on a phone."""
    with running_demo() as demo:
        assert demo.alerted.wait(PATIENCE_SECONDS), f"{SENSOR} was never out of step"
        for name, (width, height), dark in (
            ("light", DESK, False),
            ("dark", DESK, True),
            ("phone", PHONE, False),
        ):
            browser.look(width, height, dark=dark)
            browser.open("about:blank")
            browser.open(f"http://{demo.listen}/#sensor={SENSOR}")
            browser.wait(DRAWN)
            browser.run("document.activeElement.blur(); scrollTo(0, 0)")
            browser.picture(IMAGES / f"page-{name}.png", whole=name == "phone")


def of_many(browser: Browser) -> None:
    """Take the picture of ten thousand sensors."""
    others = [f"hall{i % 20:02d}.line{i % 7}.sensor{i:05d}" for i in range(SENSORS - len(BOILERS))]
    with tempfile.TemporaryDirectory() as folder, LiveSite(Path(folder), others) as site:
        site.version = __version__
        site.play_others(ROWS, strange=range(100, SENSORS, 1700))
        for i, offset in enumerate((0.0, 25.0, 0.0, -30.0)):
            site.play(i, REPORTED)
            site.play(i, 10, offset)
        browser.look(*DESK)
        browser.open(site.url)
        browser.wait("document.querySelectorAll('#rows tr').length === 50")
        browser.picture(IMAGES / "page-10k.png")
