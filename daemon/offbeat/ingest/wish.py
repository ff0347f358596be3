"""What is to be listened to: a broker, topics, and how much of a message."""

from __future__ import annotations

from dataclasses import dataclass

from offbeat.config.broker_url import Address, parse_address
from offbeat.config.settings import MqttSettings
from offbeat.ingest.topics import Subscription
from offbeat.link.client import default_client_id


@dataclass(frozen=True, eq=False)
class Wish:
    """What is asked of a source; another one may be asked for while it runs.

    Attributes:
        settings: broker, credentials, protocol.
        subscriptions: from `TopicTable.subscriptions`.
        max_payload_bytes: longer payloads are not kept.
    """

    settings: MqttSettings
    subscriptions: list[Subscription]
    max_payload_bytes: int

    @property
    def address(self) -> Address:
        """The broker."""
        return parse_address(self.settings.url)

    @property
    def client_id(self) -> str:
        """By which the broker knows the connection."""
        return self.settings.client_id or default_client_id()

    @property
    def session(self) -> str:
        """Which session at which broker it is."""
        return f"{self.client_id} at {self.address}"

    @property
    def filters(self) -> frozenset[str]:
        """The topic filters that are wanted."""
        return frozenset(one.filter for one in self.subscriptions)

    def shares_connection(self, other: Wish) -> bool:
        """Tell whether another wish can be fulfilled on a connection that was made for this one."""
        return (self.settings, self.max_payload_bytes) == (other.settings, other.max_payload_bytes)
