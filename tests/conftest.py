"""Fixtures that every test may ask for."""

from __future__ import annotations

from tests.support.mosquitto import broker, start_broker

__all__ = ["broker", "start_broker"]
