"""Streams of surprise: one file each, one contract (`base.Stream`), one battery of tests for all."""
