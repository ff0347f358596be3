"""The state of a daemon, for commands that leave word for it there: it has to be one that a daemon will look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offbeat.config.settings import Settings
    from offbeat.state.order_book import OrderBook

_WHAT_TO_DO = (
    "start the daemon of this configuration first, name the configuration of the daemon by --config, or name its "
    "directory by state.directory, or where that is not set by STATE_DIRECTORY=DIR before the command"
)


def daemon_state(settings: Settings) -> Path:
    """Return the state directory that the daemon of a configuration has.

    Raises:
        UnavailableError: there is none, or no daemon has ever run on it: word would be left for nobody.
    """
    from offbeat.errors import UnavailableError
    from offbeat.state import order_book, store

    folder = settings.state.directory
    if any((folder / name).exists() for name in (order_book.FILE, store.FILE)):
        return folder
    found = (
        f'no daemon has ever run on the state directory "{folder}": it has no {store.FILE}'
        if folder.is_dir()
        else f'there is no state directory "{folder}"'
    )
    raise UnavailableError(f"{found}; expected the state directory of a daemon that has run: {_WHAT_TO_DO}")


def open_book(settings: Settings) -> OrderBook:
    """Return the daemon's book of what people said.

    Raises:
        UnavailableError: there is no state of a daemon, or it cannot be written.
    """
    from offbeat.state.order_book import FILE, OrderBook

    return OrderBook(daemon_state(settings) / FILE, visiting=True)
