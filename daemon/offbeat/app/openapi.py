"""The OpenAPI document of the JSON API, generated from the routes and from the types of their answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from offbeat.app.api_answers import Error
from offbeat.app.api_queries import Parameter

VERSION = "1.0.0"
"""Of the API, not of the daemon: it changes with what clients have to know."""
FILE = "openapi.json"
"""Its name in `deploy/schemas`."""

_ABOUT = "What the page shows, for programs. Read only. Times are unix seconds, what is not known is null."
_WHY_NOT = {
    HTTPStatus.BAD_REQUEST: "A parameter cannot be used.",
    HTTPStatus.UNAUTHORIZED: "The daemon has a password, and this was not it.",
    HTTPStatus.NOT_FOUND: "There is no such sensor.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The daemon is starting, stopping or overloaded: ask again in a moment.",
}


@dataclass(frozen=True, slots=True)
class Described:
    """One path as the document tells of it.

    Attributes:
        path: with the names of its parts in braces.
        name: short and unique, for generated clients.
        about: one sentence.
        answer: type of the JSON answer; None where `content_type` says all.
        parameters: of the query.
        content_type: of the answer.
        errors: further ones than 200.
    """

    path: str
    name: str
    about: str
    answer: type | None
    parameters: Sequence[Parameter] = ()
    content_type: str = "application/json"
    errors: tuple[HTTPStatus, ...] = (HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE)


def openapi(paths: Sequence[Described]) -> dict[str, Any]:
    """Return the document."""
    types = [Error, *(one.answer for one in paths if one.answer is not None)]
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Offbeat",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {one.path: {"get": _operation(one)} for one in paths},
        "security": [{}, {"basic": []}, {"bearer": []}],
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {name: {"type": "http", "scheme": name} for name in ("basic", "bearer")},
        },
    }


def openapi_text(paths: Sequence[Described]) -> str:
    """Return the document as the file that is committed."""
    return json.dumps(openapi(paths), indent=2) + "\n"


def _operation(one: Described) -> dict[str, Any]:
    answer = {"type": "string"} if one.answer is None else _reference(one.answer)
    responses = {"200": {"description": one.about, "content": {one.content_type: {"schema": answer}}}}
    for status in sorted({*one.errors, HTTPStatus.UNAUTHORIZED}):
        content = {"application/json": {"schema": _reference(Error)}}
        responses[str(status.value)] = {"description": _WHY_NOT[status], "content": content}
    return {
        "operationId": one.name,
        "summary": one.about,
        "parameters": [*_in_path(one.path), *map(_in_query, one.parameters)],
        "responses": responses,
    }


def _reference(answer: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{answer.__name__}"}


def _in_path(path: str) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.about,
        "schema": parameter.schema(),
    }
