"""Files that come with Offbeat beside its code: units, rules, schemas, examples."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from offbeat.errors import OffbeatError

_TREE = Path(__file__).parents[3]
_INSTALLED = {
    "systemd": "lib/systemd/system",
    "deploy/prometheus": "share/offbeat/prometheus",
    "deploy/grafana/provisioning": "share/offbeat/grafana/provisioning",
    "deploy/schemas": "share/offbeat/schemas",
    "deploy/examples": "share/offbeat/examples",
}
"""Where the wheel puts folders of the tree, as pyproject.toml says under `shared-data`."""


def shipped(folder: str) -> Path:
    """Return where a folder of the source tree is: in the tree, or where the wheel puts it.

    Args:
        folder: a key of `_INSTALLED`.

    Raises:
        OffbeatError: this installation does not hold it.
    """
    places = (_TREE / folder, Path(sysconfig.get_path("data")) / _INSTALLED[folder])
    for place in places:
        if place.is_dir() and any(place.iterdir()):
            return place
    raise OffbeatError(
        f"this installation lacks the files of {folder}: there is no {' and no '.join(map(str, places))}; "
        "install the wheel again"
    )
