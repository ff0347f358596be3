"""`python -m tests.pictures [demo] [many] [report] [dashboards]`: the pictures in docs/images, all or some."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.pictures.boards import of_dashboards
from tests.pictures.page import of_many, of_the_demo
from tests.pictures.report import of_the_report
from tests.support.browser import CHROMIUM, Browser

TAKES = {"demo": of_the_demo, "many": of_many, "report": of_the_report, "dashboards": of_dashboards}


def main(names: Sequence[str]) -> int:
    """Take the pictures of these names, or all."""
    if CHROMIUM is None:
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 1
    if unknown := set(names) - set(TAKES):
        print(f"there is no picture {', '.join(unknown)}; there are {', '.join(TAKES)}", file=sys.stderr)
        return 2
    with Browser() as browser:
        for name in names or TAKES:
            TAKES[name](browser)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
