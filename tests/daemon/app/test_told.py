"""What learning knows beside the readings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from offbeat.app.told import exclusions_of
from offbeat.core.orders import Label
from offbeat.state.order_book import OrderBook
from offbeat.state.store import EpisodeHistory
from tests.support.configured import configured
from tests.support.events import an_event

NOW = 1_700_100_000.0
TIMES = np.array([1_700_000_000.0, 1_700_050_000.0])


def test_where_nothing_happened_everything_is_learnt(tmp_path: Path) -> None:
    """And asking makes no files."""
    exclusions = exclusions_of(configured(tmp_path), NOW)
    assert exclusions.keep("line1.pump", TIMES).all()
    assert list(tmp_path.iterdir()) == []


def test_episodes_and_what_was_said_of_them_count_while_the_daemon_runs(tmp_path: Path) -> None:
    """Its files are open; an open episode is left out until somebody says that it is expected."""
    history, book = EpisodeHistory(tmp_path / "episodes.sqlite"), OrderBook(tmp_path / "orders.sqlite")
    history.record([an_event(id="e", sensor="line1.pump", started_at=1_700_040_000.0)])
    settings = configured(tmp_path)
    assert exclusions_of(settings, NOW).keep("line1.pump", TIMES).tolist() == [True, False]
    book.label(Label("e", "line1.pump", "value", 1_700_040_000.0, None, "expected", NOW - 1))
    assert exclusions_of(settings, NOW).keep("line1.pump", TIMES).all()
    book.freeze("all", "", 1_700_000_000.0, 1_700_000_001.0)
    assert exclusions_of(settings, NOW).count("line1.pump", TIMES) == {"frozen": 1}
    history.close()
    book.close()
