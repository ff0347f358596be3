"""Typed settings: what they are, how they are read from TOML, and how their problems are reported."""
