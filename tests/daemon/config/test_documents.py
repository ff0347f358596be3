"""Documents: files read and merged, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.config.documents import Document, Merged, dotted, read_document
from offbeat.config.report import Problem


def read(folder: Path, name: str, text: str | bytes) -> Document | Problem:
    """Write a file and read it."""
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_document(file)


def document(folder: Path, name: str, text: str) -> Document:
    """A document of a text that is right."""
    found = read(folder, name, text)
    assert isinstance(found, Document)
    return found


@pytest.mark.parametrize(
    ("text", "message", "line", "help_"),
    [
        ("a =", "invalid value", 1, "quotes"),
        ("\nx = yes", "invalid value", 2, "lower case"),
        ("a = 1\na = 2", "cannot overwrite a value", 2, "twice"),
        ("[a]\n[a]", "cannot declare", 2, "twice"),
        ("novalue", "expected '=' after a key", 1, "name = value"),
        ('a = "open', "unterminated string", 1, ""),
        ("[mqtt", "expected ']'", 1, ""),
    ],
)
def test_wrong_toml_is_a_problem_at_its_line(
    tmp_path: Path, text: str, message: str, line: int, help_: str
) -> None:
    """In the same shape as all other problems."""
    found = read(tmp_path, "f.toml", text)
    assert isinstance(found, Problem)
    assert found.place is not None
    assert (found.place.line, message in found.message, help_ in found.help) == (line, True, True), found
    assert "^" in found.render()


def test_bytes_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    """With the place of the first of them."""
    found = read(tmp_path, "f.toml", b"a = '\xff'")
    assert isinstance(found, Problem)
    assert found.message == "not UTF-8: byte 5 of the file is 0xff"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """The reason is the system's own word."""
    found = read_document(tmp_path)
    assert isinstance(found, Problem)
    assert "directory" in found.message


def test_files_of_other_editors_are_read(tmp_path: Path) -> None:
    """A byte order mark and Windows line ends change nothing."""
    found = read(tmp_path, "f.toml", "\ufeffa = 1\r\n[b]\r\nc = 'x'\r\n".encode())
    assert isinstance(found, Document)
    assert found.data == {"a": 1, "b": {"c": "x"}}
    assert found.places.key(("b", "c")).text == "c = 'x'"


def test_tables_are_joined_and_lists_of_tables_appended_to(tmp_path: Path) -> None:
    """Each option knows the file and line that it came from."""
    main = document(tmp_path, "main.toml", "[mqtt]\nurl = 'a'\n[[source]]\ntopic = 'x'")
    more = document(
        tmp_path, "more.toml", "[[source]]\ntopic = 'y'\n[mqtt]\nusername = 'u'\n[log]\nlevel = 'info'"
    )
    merged = Merged([main, more])
    assert merged.problems == []
    assert merged.data == {
        "mqtt": {"url": "a", "username": "u"},
        "source": [{"topic": "x"}, {"topic": "y"}],
        "log": {"level": "info"},
    }
    assert merged.value_place(("source", 1, "topic")).file.name == "more.toml"
    assert merged.value_place(("source", 1, "topic")).line == 2
    assert merged.key_place(("mqtt", "username")).line == 4
    assert merged.key_place(("mqtt", "url")).file.name == "main.toml"
    assert main.data["source"] == [{"topic": "x"}]


@pytest.mark.parametrize("again", ["url = 'b'", "url = 'a'", "url = { x = 1 }"])
def test_an_option_that_two_files_set_is_a_problem(tmp_path: Path, again: str) -> None:
    """No file overrides another in silence, not even with the same value."""
    main = document(tmp_path, "main.toml", "[mqtt]\nurl = 'a'")
    more = document(tmp_path, "more.toml", f"[mqtt]\n{again}")
    [problem] = Merged([main, more]).problems
    assert f"already set in {tmp_path}/main.toml:2" in problem.message
    assert problem.place is not None
    assert (problem.place.file.name, problem.place.line, problem.option) == ("more.toml", 2, "mqtt.url")


def test_a_path_is_written_as_people_write_it() -> None:
    """Names by dots, indexes in brackets."""
    assert dotted(("source", 0, "time", "field")) == "source[0].time.field"
    assert dotted(()) == ""
