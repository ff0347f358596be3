"""Helpers for tests of the core and of what is built on it: shipped, for others to use too."""
