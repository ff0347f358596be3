"""Which MQTT version to speak: 5 first, 3.1.1 where the broker knows no better.

paho goes from 3.1.1 to 3.1 by itself but never from 5 to 3.1.1, and a broker may refuse version 5 in three
ways: by a CONNACK of version 5, by one of version 3.1.1, or by closing the connection without a word.
"""

from __future__ import annotations

from typing import Literal

from paho.mqtt.enums import MQTTProtocolVersion

ProtocolSetting = Literal["auto", "5", "3.1.1"]

_V5, _V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
_CANDIDATES: dict[ProtocolSetting, tuple[MQTTProtocolVersion, ...]] = {
    "auto": (_V5, _V311),
    "5": (_V5,),
    "3.1.1": (_V311,),
}
UNSUPPORTED_PROTOCOL_VERSION = 0x84
"""Reason code of a CONNACK; paho gives the 3.1.1 return code 1 this value too."""


class VersionChooser:
    """Remembers which version the next connection should try.

    Args:
        setting: "auto" tries 5, then 3.1.1; a named version is the only one tried.
    """

    SILENT_CLOSES = 2
    """Closures without a CONNACK until the other version is tried: one may be a broker that just stops."""

    def __init__(self, setting: ProtocolSetting) -> None:
        self._candidates = _CANDIDATES[setting]
        self._index = 0
        self._silent_closes = 0

    @property
    def current(self) -> MQTTProtocolVersion:
        """The version to connect with now."""
        return self._candidates[self._index]

    def accepted(self) -> None:
        """Note that the broker accepted the connection: the version stays until it is refused."""
        self._silent_closes = 0

    def refused(self, reason_code: int) -> bool:
        """Note a refusing CONNACK. Return True if it was for the version and another one will be tried."""
        self._silent_closes = 0
        return reason_code == UNSUPPORTED_PROTOCOL_VERSION and self._advance()

    def closed_silently(self) -> bool:
        """Note a connection closed before any CONNACK. Return True if another version will be tried now."""
        self._silent_closes += 1
        if self._silent_closes < self.SILENT_CLOSES:
            return False
        self._silent_closes = 0
        return self._advance()

    def _advance(self) -> bool:
        self._index = (self._index + 1) % len(self._candidates)
        return len(self._candidates) > 1
