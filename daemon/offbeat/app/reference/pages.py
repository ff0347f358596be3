"""All pages of the reference, by the name that each has in `docs/reference`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from offbeat.app.reference.commands import commands_page
from offbeat.app.reference.configuration import configuration_page
from offbeat.app.reference.events import events_page
from offbeat.app.reference.http import http_page
from offbeat.app.reference.metrics import metrics_page


def reference_pages(parsers: Mapping[str, argparse.ArgumentParser]) -> dict[str, str]:
    """Return the text of every page.

    Args:
        parsers: of every command, by name: the command line is above this layer.
    """
    return {
        "configuration.md": configuration_page(),
        "metrics.md": metrics_page(),
        "events.md": events_page(),
        "http.md": http_page(),
        "commands.md": commands_page(parsers),
    }
