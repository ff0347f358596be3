"""Which fields of a payload are measurements."""

from __future__ import annotations

from fnmatch import fnmatchcase

from offbeat.config.settings import SourceSettings

_WILD = frozenset("*?[")
MOST_TYPED_FIELDS = 16


class FieldRule:
    """The include and exclude globs of a source, over flattened names ("pump.temperature").

    A name that is included letter by letter is wanted even if a glob excludes it. Excluding globs also look
    at the last part of a name; the time field is never a measurement.
    """

    def __init__(self, source: SourceSettings) -> None:
        self._include = source.include
        self._exclude = source.exclude
        self._time_field = source.time.field
        self._channels = source.channels

    def wants(self, name: str) -> bool:
        """Tell whether a field is a measurement."""
        if name == self._time_field:
            return False
        if self._channels:
            return name in self._channels
        if name in self._include:
            return True
        last = name.rpartition(".")[2]
        excluded = any(fnmatchcase(name, glob) or fnmatchcase(last, glob) for glob in self._exclude)
        return not excluded and any(fnmatchcase(name, glob) for glob in self._include)

    def literal(self) -> tuple[str, ...]:
        """Return the wanted fields if they are a few known ones at the top of the object, else nothing."""
        names = self._channels or self._include
        top = all(not _WILD & set(name) and "." not in name for name in names)
        timed = self._time_field is None or "." not in self._time_field
        if not (top and timed) or self._time_field in names or len(names) > MOST_TYPED_FIELDS:
            return ()
        return tuple(dict.fromkeys(names))
