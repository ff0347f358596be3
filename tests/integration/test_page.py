"""The page in a real Chromium, over a real server: what a person sees, hears and reaches."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import CHROMIUM, Browser
from tests.support.live_site import LiveSite
from tests.support.page_visit import DRAWN, ROWS, complaints, open_sensor, visit
from tests.support.plant import BOILERS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install chromium"),
]

HOSTILE = "<img src=x onerror=document.title='taken'>/a b?c#d%2F"
MANY = 10_000
FOCUS = "document.activeElement"
AFTER_SORTED = "getComputedStyle(document.querySelector('[aria-sort] button'), '::after')"
REACHABLE = (
    "[...document.querySelectorAll('a, button, input, summary')]"
    ".filter(node => node.checkVisibility() && !node.disabled)"
)
LOOKS = [(1280, False), (1280, True), (360, False), (360, True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all."""
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Four boilers, the third of which runs hot, and one sensor with an evil name."""
    with LiveSite(tmp_path_factory.mktemp("site"), [HOSTILE]) as running:
        for i in range(len(BOILERS)):
            running.play(i, 100)
        running.play(2, 10, offset=40.0)
        yield running


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """Ten thousand sensors."""
    others = [f"hall{i % 20}.sensor{i:05d}" for i in range(MANY - len(BOILERS))]
    with LiveSite(tmp_path_factory.mktemp("fleet"), others) as running:
        yield running


@pytest.fixture
def page(browser: Browser, site: LiveSite) -> Iterator[Browser]:
    """The page as a person opens it on a desk; at the end nothing may have been complained of."""
    browser.look()
    visit(browser, site)
    yield browser
    assert complaints(browser, site) == []


def test_the_page_says_how_things_are(page: Browser, site: LiveSite) -> None:
    """The daemon, what is out of step and why, as the API has it, and the sensors, the strangest first."""
    with urllib.request.urlopen(f"{site.url}api/v1/episodes?open=1", timeout=10) as answer:
        (episode,) = json.load(answer)["episodes"]
    assert "ready · 5 sensors, 1 still learning · 1 episode open" in page.text("#status")
    assert page.run("document.title") == "(1) Offbeat"
    reasons = page.text("#open .reasons")
    assert page.text("#open .message").startswith(f"{BOILERS[2]} reads 10")
    assert reasons.startswith(f"{episode['severity']} · {episode['kind']} · ")
    assert f" · worst score {episode['peak_score']:.2f} · by " in reasons
    assert episode["severity"] in ("warning", "critical")
    assert "level" in reasons.partition(" · by ")[2]
    assert page.text("#rows tr:first-child th") == BOILERS[2]
    assert "out of step" in page.text("#rows tr:first-child")
    assert page.text("#count") == "1 to 5 of 5"


def test_what_was_not_used_is_counted_and_its_reasons_are_a_key_away(page: Browser) -> None:
    """In words, under a name for screen readers; pointed at, by the names of the reasons that the metrics have."""
    assert page.text("#drops-sum") == "7 messages not used"
    assert not page.run("document.querySelector('#drops-why').checkVisibility()")
    assert (
        page.run("document.querySelector('#drops').title") == "4 messages: no_value\n3 messages: undecodable"
    )
    page.run("document.querySelector('#drops-sum').focus()")
    page.press("Enter")
    page.wait("document.querySelector('#drops-why').checkVisibility()")
    assert page.text("#drops-why").splitlines() == [
        "4 messages without a number that its source includes",
        "3 messages not what its source says it is",
    ]
    names = {node["name"]["value"] for node in page.accessible() if node["role"]["value"] == "list"}
    assert "Since the start, by reason" in names


def test_what_was_not_used_is_kept_up_to_date_under_the_hands(browser: Browser, tmp_path: Path) -> None:
    """It stays open and keeps the focus while it counts on; where nothing was dropped there is nothing to see."""
    browser.look()
    with LiveSite(tmp_path) as site:
        site.dropped = {"late": 0}
        visit(browser, site)
        assert not browser.run("document.querySelector('#drops').checkVisibility()")
        site.dropped = {"late": 1}
        site.beat()
        browser.wait("document.querySelector('#drops-sum').innerText === '1 message not used'")
        browser.run("document.querySelector('#drops-sum').focus()")
        browser.press("Enter")
        site.dropped = {"late": 1, "inbox_full": 2_000}
        site.beat()
        browser.wait("document.querySelectorAll('#drops-why li').length === 2")
        assert browser.text("#drops-sum") == "2,001 messages not used"
        assert browser.run(f"{FOCUS}.id") == "drops-sum"
        assert browser.run("document.querySelector('#drops').open")
        assert complaints(browser, site) == []


def test_a_search_narrows_the_list(page: Browser) -> None:
    """As one types; and it can be given up."""
    page.run("document.querySelector('#words').focus()")
    page.type("BOILER3")
    page.wait(f"{ROWS} === 1")
    assert page.text("#rows th") == BOILERS[3]
    assert page.text("#count") == "1 to 1 of 1 (5 in all)"
    page.type("nothing")
    page.wait(f"{ROWS} === 0")
    assert page.text("#count") == "No sensor matches; there are 5."


def test_the_list_can_be_sorted_by_its_heads(page: Browser) -> None:
    """And the other way round; screen readers are told, also that by score what is out of step comes first."""
    assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "other"
    assert "out of step first" in page.run(f"{AFTER_SORTED}.content")
    page.click("[data-sort=score]")
    page.wait(f"{AFTER_SORTED}.content.includes('out of step last')")
    page.wait(f"document.querySelector('#rows tr:last-child th').innerText === '{BOILERS[2]}'")
    page.click("[data-sort=name]")
    page.wait("document.querySelector('#rows th').innerText.startsWith('<img')")
    assert page.run("document.querySelector('[aria-sort]').innerText.trim()").startswith("Sensor")
    page.click("[data-sort=name]")
    page.wait(f"document.querySelector('#rows th').innerText === '{BOILERS[3]}'")
    assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"


def test_only_what_is_out_of_step(page: Browser) -> None:
    """With one click."""
    page.click("#only-open")
    page.wait(f"{ROWS} === 1")
    assert page.text("#rows th") == BOILERS[2]


def test_a_sensor_is_shown_with_its_charts_and_its_reasons(page: Browser) -> None:
    """Readings in their band, the score, what detectors say, its episodes; charts also in words and as a table."""
    open_sensor(page, BOILERS[2])
    assert page.text("#facts div:first-child") == "State\nout of step"
    assert "it is far from its usual level (level)" in page.text("#voices")
    assert page.text("#history .message").startswith(BOILERS[2])
    chart = page.run("document.querySelector('#charts [role=img]').getAttribute('aria-label')")
    assert chart.startswith("value: 110 readings from ")
    assert "expected 59" in chart
    page.click("#readings summary")
    page.wait("document.querySelectorAll('#readings-table tbody tr').length === 20")


def test_the_charts_are_drawn(page: Browser) -> None:
    """Pixels of the curve's colour are on the canvas."""
    open_sensor(page, BOILERS[2])
    colours = page.run(
        "(() => { const c = document.querySelector('#charts canvas');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 0; i < d.length; i += 4) if (d[i] === 0x1f && d[i + 1] === 0x5f && d[i + 2] === 0xc9) n += 1;"
        " return n; })()"
    )
    assert colours > 200


