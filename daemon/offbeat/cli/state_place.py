"""Where the state of a configuration lies: a service has a place of its own, of which systemd tells it alone."""

from __future__ import annotations

import os
from pathlib import Path

from offbeat.cli.config_choice import SYSTEM_CONFIG
from offbeat.config.settings import Settings, StateSettings

SYSTEM_STATE = Path("/var/lib")


def state_place(path: Path, state: StateSettings) -> Path:
    """Return where the state of a configuration lies.

    What a service is configured by is not looked for in the working directory: anybody may have put it there.

    Args:
        path: of the configuration.
        state: what it says of its state, as far as it can be read.
    """
    if is_named(state) or os.environ.get("STATE_DIRECTORY") or path.absolute().parent != SYSTEM_CONFIG.parent:
        return state.directory
    return SYSTEM_STATE / (
        SYSTEM_CONFIG.stem if path.stem == SYSTEM_CONFIG.stem else f"{SYSTEM_CONFIG.stem}-{path.stem}"
    )


def with_its_state(path: Path, settings: Settings) -> Settings:
    """Return the settings of a configuration as the daemon has them that runs by it, with its state directory."""
    place = state_place(path, settings.state)
    if place == settings.state.directory:
        return settings
    return settings.model_copy(update={"state": settings.state.model_copy(update={"directory": place})})


def is_named(state: StateSettings) -> bool:
    """Return whether the configuration itself says where its state lies."""
    return "directory" in state.model_fields_set
