"""What kind of anomaly an episode of the process track is, by which streams are loud."""

from __future__ import annotations

from collections.abc import Mapping

NEARLY = 0.9
"""A kind that says more is told where it is nearly as loud as the loudest."""

_TELLING = ("novelty", "spike", "relation", "variance", "drift", "level", "shape")
"""From what says most to what says least. A spike is off its level and off its course as well."""


def told(voices: Mapping[str, float]) -> str | None:
    """Return the kind to tell of; None where no stream has an opinion.

    Args:
        voices: surprise of the loudest stream of each kind.
    """
    if not voices:
        return None
    loudest = max(voices.values())
    near = [kind for kind, loud in voices.items() if loud >= NEARLY * loudest]
    return min(near, key=lambda kind: (_rank(kind), kind))


def _rank(kind: str) -> int:
    return _TELLING.index(kind) if kind in _TELLING else len(_TELLING)