def test_the_legends_tell_of_the_newest_reading_that_was_judged(browser: Browser, tmp_path: Path) -> None:
    """One that waits has no score yet, and a dash beside the curve would say that nothing is known."""
    browser.look()
    with LiveSite(tmp_path) as site:
        site.play(0, 50)
        visit(browser, site)
        open_sensor(browser, BOILERS[0])
        judged = legends(browser)
        site.play_unjudged(0)
        visit(browser, site)
        open_sensor(browser, BOILERS[0])
        assert browser.text("#charts").count("–") == 0
        assert legends(browser) == judged
        assert len(judged) == 7
        assert complaints(browser, site) == []


def test_a_sensor_that_is_off_after_its_alert_is_not_called_in_step(browser: Browser, tmp_path: Path) -> None:
    """And what becomes of it is said."""
    browser.look()
    with LiveSite(tmp_path) as site:
        site.play(0, 50)
        site.call_off(0)
        visit(browser, site)
        open_sensor(browser, BOILERS[0])
        browser.wait("document.querySelector('#detail').innerText.includes('quiet, not as learnt')")
        assert "To know\nnot as it was learnt: nothing is learnt of it" in browser.text("#detail")
        assert complaints(browser, site) == []


def legends(page: Browser) -> list[str]:
    """Return what the legends of the charts tell: the time of a reading and what is known of it."""
    told: list[str] = page.run("[...document.querySelectorAll('.u-legend .u-value')].map(v => v.innerText)")
    return told


