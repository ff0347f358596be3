"""Offbeat: a daemon that says when a sensor which reports whenever it likes falls out of step."""

__version__ = "0.1.0"
