"""The errors a user can cause or meet, each with the exit code the command line ends with.

    OffbeatError            1   the work failed for a reason the message names
    |- UsageError           2   the command line is wrong
    |- UnavailableError    69   something needed is not there: a broker, a port, a file system
    |- ConfigError         78   a configuration, an artifact or a recording cannot be used as it is

A message says what was found, what was expected, where, and what to do. It is printed as it stands;
a user's mistake never shows a traceback.
"""

from __future__ import annotations

from typing import ClassVar


class OffbeatError(Exception):
    """The work failed for a reason that the message names."""

    exit_code: ClassVar[int] = 1


class UsageError(OffbeatError):
    """The command line asks for something that cannot be done."""

    exit_code: ClassVar[int] = 2


class UnavailableError(OffbeatError):
    """Something needed is not reachable: a broker, a port, a disk."""

    exit_code: ClassVar[int] = 69


class ConfigError(OffbeatError):
    """A configuration, an artifact or a recording cannot be used as it is."""

    exit_code: ClassVar[int] = 78
