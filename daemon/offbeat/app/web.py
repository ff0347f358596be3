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
        self._access = Access.of(settings)
        self._server = self._bind(settings, self._access)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()

    def prepare(self, old: Settings, new: Settings) -> Iterable[Change]:
        """Look over the files of who may read. They are read at every reload: a password may be a new one."""
        # What was read before is kept: its files may be gone by the time that it is to count again.
        access, before = Access.of(new.metrics), self._access
        return [
            Change(lambda: self._move(new.metrics, access), lambda: self._move(old.metrics, before)),
        ]

    def _move(self, settings: MetricsSettings, access: Access) -> None:
        if self._settings.listen == settings.listen:
            self._server.admit(access)
        else:
            self._bind_anew(settings, access)
        self._settings, self._access = settings, access

    def _bind_anew(self, settings: MetricsSettings, access: Access) -> None:
        # The new address may be the old one on other interfaces: first the old one has to be free.
        self._server.stop()
        try:
            self._server = self._bind(settings, access)
        except Exception:
            self._server = self._bind(self._settings, self._access)
            self._server.start()
            raise
        self._server.start()

    def _bind(self, settings: MetricsSettings, access: Access) -> HttpServer:
        return HttpServer(settings.listen, self._pages, access=access)
