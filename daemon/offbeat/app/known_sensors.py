"""Which sensors there are, as far as a command can know: from the daemon that runs, else from what it left behind."""

from __future__ import annotations

from offbeat.app.daemon_api import DaemonApi
from offbeat.app.told import episodes_of
from offbeat.config.settings import Settings
from offbeat.errors import ConfigError, UnavailableError
from offbeat.ingest.decoder import directory_of

_PAGE = 1000


def known_sensors(settings: Settings) -> set[str]:
    """Return the ids of the sensors that are known; those that had an episode where no daemon answers."""
    try:
        return _of_daemon(DaemonApi(settings.metrics))
    except (UnavailableError, ConfigError):
        return {one.sensor for one in episodes_of(settings)}


def known_groups(settings: Settings) -> list[str]:
    """Return the names of the groups of sensors that the configuration makes."""
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    return [group.name for group in directory.groups]


def _of_daemon(api: DaemonApi) -> set[str]:
    found: set[str] = set()
    offset, total = 0, 1
    while offset < total:
        page = api.ask("/api/v1/sensors", sort="name", limit=_PAGE, offset=offset)
        found |= {one["sensor"] for one in page["sensors"]}
        offset, total = offset + _PAGE, page["total"]
    return found
