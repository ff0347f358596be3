"""Payloads that are one value as text: `21.5`, ` 21.5 `, `ON`, `unavailable`."""

from __future__ import annotations

from offbeat.ingest.payloads.values import value_of_text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANKS = b"\x00 \t\r\n"
"""What stands around payloads: firmware in C likes to send the zero behind its strings."""
_LONGEST_BYTES = 80


def clean(payload: bytes) -> bytes:
    """Return a payload without byte order mark, blanks and zeros around it."""
    return payload.removeprefix(BYTE_ORDER_MARK).strip(BLANKS)


def read_number(payload: bytes) -> float | None:
    """Return the one value of a payload: NaN if it says that there is none, None if it is not a value."""
    try:
        value = float(payload)
    except ValueError:
        return _read_text(clean(payload))
    return value if b"_" not in payload else None


def _read_text(body: bytes) -> float | None:
    if len(body) > _LONGEST_BYTES or not body.isascii():
        return None
    text = body.decode("ascii")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return value_of_text(text)
