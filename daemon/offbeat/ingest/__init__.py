"""Bytes in, readings out: sources, their journal, topics, payloads, and the hand-off to the loop thread."""
