"""The ledger: what was received is what was accepted and what was dropped for a reason."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.ledger import Drop, Ledger

steps = st.lists(st.tuples(st.none() | st.sampled_from(Drop), st.integers(0, 1000)))


@given(steps)
def test_nothing_is_received_that_is_not_accounted_for(steps: list[tuple[Drop | None, int]]) -> None:
    """After every call the sum holds."""
    ledger, received = Ledger("decode", "messages"), 0
    for reason, count in steps:
        if reason is None:
            ledger.accept(count)
        else:
            ledger.drop(reason, count)
        received += count
        assert ledger.received == received == ledger.accepted + sum(ledger.dropped.values())


def test_every_reason_is_there_from_the_start() -> None:
    """So that a metric shows a 0 before the first drop; reasons are fit for labels."""
    ledger = Ledger("windows", "readings")
    assert ledger.dropped == dict.fromkeys(Drop, 0)
    assert all(reason.value.replace("_", "").isalpha() and reason.value.islower() for reason in Drop)
    assert (ledger.stage, ledger.unit, ledger.received) == ("windows", "readings", 0)
