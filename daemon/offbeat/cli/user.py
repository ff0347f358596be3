"""Who gives a command, for the histories that remember it."""

from __future__ import annotations

import os
import pwd


def acting_user() -> str:
    """Return the name of the person at the keyboard, also behind sudo; the number of a user without a name."""
    if asked := os.environ.get("SUDO_USER"):
        return asked
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
