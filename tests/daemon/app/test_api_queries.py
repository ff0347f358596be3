"""Parameters of the JSON API."""

from __future__ import annotations

import jsonschema
import pytest

from offbeat.app.api_queries import BadRequestError, Choice, Count, Flag, Parameter, Text, read_query

ALL: tuple[Parameter, ...] = (
    Text("text", "Some text."),
    Count("count", "A number.", 3, 20),
    Choice("choice", "A word.", ("a", "b")),
    Flag("flag", "A flag."),
)


def test_what_is_not_given_is_the_default() -> None:
    """And what is given is read."""
    assert read_query(ALL, {}) == {"text": None, "count": 3, "choice": "a", "flag": False}
    given = {"text": "x", "count": "20", "choice": "b", "flag": "1"}
    assert read_query(ALL, given) == {"text": "x", "count": 20, "choice": "b", "flag": True}


@pytest.mark.parametrize("text", ["", "-1", "21", "1.5", "1e1", "x", "²", "9" * 5000])
def test_what_is_no_count_is_refused(text: str) -> None:
    """Whatever it is."""
    with pytest.raises(BadRequestError, match=r"expected a whole number 0\.\.20"):
        read_query(ALL, {"count": text})


def test_a_misspelt_parameter_is_not_passed_over() -> None:
    """It would be answered with everything, as if it had been heeded."""
    with pytest.raises(BadRequestError, match="there is no parameter 'cuont', expected text or count"):
        read_query(ALL, {"cuont": "1"})


@pytest.mark.parametrize("parameter", ALL)
def test_the_schema_of_a_parameter_has_its_default(parameter: Parameter) -> None:
    """What is documented is what is read."""
    schema = parameter.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    if "default" in schema:
        jsonschema.validate(schema["default"], schema)
        assert parameter.read(str(schema["default"])) == parameter.default
