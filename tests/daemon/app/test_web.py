"""Where pages are served, and that it can change."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from offbeat.app.web import Web
from offbeat.config.settings import MetricsSettings
from offbeat.errors import ConfigError, UnavailableError
from offbeat.observe.http import Response
from tests.support.configured import configured
from tests.support.ports import free_port

PAGES = {"/": lambda _: Response(b"here")}


def at(port: int, **more: object) -> MetricsSettings:
    """Return settings of a port of this machine."""
    return MetricsSettings(listen=f"127.0.0.1:{port}", **more)


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


@pytest.fixture
def web(port: int) -> Iterator[Web]:
    """Pages that are served there."""
    made = Web(at(port), PAGES)
    made.start()
    yield made
    made.stop()


def answered(port: int, password: str = "") -> int:
    """Return the status of an answer; 0 where nothing listens."""
    headers = {"Authorization": f"Bearer {password}"} if password else {}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers), timeout=5
        ) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def move(web: Web, folder: Path, old: MetricsSettings, new: MetricsSettings) -> None:
    """Move pages."""
    for change in web.prepare(configured(folder, metrics=old), configured(folder, metrics=new)):
        change.apply()


def test_pages_move_to_another_port(web: Web, port: int, tmp_path: Path) -> None:
    """And the old one is free."""
    new = free_port()
    move(web, tmp_path, at(port), at(new))
    assert (answered(port), answered(new)) == (0, 200)


def test_pages_move_to_the_same_port_of_all_interfaces(web: Web, port: int, tmp_path: Path) -> None:
    """Which is not free before the old server has let it go."""
    move(web, tmp_path, at(port), MetricsSettings(listen=f"0.0.0.0:{port}", open_to_all=True))
    assert answered(port) == 200


def test_a_port_that_is_taken_leaves_them_where_they_are(web: Web, port: int, tmp_path: Path) -> None:
    """Nobody is cut off by a slip of the pen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(UnavailableError, match="in use"):
            move(web, tmp_path, at(port), at(taken.getsockname()[1]))
        assert answered(port) == 200


def test_a_password_counts_from_the_reload_on(web: Web, port: int, tmp_path: Path) -> None:
    """Also a new one in the same file."""
    file = tmp_path / "password"
    locked = at(port, password_file=file)
    file.write_text("first")
    move(web, tmp_path, at(port), locked)
    assert (answered(port), answered(port, "first")) == (401, 200)
    file.write_text("second")
    move(web, tmp_path, locked, locked)
    assert (answered(port, "first"), answered(port, "second")) == (401, 200)


def test_files_that_cannot_be_used_are_found_before_anything_moves(
    web: Web, port: int, tmp_path: Path
) -> None:
    """The address stays as it is."""
    new = at(free_port(), password_file=tmp_path / "missing")
    with pytest.raises(ConfigError, match="password_file cannot be read"):
        move(web, tmp_path, at(port), new)
    assert answered(port) == 200


def test_what_is_undone_needs_no_file_any_more(web: Web, port: int, tmp_path: Path) -> None:
    """The edit that is taken back may have removed the old password's file."""
    file, new = tmp_path / "password", free_port()
    locked = at(port, password_file=file)
    file.write_text("first")
    move(web, tmp_path, at(port), locked)
    (change,) = web.prepare(configured(tmp_path, metrics=locked), configured(tmp_path, metrics=at(new)))
    file.unlink()
    change.apply()
    change.undo()
    assert (answered(port), answered(port, "first"), answered(new)) == (401, 200, 0)


def test_a_port_that_is_taken_leaves_them_locked_by_what_was_read(
    web: Web, port: int, tmp_path: Path
) -> None:
    """Also where the file of the password is gone."""
    file = tmp_path / "password"
    locked = at(port, password_file=file)
    file.write_text("first")
    move(web, tmp_path, at(port), locked)
    file.unlink()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(UnavailableError, match="in use"):
            move(web, tmp_path, locked, at(taken.getsockname()[1]))
        assert (answered(port), answered(port, "first")) == (401, 200)
