"""Where the daemon's pages are served: an address that may change while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from offbeat.app.reloading import Change
from offbeat.config.settings import MetricsSettings, Settings
from offbeat.observe.http import HttpServer, Page
from offbeat.observe.http_access import Access


class Web:
    """Pages behind an address.

    Args:
        settings: address, and who may read.
        pages: by path.

    Raises:
        ConfigError: the address or a file that is named cannot be used.
        UnavailableError: the port is taken.
    """

    def __init__(self, settings: MetricsSettings, pages: Mapping[str, Page]) -> None:
        self._pages = pages
        self._settings = settings
        self._server = self._bind(settings, Access.of(settings))

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()

    def prepare(self, old: Settings, new: Settings) -> Iterable[Change]:
        """Look over the files of who may read. They are read at every reload: a password may be a new one."""
        access = Access.of(new.metrics)
        return [
            Change(
                lambda: self._move(new.metrics, access),
                lambda: self._move(old.metrics, Access.of(old.metrics)),
            )
        ]

    def _move(self, settings: MetricsSettings, access: Access) -> None:
        before, self._settings = self._settings, settings
        if before.listen == settings.listen:
            self._server.admit(access)
            return
        # The new address may be the old one on other interfaces: first the old one has to be free.
        self._server.stop()
        try:
            self._server = self._bind(settings, access)
        except Exception:
            self._settings = before
            self._server = self._bind(before, Access.of(before))
            self._server.start()
            raise
        self._server.start()

    def _bind(self, settings: MetricsSettings, access: Access) -> HttpServer:
        return HttpServer(settings.listen, self._pages, access=access)
