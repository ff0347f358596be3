"""Recordings and configurations for the commands that learn and play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import structlog

CONFIG = '[mqtt]\nurl = "mqtt://127.0.0.1:1"\n[[source]]\ntopic = "plant/{line}/{sensor}"\ntime = { field = "ts" }\n'


@pytest.fixture(autouse=True)
def _untouched_structlog() -> Iterator[None]:
    """Commands log to the standard error of their own test."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording of 300 rows, a second apart."""
    random = np.random.default_rng(0)
    rows = [f"{1.7e9 + i:.0f},{np.sin(i / 9) + random.normal(0, 0.1):.4f}" for i in range(300)]
    path = tmp_path / "pump.csv"
    path.write_text("time,value\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose state lies beside it."""
    path = tmp_path / "offbeat.toml"
    path.write_text(CONFIG + f'[state]\ndirectory = "{tmp_path / "state"}"\n')
    return path
