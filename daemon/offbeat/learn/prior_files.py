"""The fleet priors that come with Offbeat, as files: where they lie and which version they are. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from offbeat_models.manifest import MANIFEST, load_manifest

PRIORS = Path(__file__).parents[1] / "priors"
NAME = "fleet_prior"
"""Name of the model, in events and in lists."""


def prior_version(channels: int, priors: Path = PRIORS) -> str | None:
    """Return the version of the prior for sensors with so many channels; None if there is none.

    Raises:
        ArtifactError: it is damaged.
    """
    folder = priors / str(channels)
    return load_manifest(folder)[1] if (folder / MANIFEST).exists() else None
