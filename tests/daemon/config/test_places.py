"""Places: every option of a TOML text is found where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.config.places import Key, Place, Places

FILE = Path("offbeat.toml")
TEXT = '''
# [fake]
top = 1 # comment with "quotes" and = signs
"quoted.key" = 'literal # not a comment'
[mqtt]
url = "mqtt://h"   # trailing
inline = { a = 1, b = { c = [1, "two, ]", 3] } }
dotted.key . deep = true
list = [
  "first", # one
  """multi
line ]""",
  { x = 5 },
]
[[source]]
topic = "a"
[source.time]
field = "ts"
[[source]]
topic = \'\'\'raw\'\'\'
[source.time]
field = "t2"
[ "odd table" . sub ]
k = 1979-05-27T07:32:00Z
'''


def spanned(place: Place) -> str:
    """What a place underlines."""
    return place.text[place.column - 1 : place.column - 1 + place.width]


@pytest.mark.parametrize(
    ("path", "key", "value", "line"),
    [
        (("top",), "top", "1", 3),
        (("quoted.key",), '"quoted.key"', "'literal # not a comment'", 4),
        (("mqtt",), "[mqtt]", "[mqtt]", 5),
        (("mqtt", "url"), "url", '"mqtt://h"', 6),
        (("mqtt", "inline", "a"), "a", "1", 7),
        (("mqtt", "inline", "b", "c", 1), '"two, ]"', '"two, ]"', 7),
        (("mqtt", "inline", "b", "c", 2), "3", "3", 7),
        (("mqtt", "dotted", "key", "deep"), "dotted.key . deep", "true", 8),
        (("mqtt", "list"), "list", "[", 9),
        (("mqtt", "list", 0), '"first"', '"first"', 10),
        (("mqtt", "list", 1), '"""multi', '"""multi', 11),
        (("mqtt", "list", 2, "x"), "x", "5", 13),
        (("source", 0), "[[source]]", "[[source]]", 15),
        (("source", 0, "time", "field"), "field", '"ts"', 18),
        (("source", 1, "topic"), "topic", "'''raw'''", 20),
        (("source", 1, "time", "field"), "field", '"t2"', 22),
        (("odd table", "sub", "k"), "k", "1979-05-27T07:32:00Z", 24),
    ],
)
def test_an_option_is_found_where_it_stands(path: Key, key: str, value: str, line: int) -> None:
    """Its name and its value, over all of TOML's ways to write them."""
    places = Places(FILE, TEXT)
    assert spanned(places.key(path)) == key
    assert spanned(places.value(path)) == value
    if key != value:
        assert places.key(path).line == line


def test_an_option_that_is_not_there_is_placed_at_its_table() -> None:
    """So that what is missing can be pointed at."""
    places = Places(FILE, TEXT)
    assert spanned(places.key(("mqtt", "nowhere"))) == "[mqtt]"
    assert places.key(("nowhere",)) == Place(FILE)
    assert not places.has(("mqtt", "nowhere"))


def leaves(tree: Any, path: Key = ()) -> list[Key]:
    """Paths of all tables, lists and values of a tree."""
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(leaf for name, value in parts for leaf in leaves(value, (*path, name)))]


def test_every_option_has_a_place() -> None:
    """Nothing that tomllib reads is without one."""
    places = Places(FILE, TEXT)
    missing = [path for path in leaves(tomllib.loads(TEXT)) if path and not places.has(path)]
    assert [path for path in missing if path != ("odd table",)] == []


NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
VALUES = st.recursive(
    st.one_of(
        st.integers(-9, 9).map(str),
        st.sampled_from(
            ["true", '""', '"x # y"', "'a = [b]'", '"""m\n}"""', "'''\n'''", "1.5", r'"\"\\"', "[]", "{}"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n " + " , # c\n".join(items) + " # ]\n]"),
        st.dictionaries(NAMES, inner, max_size=3).map(
            lambda pairs: "{ " + ", ".join(f"{name} = {value}" for name, value in pairs.items()) + " }"
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_toml_is_walked_without_losing_an_option(top: dict[str, str], table: dict[str, str]) -> None:
    """Generated values of every form: the walk agrees with tomllib on which options there are."""
    text = "\n".join(f"{name} = {value}" for name, value in top.items())
    text += "\n[[the.table]]\n" + "\n".join(f"{name} = {value}" for name, value in table.items())
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    places = Places(FILE, text)
    assert [path for path in leaves(tree) if path and path != ("the",) and not places.has(path)] == []
