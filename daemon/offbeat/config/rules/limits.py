"""Rules about what bounds the daemon: memory, disk, the addresses it uses."""

from __future__ import annotations

from collections.abc import Iterator

from offbeat.config.memory import required_bytes
from offbeat.config.rules.finding import Finding, Parts

_MIB = 1024**2


def check_limits(parts: Parts) -> Iterator[Finding]:
    """Yield what is wrong with [limits], [journal], [model], [alerts] and [state]."""
    yield from _check_memory(parts)
    yield from _check_journal(parts)
    yield from _check_windows(parts)
    yield from _check_root(parts)
    yield from _check_state(parts)


def _check_memory(parts: Parts) -> Iterator[Finding]:
    limits = parts.limits
    if limits is None:
        return
    if limits.max_payload_bytes > limits.inbox_bytes:
        yield Finding(("limits", "max_payload"), "a payload may be larger than the inbox that has to hold it")
    if limits.memory_bytes is None:
        return
    need = required_bytes(limits, list(parts.sources.values()))
    if need > limits.memory_bytes:
        each = (need - limits.inbox_bytes) / limits.max_sensors
        fits = max(0, int((limits.memory_bytes - limits.inbox_bytes) / each))
        yield Finding(
            ("limits", "memory"),
            f"{limits.max_sensors:,} sensors with windows of {limits.window_readings} readings need "
            f"{need / _MIB:,.0f} MiB, and {limits.memory_bytes / _MIB:,.0f} MiB are allowed",
            f"allow more, or lower max_sensors{f' (to {fits:,})' if fits else ''}, window_readings or inbox",
        )


def _check_journal(parts: Parts) -> Iterator[Finding]:
    journal = parts.journal
    if journal and journal.enabled and journal.max_bytes < 2 * journal.segment_bytes:
        yield Finding(
            ("journal", "max_size"),
            "the journal must hold at least two segments, or clearing the oldest would clear what just came",
            "allow more, or set a smaller segment_size",
        )


def _check_windows(parts: Parts) -> Iterator[Finding]:
    if parts.model and parts.limits and parts.model.window_stride_readings > parts.limits.window_readings:
        yield Finding(
            ("model", "window_stride"),
            f"readings would leave the window of {parts.limits.window_readings} before it is scored",
            "set a stride of at most limits.window_readings",
        )


def _check_root(parts: Parts) -> Iterator[Finding]:
    if parts.alerts is None:
        return
    root = parts.alerts.root
    if not root or any(c in root for c in "+#\0") or root.startswith(("/", "$")) or root.endswith("/"):
        yield Finding(
            ("alerts", "root"),
            f'cannot publish below "{root}"',
            'write a topic without wildcards and outer slashes, such as "offbeat" or "site1/offbeat"',
        )


def _check_state(parts: Parts) -> Iterator[Finding]:
    for path, folder in (
        (("state", "directory"), parts.state and parts.state.directory),
        (("model", "artifact"), parts.model and parts.model.artifact),
    ):
        if folder and folder.exists() and not folder.is_dir():
            yield Finding(path, f"{folder} is a file; expected a folder")
