"""Messages that are not used are told of in the log."""

from __future__ import annotations

from structlog.testing import capture_logs

from offbeat.app.drop_log import REPEAT_SECONDS, DropLog
from offbeat.core.ledger import Drop, Ledger


def test_the_first_of_each_reason_is_told_and_what_goes_on_once_in_a_while() -> None:
    """With how many there were; what a broker repeats at every subscription is not worth a line."""
    log, ledger = DropLog(), Ledger("decoder", "message")
    with capture_logs() as lines:
        log.look(ledger, {Drop.UNDECODABLE: "plant/pump"}, 0.0)
        ledger.drop(Drop.UNDECODABLE)
        ledger.drop(Drop.RETAINED, 50)
        log.look(ledger, {Drop.UNDECODABLE: "plant/pump"}, 1.0)
        ledger.drop(Drop.UNDECODABLE)
        ledger.drop(Drop.NO_VALUE, 4)
        log.look(ledger, {Drop.UNDECODABLE: "plant/pump"}, 2.0)
        log.look(ledger, {Drop.UNDECODABLE: "plant/pump"}, 1.0 + REPEAT_SECONDS)
        log.look(ledger, {Drop.UNDECODABLE: "plant/pump"}, 9.0 + 2 * REPEAT_SECONDS)
    assert [(line["reason"], line["since_the_start"]) for line in lines] == [
        ("undecodable", 1),
        ("no_value", 4),
        ("undecodable", 2),
    ]
    assert [line.get("topic") for line in lines] == ["plant/pump", None, "plant/pump"]
    assert {(line["event"], line["log_level"]) for line in lines} == {("messages are dropped", "warning")}
