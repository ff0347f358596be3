"""The OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from offbeat.app.api import ROUTES, described
from offbeat.app.openapi import FILE, openapi, openapi_text

DOCUMENT = openapi(described())


def references(node: Any) -> list[str]:
    """Return all references below a node."""
    if isinstance(node, dict):
        found = [node["$ref"]] if "$ref" in node else []
        return found + [name for value in node.values() for name in references(value)]
    return [name for value in node for name in references(value)] if isinstance(node, list) else []


def test_the_committed_document_is_the_one_of_the_code() -> None:
    """`offbeat export openapi --out deploy/schemas` writes it."""
    assert (Path("deploy/schemas") / FILE).read_text() == openapi_text(described())


def test_every_route_is_in_it_and_every_reference_leads_somewhere() -> None:
    """With names that clients can be generated from."""
    assert {route.described.path for route in ROUTES} < set(DOCUMENT["paths"])
    names = [operation["get"]["operationId"] for operation in DOCUMENT["paths"].values()]
    assert len(names) == len(set(names))
    schemas = DOCUMENT["components"]["schemas"]
    for name in references(DOCUMENT):
        assert name.removeprefix("#/components/schemas/") in schemas


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one(name: str) -> None:
    """By JSON Schema 2020-12, which is what OpenAPI 3.1 speaks."""
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_it_is_json() -> None:
    """And ends like a text file."""
    text = openapi_text(described())
    assert json.loads(text)["openapi"].startswith("3.1")
    assert text.endswith("}\n")
