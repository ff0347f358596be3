"""The page: files that come with the daemon, served as they are, asking nobody but the daemon."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from offbeat.observe.http import Page, Response

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}

CONTENT_TYPES = {
    one.name: _TYPES[suffix]
    for one in (files("offbeat.observe") / "page").iterdir()
    if (suffix := "." + one.name.rpartition(".")[2]) in _TYPES
}
"""Of each file of the page, by its name."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline: what a sensor's name says can never become a script."""


def asset_pages() -> dict[str, Page]:
    """Return the pages by path: the page itself at `/`, and what it loads below `/page/`."""
    pages: dict[str, Page] = {f"/page/{name}": lambda _, name=name: _asset(name) for name in CONTENT_TYPES}  # type: ignore[misc] # a lambda's default has no type of its own
    pages["/"] = lambda _: _asset("index.html")
    return pages


@cache
def _asset(name: str) -> Response:
    body = (files("offbeat.observe") / "page" / name).read_bytes()
    return Response(body, CONTENT_TYPES[name], headers={"Content-Security-Policy": POLICY})
