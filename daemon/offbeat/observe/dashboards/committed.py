"""All dashboards by the file they are committed as."""

from __future__ import annotations

from offbeat.observe.dashboards.dashboard import text_of
from offbeat.observe.dashboards.episodes import episodes
from offbeat.observe.dashboards.overview import overview
from offbeat.observe.dashboards.sensor import sensor


def dashboard_files() -> dict[str, str]:
    """Return the text of each dashboard by its file name."""
    return {f"{board['uid']}.json": text_of(board) for board in (overview(), episodes(), sensor())}
