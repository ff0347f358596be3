"""The page about what is served over HTTP, from the description of the API."""

from __future__ import annotations

from offbeat.app.api import described
from offbeat.app.api_queries import Parameter
from offbeat.app.openapi import Described
from offbeat.app.reference.markdown import code, page, sentence, table

_ABOUT = """\
At `metrics.listen`, on loopback unless told otherwise ([who may read](../how-to/prometheus.md#who-may-read)). Nothing
can be changed over HTTP."""
_PAGES = (
    ("/", "The page for people."),
    ("/metrics", "The daemon, for Prometheus: [metrics](metrics.md)."),
    ("/metrics/sensors", "Every sensor, for Prometheus: [metrics](metrics.md)."),
    ("/-/healthy", "200 while every stage moves, else 503 and the reason in words. Needs no password."),
    ("/-/ready", "200 when the broker is heard, else 503 and the reason in words. Needs no password."),
)
_API = """\
The JSON API for programs; its [OpenAPI document](../../deploy/schemas/openapi.json), which is also served, has every
field of the answers. Times are unix seconds, what is not known is null, and every error is JSON with a sentence in
`error`."""


def http_page() -> str:
    """Return the page."""
    parts = [
        _ABOUT,
        table(("path", "what"), ((code(path), about) for path, about in _PAGES)),
        "## JSON API",
        _API,
    ]
    for one in described():
        parts += [f"### {one.path}", _told(one)]
        if one.parameters:
            parts.append(table(("parameter", "may be", "default", "meaning"), map(_row, one.parameters)))
    return page("HTTP", *parts)


def _told(one: Described) -> str:
    others = ", ".join(f"{status.value} {status.phrase}" for status in one.errors)
    return f"{one.about} `{one.content_type}`; else {others}."


def _row(parameter: Parameter) -> tuple[str, str, str, str]:
    schema = parameter.schema()
    kind = " or ".join(schema["enum"]) if "enum" in schema else str(schema["type"])
    kind += f", at most {schema['maximum']:,}" if "maximum" in schema else ""
    default = code(str(schema.get("default", "")))
    return code(parameter.name), kind, default, sentence(parameter.about)
