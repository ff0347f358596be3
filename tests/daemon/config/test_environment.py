"""`${NAME}` in values."""

from __future__ import annotations

from offbeat.config.environment import expand


def test_references_are_replaced_wherever_text_stands() -> None:
    """In tables and lists, as often as they occur, and never twice."""
    tree = {"a": "${HOST}:${PORT}", "b": {"c": ["x", "${HOST}"]}, "n": 5}
    assert list(expand(tree, {"HOST": "h${PORT}", "PORT": "1"})) == []
    assert tree == {"a": "h${PORT}:1", "b": {"c": ["x", "h${PORT}"]}, "n": 5}


def test_a_doubled_dollar_stands_for_itself() -> None:
    """For the rare value that holds the sign."""
    tree = {"a": "$${HOST} $x"}
    assert list(expand(tree, {})) == []
    assert tree == {"a": "${HOST} $x"}


def test_a_variable_that_is_not_set_is_a_problem() -> None:
    """With a guess at the one that was meant, and the text left alone."""
    tree = {"mqtt": {"url": "${MQTT_HOTS}"}}
    found = list(expand(tree, {"MQTT_HOST": "h"}))
    assert found == [
        (("mqtt", "url"), 'the environment variable MQTT_HOTS is not set (did you mean "MQTT_HOST"?)')
    ]
    assert tree["mqtt"]["url"] == "${MQTT_HOTS}"


def test_what_is_no_name_is_a_problem() -> None:
    """Rather than an empty text."""
    for text in ("${}", "${a b}", "${OPEN", "${file:/x}"):
        [(path, message)] = expand({"a": text}, {})
        assert path == ("a",)
        assert "is not a reference" in message
