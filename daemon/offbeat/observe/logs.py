"""Logging: for people on a terminal, as fields in systemd's journal, as JSON lines anywhere else.

An event is a short constant sentence with key-values: `log.info("connected to the broker", address=...)`.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from offbeat.config.settings import LogSettings
from offbeat.observe.journald import PRIORITIES, SOCKET, JournalWriter
from offbeat.observe.log_limits import RepeatLimiter

Event = MutableMapping[str, Any]

_SECRET_NAME = re.compile(r"(?i)pass(word|wd)?$|secret|token|authorization|api_?key")
_URL_USER = re.compile(r"://[^/@\s]*@")


def configure(
    settings: LogSettings,
    stream: TextIO | None = None,
    environment: Mapping[str, str] | None = None,
    journal: Path = SOCKET,
) -> FilteringBoundLogger:
    """Set up structlog and return a logger.

    Args:
        settings: level and format.
        stream: where lines go; standard error by default.
        environment: tells whether the stream is systemd's journal, and whether colours are wanted.
        journal: journald's socket.
    """
    stream = sys.stderr if stream is None else stream
    environment = os.environ if environment is None else environment
    shape = settings.format if settings.format != "auto" else choose_format(stream, environment)
    writer = _open_journal(journal) if shape == "journal" else None
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        RepeatLimiter(),
        redact,
    ]
    structlog.configure(
        processors=[*common, *(_journal_tail() if writer else _stream_tail(shape, stream, environment))],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        logger_factory=_JournalLoggerFactory(writer) if writer else structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def choose_format(stream: TextIO, environment: Mapping[str, str]) -> str:
    """Return "journal" where a stream leads to systemd's journal, "console" on a terminal, else "json"."""
    try:
        state = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return "json"
    if environment.get("JOURNAL_STREAM") == f"{state.st_dev}:{state.st_ino}":
        return "journal"
    return "console" if stream.isatty() else "json"


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """Take secrets out of an event: values of fields that are named like one, and users in URLs."""
    for name, value in event.items():
        if _SECRET_NAME.search(name) and value is not None:
            event[name] = "***"
        elif isinstance(value, str) and "@" in value:
            event[name] = _URL_USER.sub("://***@", value)
    return event


def _stream_tail(shape: str, stream: TextIO, environment: Mapping[str, str]) -> list[Processor]:
    if shape == "console":
        colours = stream.isatty() and not environment.get("NO_COLOR")
        plain = structlog.dev.plain_traceback
        return [
            structlog.processors.TimeStamper("%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain, pad_event_to=0),
        ]
    return [
        structlog.processors.TimeStamper("iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
    ]


def _journal_tail() -> list[Processor]:
    return [structlog.processors.format_exc_info, journal_fields]


def journal_fields(_logger: Any, _method: str, event: Event) -> Event:
    """Turn an event into fields of the journal; MESSAGE is its sentence with all values."""
    level = str(event.pop("level", "info"))
    sentence = str(event.pop("event", ""))
    exception = event.pop("exception", None)
    values = {name: _as_text(value) for name, value in event.items()}
    message = " ".join([sentence, *(f"{name}={value}" for name, value in values.items())])
    fields: dict[str, Any] = {
        "MESSAGE": f"{message}\n{exception}" if exception else message,
        "PRIORITY": PRIORITIES.get(level, PRIORITIES["info"]),
        "SYSLOG_IDENTIFIER": "offbeat",
        "OFFBEAT_EVENT": sentence,
    }
    # Names of our own come last and never hide what journald itself goes by.
    return {**{name: value for name, value in values.items() if name.upper() not in fields}, **fields}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _open_journal(path: Path) -> JournalWriter | None:
    try:
        writer = JournalWriter(path)
    except OSError:
        # No journald after all, as in a container that only inherited the variable: JSON lines it is.
        return None
    atexit.register(writer.close)
    return writer


class _JournalLogger:
    """What structlog calls with the fields of an entry; every level is one method."""

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer

    def msg(self, **fields: Any) -> None:
        self._writer.write(fields)

    debug = info = warning = error = critical = msg


class _JournalLoggerFactory:
    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer

    def __call__(self, *_names: Any) -> _JournalLogger:
        return _JournalLogger(self._writer)
