"""A visit to the daemon's page as a person makes it, and what a browser complained of meanwhile."""

from __future__ import annotations

import json

from tests.support.browser import Browser
from tests.support.live_site import LiveSite
from tests.support.waiting import wait_until

DRAWN = "document.querySelectorAll('#charts canvas').length === 2"
ROWS = "document.querySelectorAll('#rows tr').length"


def complaints(browser: Browser, site: LiveSite) -> list[str]:
    """Return errors of the console, breaches of the policy, and requests that left the page's own origin."""
    found = []
    for event in browser.events():
        method, facts = event["method"], event["params"]
        if method == "Runtime.exceptionThrown":
            found.append(json.dumps(facts["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and facts["type"] in ("error", "warning", "assert"):
            found.append(json.dumps(facts["args"]))
        elif method == "Log.entryAdded" and facts["entry"]["level"] in ("error", "warning"):
            found.append(json.dumps(facts["entry"]))
        elif method == "Network.requestWillBeSent":
            url = facts["request"]["url"]
            if not url.startswith((site.url, "data:")):
                found.append(f"a request to {url}")
    return found


def visit(browser: Browser, site: LiveSite, fragment: str = "") -> Browser:
    """Open the page anew; return when its list is there and it listens."""
    browser.open("about:blank")
    wait_until(lambda: site.listeners == 0 or site.beat(), 20, "the page before to be gone")
    browser.events()
    browser.open(site.url + fragment)
    browser.wait(f"{ROWS} > 0")
    wait_until(lambda: site.listeners == 1, 20, "the page to listen")
    return browser


def open_sensor(page: Browser, sensor: str) -> None:
    """Open a sensor as a person does; return when its charts are drawn."""
    page.run(
        f"[...document.querySelectorAll('#rows button')].find(b => b.innerText === {json.dumps(sensor)}).id = 'it'"
    )
    page.click("#it")
    page.wait(f"document.querySelector('#detail-title').innerText === {json.dumps(sensor)} && {DRAWN}")
