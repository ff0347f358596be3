"""The book of what people said of learning, opened by commands that write into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offbeat.config.settings import Settings
    from offbeat.state.order_book import OrderBook


def open_book(settings: Settings) -> OrderBook:
    """Return the daemon's book of what people said.

    Raises:
        UnavailableError: there is no state directory, or it cannot be written.
    """
    from offbeat.errors import UnavailableError
    from offbeat.state.order_book import FILE, OrderBook

    folder = settings.state.directory
    if not folder.is_dir():
        raise UnavailableError(
            f"there is no state directory {folder}; start the daemon of this configuration first, or look at "
            "state.directory"
        )
    return OrderBook(folder / FILE, visiting=True)
