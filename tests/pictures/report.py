"""The report of the demo, as it begins."""

from __future__ import annotations

from tests.pictures.page import IMAGES
from tests.support.browser import Browser
from tests.support.running_demo import PATIENCE_SECONDS, running_demo

SIZE = (1100, 980)


def of_the_report(browser: Browser) -> None:
    """Take the picture of the report that the demo writes at its end."""
    with running_demo(page=True) as demo:
        assert demo.over.wait(PATIENCE_SECONDS), "the demo did not end"
        browser.look(*SIZE)
        browser.open((demo.folder / "report.html").as_uri())
        browser.wait("document.querySelectorAll('svg, canvas').length > 0")
        browser.picture(IMAGES / "report.png")
