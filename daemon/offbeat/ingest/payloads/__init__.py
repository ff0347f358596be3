"""Payload dialects: bytes -> named values. One file a dialect."""
