"""Helpers for tests of the core and of what is built on it: shipped, so that others can test their parts too."""
