"""The injected suite played live: through a real broker into daemons that begin with an empty state."""

from __future__ import annotations

from tests.benchmarks.live.section import measure

__all__ = ["measure"]
