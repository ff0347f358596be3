"""Fixtures that every test may ask for, and how all tests run."""

from __future__ import annotations

import os

import hypothesis
import pytest

from tests.support.mosquitto import broker, start_broker

__all__ = ["broker", "start_broker"]


def pytest_configure(config: pytest.Config) -> None:
    """Leave speed out of verdicts: a busy machine must not fail a test that a quiet one passes."""
    # One thread each, for the workers and what they start, before any of them imports torch.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile(
        "offbeat", deadline=None, print_blob=True, suppress_health_check=slow
    )
    hypothesis.settings.load_profile("offbeat")
