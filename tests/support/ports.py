"""Ports that nothing listens on, and whose a port is."""

from __future__ import annotations

from offbeat.app.ports import free_port
from offbeat.app.ports import listens as owns_port

__all__ = ["free_port", "owns_port"]
