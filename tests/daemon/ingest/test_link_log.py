"""Log lines about the connection."""

from __future__ import annotations

from structlog.testing import capture_logs

from offbeat.ingest.link_log import LinkLog
from offbeat.ingest.link_status import LinkStatus


def test_the_same_trouble_is_logged_once_until_the_connection_was_good() -> None:
    """Every new reason is a line; a night of the same one is one line."""
    log = LinkLog("mqtt://b:1883", "me")
    with capture_logs() as lines:
        for _ in range(5):
            log.tell(LinkStatus("connecting"))
            log.tell(LinkStatus("disconnected", reason="down"))
        log.tell(LinkStatus("refused", reason="no"))
        log.tell(LinkStatus("subscribed", connected=True, protocol="5"))
        log.begin_anew()
        log.tell(LinkStatus("disconnected", reason="down"))
    assert [line.get("reason", "listening") for line in lines] == ["down", "no", "listening", "down"]


def test_ever_new_reasons_cost_no_memory() -> None:
    """Reasons hold texts of others."""
    log = LinkLog("mqtt://b:1883", "me")
    with capture_logs() as lines:
        for i in range(1000):
            log.tell(LinkStatus("disconnected", reason=f"{i}"))
    assert len(lines) == 1000
