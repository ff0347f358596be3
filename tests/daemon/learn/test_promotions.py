"""The history of what was in service."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.learn.promotions import MOST_KEPT, Promotion, Promotions


def after(*steps: str) -> Promotions:
    """Return a history; a step is a version that is promoted, or "<" for the way back."""
    history = Promotions()
    for step in steps:
        back = step == "<"
        version = history.previous if back else step
        assert version is not None
        one = Promotion(
            version, "2026-01-01T00:00:00+00:00", "root", "a test", "rollback" if back else "promote"
        )
        history = history.and_then(one)
    return history


@pytest.mark.parametrize(
    ("steps", "current", "previous"),
    [
        ([], None, None),
        (["a"], "a", None),
        (["a", "b"], "b", "a"),
        (["a", "b", "<"], "a", None),
        (["a", "b", "c", "<"], "b", "a"),
        (["a", "b", "c", "<", "<"], "a", None),
        (["a", "b", "<", "c"], "c", "a"),
        (["a", "b", "a"], "a", "b"),
        (["a", "b", "a", "<"], "b", "a"),
        (["a", "b", "b"], "b", "a"),
    ],
)
def test_the_way_back_leads_past_what_was_rolled_back(
    steps: list[str], current: str | None, previous: str | None
) -> None:
    """A version that was a mistake is not what a second rollback brings back."""
    history = after(*steps)
    assert (history.current, history.previous) == (current, previous)


@given(st.lists(st.sampled_from("abc"), max_size=8))
def test_as_many_rollbacks_as_changes_lead_to_the_first_version(versions: list[str]) -> None:
    """However often one and the same was promoted."""
    history = after(*versions)
    while history.previous is not None:
        history = after_one_back(history)
    assert history.current == (versions[0] if versions else None)


def after_one_back(history: Promotions) -> Promotions:
    """Return a history with one rollback more."""
    assert history.previous is not None
    return history.and_then(Promotion(history.previous, "", "", "", "rollback"))


def test_a_history_is_read_as_it_was_written() -> None:
    """Whoever did it, for whatever reason."""
    history = Promotions(
        (Promotion("a", "2026-01-01T00:00:00+00:00", "Ödön", 'because of "\ud83e"', "promote"),)
    )
    assert Promotions.from_bytes(after("a", "b", "<").to_bytes()) == after("a", "b", "<")
    (read,) = Promotions.from_bytes(history.to_bytes())
    assert read.by == "Ödön"


def test_the_oldest_entries_are_forgotten_and_the_way_back_is_not_lost() -> None:
    """A rollback whose way there is no longer known is where the history begins."""
    history = after(*["a", "b"] * MOST_KEPT)
    assert len(list(history)) == MOST_KEPT
    assert (history.current, history.previous) == ("b", "a")
    cut = Promotions((Promotion("x", "", "", "", "rollback"), Promotion("y", "", "", "", "promote")))
    assert (cut.current, cut.previous) == ("y", "x")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"format": "other"}',
        json.dumps({"format": "offbeat-promotions/1"}).encode(),
        json.dumps({"format": "offbeat-promotions/1", "promotions": [{"version": "a"}]}).encode(),
        after("a").to_bytes().replace(b'"root"', b"1"),
        b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_history_is_refused(content: bytes) -> None:
    """With one kind of error, whatever is wrong."""
    with pytest.raises(ValueError, match=r".+"):
        Promotions.from_bytes(content)


@pytest.mark.parametrize(
    ("steps", "latest"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "<"], "ab"),
        (["a", "b", "c"], "abc"),
        (["a", "b", "c", "d"], "bcd"),
        (["a", "b", "c", "<", "<"], "abc"),
    ],
)
def test_what_a_daemon_may_still_be_judging_by_is_known(steps: list[str], latest: str) -> None:
    """Also what was rolled back, which no rollback brings back."""
    assert after(*steps).latest == frozenset(latest)
