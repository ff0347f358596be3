"""A tiny training that the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.support.learnt import Learnt, learn


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    """What a tiny model learnt of boilers and of pairs; its folder is only read."""
    return learn(tmp_path_factory.mktemp("learnt"))
