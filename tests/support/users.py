"""Being another user for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NOBODY = 65534
"""The user `nobody`, who may do nothing."""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user, or give a file away")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be `nobody`, as far as files are concerned."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
