"""How the connection to the broker is, and why, in words that say what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LinkState = Literal["connecting", "connected", "subscribed", "refused", "disconnected", "stopped"]


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the connection is.

    Attributes:
        state: "subscribed" when readings can come; "refused" when the broker said no to the connection or
            to a subscription.
        connected: whether the broker accepted the connection, which stands.
        reason: what is wrong and what to do; empty when nothing is.
        session_present: whether the broker kept what was missed during an absence.
        protocol: "5" or "3.1.1": what is spoken or was tried last.
        refused_topics: filters that the broker does not let us read.
    """

    state: LinkState
    connected: bool = False
    reason: str = ""
    session_present: bool = False
    protocol: str = ""
    refused_topics: tuple[str, ...] = ()


def say_topics_refused(topics: tuple[str, ...]) -> str:
    """Return that subscriptions were refused."""
    names = ", ".join(f'"{topic}"' for topic in topics)
    return (
        f"the broker does not let us read {names}: allow it in the broker's access rules, or take the source "
        "out of the configuration"
    )


def say_taken_over(client_id: str) -> str:
    """Return that connections end one after the other."""
    return (
        f'the connection was ended again and again: another client probably uses the id "{client_id}". Is a '
        "second daemon running? Give each its own mqtt.client_id"
    )
