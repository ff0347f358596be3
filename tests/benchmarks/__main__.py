"""`python -m tests.benchmarks [NAME... [--write]]`: all benchmarks, or some of them."""

from __future__ import annotations

import sys

from tests.benchmarks.runner import main

# The runner is a module of its own: processes that are started for a measurement cannot import this one.
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
