"""Reading the configuration again while the daemon runs: all of the new one takes effect, or none of it.

Read and validate; prepare every change, which may fail and changes nothing; apply them one after the other. Should one
fail then, those before it are undone in reverse, and the daemon goes on by the configuration before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog

from offbeat.app.reload_record import ReloadRecord, Result
from offbeat.config.reloading import needing_restart
from offbeat.config.report import Problem, Report, without_secrets
from offbeat.config.settings import Settings
from offbeat.errors import OffbeatError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Reread = Callable[[], tuple[Settings | None, Report]]
"""Reads the configuration as at the start; None where it cannot be used."""


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a reload, prepared.

    Attributes:
        apply: lets it take effect; raises what keeps it from that, and has then changed nothing.
        undo: takes it back.
    """

    apply: Callable[[], object]
    undo: Callable[[], object]


Prepare = Callable[[Settings, Settings], Iterable[Change]]
"""Looks over what differs between the settings that run and others; raises what says why not."""


class Reloading:
    """Reloads the configuration of a running daemon.

    Args:
        settings: that it runs by.
        reread: reads the configuration.
        prepare: by part, in the order in which they are applied.
        record: of what became of it.
        clock: unix seconds.

    Attributes:
        settings: that the daemon runs by now.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Reread,
        prepare: Iterable[Prepare],
        record: ReloadRecord,
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._reread = reread
        self._prepare = list(prepare)
        self._record = record
        self._clock = clock

    def reload(self) -> bool:
        """Read the configuration and run by it; return whether that is so now. Never raises."""
        try:
            settings, report = self._reread()
        except Exception as error:  # noqa: BLE001 - what runs well must not end by a file that somebody edits
            return self._refuse(f"the configuration could not be read: {error!r}")
        for found in report.warnings:
            _log.warning("a warning about the configuration", **_told(found))
        if settings is None:
            for found in report.problems:
                _log.error("a problem of the configuration", **_told(found))
            return self._refuse(_summary(report))
        if options := needing_restart(self.settings, settings):
            return self._refuse(f"only a restart can change {', '.join(options)}")
        try:
            changes = [change for prepare in self._prepare for change in prepare(self.settings, settings)]
        except Exception as error:  # noqa: BLE001 - a file that went between two looks is no end of the daemon either
            return self._refuse(_reason(error))
        return self._apply(settings, changes)

    def _apply(self, settings: Settings, changes: list[Change]) -> bool:
        for number, change in enumerate(changes):
            try:
                change.apply()
            except Exception as error:  # noqa: BLE001 - whatever it was, the daemon goes on as before
                reasons = [_reason(error), *_undo(reversed(changes[:number]))]
                return self._fail("rolled_back", "; and not taken back: ".join(reasons))
        self.settings = settings
        self._record.applied(self._clock())
        _log.info("the configuration was read again and is in force", sources=len(settings.sources))
        return True

    def _refuse(self, why: str) -> bool:
        return self._fail("refused", why)

    def _fail(self, result: Result, why: str) -> bool:
        # Whoever may read the page or the log need not see what should not stand in the file.
        told = without_secrets(" ".join(why.split()))
        self._record.failed(result, told)
        _log.error(
            "the configuration was read again and refused; the one before stays in force",
            reason=told,
            result=result,
        )
        return False


def _undo(changes: Iterable[Change]) -> Iterator[str]:
    """Take changes back, each whatever becomes of the others; yield why one could not be."""
    for change in changes:
        try:
            change.undo()
        except Exception as error:  # noqa: BLE001 - the others are to be taken back all the same
            yield _reason(error)


def _reason(error: Exception) -> str:
    """Return what an error says; one that we did not foresee is logged with where it came from."""
    if not isinstance(error, OffbeatError):
        _log.error("a change of the configuration failed", exc_info=error)
    return str(error) or repr(error)


def _told(found: Problem) -> dict[str, object]:
    place = found.place
    where = {} if place is None else {"file": str(place.file), "line": place.line}
    said = {"option": found.option, "reason": found.message, "help": found.help, **where}
    return {
        name: without_secrets(value) if isinstance(value, str) else value
        for name, value in said.items()
        if value
    }


def _summary(report: Report) -> str:
    """Return the first problem in one line, and how many there are."""
    first, more = report.problems[0], len(report.problems) - 1
    place = first.place
    where = "" if place is None else f"{place.file}:{place.line}: " if place.line else f"{place.file}: "
    return f"{where}{first.message}" + (f", and {more} more" if more else "")
