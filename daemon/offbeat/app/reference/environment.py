"""The environment variables that are read, and what for."""

from __future__ import annotations

VARIABLES = {
    "STATE_DIRECTORY": "Where state is kept when `state.directory` says nothing; systemd sets it (`StateDirectory=`).",
    "CREDENTIALS_DIRECTORY": "Where relative paths of files are looked for first; systemd sets it (`LoadCredential=`).",
    "NOTIFY_SOCKET": "Where the daemon says that it is ready, its status, and that it lives; systemd sets it.",
    "WATCHDOG_USEC": "How often it has to say that it lives; systemd sets it (`WatchdogSec=`).",
    "WATCHDOG_PID": "Whose life that is about; systemd sets it.",
    "JOURNAL_STREAM": "Tells whether standard error is systemd's journal, for `log.format`; systemd sets it.",
    "NO_COLOR": "Set to anything: no colours on a terminal.",
    "TERM": '"dumb": no colours either.',
    "SUDO_USER": "Who is named in the history of models, where a command ran under sudo.",
    "SUDO_UID": "Whose configuration in the working directory is taken, too, where a command runs as root under sudo.",
    "OFFBEAT_DEBUG": "Set to 1: a failing command shows its traceback, which belongs into a report of a bug.",
}
"""Names and meanings."""
