"""`python -m tests.benchmarks.detection [--only SECTION,...] [--sets SET,...]`: how well anomalies are found."""

from __future__ import annotations

import sys

from tests.benchmarks.detection.runner import main

# The runner is a module of its own: processes that are started for a step cannot import this one.
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
