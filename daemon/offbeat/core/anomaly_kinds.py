"""What kind of anomaly an episode of the process track is, by which streams are loud.

The numbers were chosen on injected faults, by how many are told as what they are: decision 4 has the figures of others.
"""

from __future__ import annotations

from collections.abc import Mapping

_TELLING = {
    "novelty": 0.9,
    "relation": 0.9,
    "variance": 0.8,
    "spike": 0.6,
    "drift": 0.9,
    "level": 0.9,
    "shape": 0.9,
}
"""Kinds from what says most to what says least, and the share of the loudest that is enough for each to be told.

What a sensor does for some time is asked before what it did once. A spike is off its level and off its course as well,
and both say more of it than the jump does.
"""

_RANKS = {kind: rank for rank, kind in enumerate(_TELLING)}
_ENOUGH = 0.9
"""For a kind that is not known here, which says least."""

WORST = 0.9
"""Share of the highest score of an episode from which a row says what kind it is: an echo must not rename it."""


def told(voices: Mapping[str, float]) -> str | None:
    """Return the kind to tell of; None where no stream has an opinion.

    Args:
        voices: surprise of the loudest stream of each kind.
    """
    if not voices:
        return None
    loudest = max(voices.values())
    near = [kind for kind, loud in voices.items() if loud >= _TELLING.get(kind, _ENOUGH) * loudest]
    return min(near, key=lambda kind: (_RANKS.get(kind, len(_RANKS)), kind))