def test_a_link_leads_to_a_sensor_and_back(browser: Browser, site: LiveSite) -> None:
    """It can be sent to a colleague, and the browser's Back closes the sensor."""
    browser.look()
    visit(browser, site, f"#sensor={BOILERS[1]}")
    browser.wait(f"document.querySelector('#detail-title').innerText === '{BOILERS[1]}' && {DRAWN}")
    visit(browser, site)
    open_sensor(browser, BOILERS[0])
    browser.run("history.back()")
    browser.wait("document.querySelector('#detail').hidden")
    assert complaints(browser, site) == []


def test_the_name_of_a_sensor_is_text_whatever_it_says(page: Browser) -> None:
    """Topics are written by devices; their names reach the page as they are."""
    open_sensor(page, HOSTILE)
    assert page.text("#detail-title") == HOSTILE
    assert page.count("main img") == 0
    assert "taken" not in page.run("document.title")


def test_a_new_episode_appears_by_itself_and_is_announced(page: Browser, site: LiveSite) -> None:
    """In a region that screen readers read out, with the sentence of the alert; the focus stays where it is."""
    page.run("document.querySelector('#rows button').focus()")
    at = page.run(f"{FOCUS}.innerText")
    site.play(1, 10, offset=-40.0)
    page.wait("document.querySelectorAll('#open li').length === 2")
    page.wait("document.querySelectorAll('#news p').length === 1")
    assert page.text("#open .message").startswith(f"{BOILERS[1]} reads 2")
    assert page.run("document.querySelector('#news').innerText").startswith(f"{BOILERS[1]} reads 2")
    (log,) = [node for node in page.accessible() if node["role"]["value"] == "log"]
    assert {"name": "live", "value": {"type": "token", "value": "polite"}} in log["properties"]
    assert page.run(f"{FOCUS}.innerText") == at
    site.beat()
    page.wait("document.title === '(2) Offbeat'")


def test_what_is_open_is_kept_up_to_date(page: Browser, site: LiveSite) -> None:
    """The sensor that is looked at, and the list."""
    open_sensor(page, BOILERS[3])
    before = page.run("document.querySelector('#charts [role=img]').getAttribute('aria-label')")
    site.play(3, 10, offset=60.0)
    page.wait(
        f"document.querySelector('#charts [role=img]').getAttribute('aria-label') !== {json.dumps(before)}"
    )
    page.wait("document.querySelector('#facts dd').innerText === 'out of step'")


def test_all_is_reached_with_the_keyboard_alone(page: Browser) -> None:
    """Tab goes to every control there is, each shows that it has the focus, and it goes round."""
    open_sensor(page, BOILERS[2])
    page.run(f"{REACHABLE}.forEach((node, i) => node.dataset.stop = i)")
    expected = set(range(page.run(f"{REACHABLE}.length")))
    page.run("document.activeElement.blur()")
    reached = []
    for _ in range(len(expected) + 5):
        page.press("Tab")
        stop = page.run(f"{FOCUS}.dataset.stop")
        if stop is not None:
            reached.append(int(stop))
            assert page.run(f"getComputedStyle({FOCUS}).outlineStyle") == "solid", page.run(
                f"{FOCUS}.outerHTML"
            )
    assert set(reached) == expected
    once = list(dict.fromkeys(reached))
    start = once.index(0)
    assert once[start:] + once[:start] == sorted(expected), "the order of the focus is not that of the page"


def test_a_sensor_is_opened_and_closed_with_the_keyboard(page: Browser) -> None:
    """The focus goes to its title, and back to where it was."""
    page.run("document.querySelector('#rows button').focus()")
    opener = page.run(f"{FOCUS}.innerText")
    page.press("Enter")
    page.wait(f"{DRAWN} && {FOCUS}.id === 'detail-title'")
    page.press("Escape")
    page.wait("document.querySelector('#detail').hidden")
    assert page.run(f"{FOCUS}.innerText") == opener


def test_a_screen_reader_finds_its_way(page: Browser) -> None:
    """Landmarks, headings, a table with heads, a search with a label, and a name for all that can be pressed."""
    open_sensor(page, BOILERS[2])
    nodes = page.accessible()

    def names(role: str) -> list[str]:
        return [node["name"]["value"] for node in nodes if node["role"]["value"] == role]

    assert {"banner", "main", "search", "navigation", "contentinfo", "alert", "log"} <= {
        node["role"]["value"] for node in nodes
    }
    assert {"Offbeat", BOILERS[2], "Out of step now", "Sensors", "Its episodes"} <= set(names("heading"))
    assert "Search" in names("searchbox")
    assert {"out of step only"} == set(names("checkbox"))
    assert {BOILERS[0], BOILERS[2]} <= set(names("rowheader"))
    for role in ("button", "link", "image", "table", "list"):
        assert all(names(role)), f"a {role} without a name"
    assert f"Show {BOILERS[2]}" in names("button")


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_nothing_is_wider_than_the_window(browser: Browser, site: LiveSite, width: int, dark: bool) -> None:
    """On a desk and on a phone, in the light and in the dark, with a sensor open."""
    browser.look(width, dark=dark)
    visit(browser, site)
    open_sensor(browser, BOILERS[2])
    assert browser.run("document.documentElement.scrollWidth") <= width
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is not dark
    assert complaints(browser, site) == []


def test_the_charts_follow_the_window_and_the_scheme(page: Browser) -> None:
    """Who turns the phone or the light does not load the page again."""
    open_sensor(page, BOILERS[2])
    page.look(700, dark=True)
    page.wait("document.querySelector('#charts .uplot').clientWidth < 700")
    page.wait("getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)'")
    assert page.run("document.documentElement.scrollWidth") <= 700


def test_ten_thousand_sensors_are_no_more_nodes_than_fifty(browser: Browser, fleet: LiveSite) -> None:
    """The daemon searches, sorts and turns the pages; the page holds one of them."""
    browser.look()
    visit(browser, fleet)
    browser.wait(f"{ROWS} === 50")
    assert browser.text("#count") == "1 to 50 of 10,000"
    assert nodes_of(browser) < 1000
    browser.click("#on")
    browser.wait("document.querySelector('#count').innerText === '51 to 100 of 10,000'")
    browser.run("document.querySelector('#words').focus()")
    browser.type("sensor04321")
    browser.wait(f"{ROWS} === 1")
    open_sensor(browser, "hall1.sensor04321")
    assert nodes_of(browser) < 1000
    assert complaints(browser, fleet) == []


def nodes_of(browser: Browser) -> Any:
    """Return how many elements the document has."""
    return browser.run("document.getElementsByTagName('*').length")


def test_a_broken_line_is_told_and_what_was_there_stays(browser: Browser, tmp_path: Path) -> None:
    """An operator must not take old numbers for new ones."""
    browser.look()
    with LiveSite(tmp_path) as site:
        site.play(0, 20)
        visit(browser, site)
    browser.wait("document.querySelector('#trouble').innerText.length > 0")
    (alert,) = [node for node in browser.accessible() if node["role"]["value"] == "alert"]
    assert alert["properties"]
    assert browser.run(ROWS) == len(BOILERS)
