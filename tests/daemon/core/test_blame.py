"""Which channel an anomaly is about."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.blame import shares, suspects
from offbeat.core.commission import Commission
from offbeat.core.explain import Past
from tests.daemon.core.streams.test_shape import channels
from tests.support.commissioned import GAP_SECONDS, commissioned, recording

EVERY = np.ones(3, bool)


def learnt() -> Commission:
    """Return the commission of one sensor of three channels that follow one wave."""
    return commissioned(recording(channels(3000, 0)))


def blamed(commission: Commission, values: np.ndarray, voices: dict[str, float]) -> np.ndarray:
    """Return the shares of the channels at the end of a window."""
    past = Past(
        np.arange(len(values)) * GAP_SECONDS, np.nan_to_num(values).astype(np.float32), np.isfinite(values)
    )
    scale = commission.center[1], commission.scale[1], float(commission.gap_unit_seconds[1])
    return shares(suspects(commission, 1, past, scale, None), voices, np.isfinite(values).any(axis=0))


@pytest.mark.parametrize("culprit", [0, 1, 2])
def test_a_decoupled_channel_is_named_though_every_value_is_in_range(culprit: int) -> None:
    """By what the other channels leave unexplained."""
    values = channels(200, 3)
    values[160:, culprit] = values[152:192, culprit]  # a third of a wave late
    share = blamed(learnt(), values, {"relation": 6.0, "shape": 4.0, "level": 0.2})
    assert np.argmax(share) == culprit
    assert share.sum() == pytest.approx(1)


@pytest.mark.parametrize(("kind", "size"), [("spike", 25.0), ("level", 60.0), ("shape", 25.0)])
def test_a_channel_far_off_is_named_by_every_kind(kind: str, size: float) -> None:
    """The newest value of the first channel is far from all it ever was."""
    values = channels(200, 5)
    values[-1, 0] += size
    share = blamed(learnt(), values, {kind: 8.0})
    assert np.argmax(share) == 0


def test_a_channel_that_was_never_seen_has_no_share() -> None:
    """The others are blamed among themselves; without any there is nobody to blame."""
    values = channels(100, 6)
    values[:, 1] = np.nan
    values[-1, 2] += 90
    share = blamed(learnt(), values, {"level": 8.0})
    assert share[1] == 0
    assert share[2] > 0.6
    assert not blamed(learnt(), np.full((5, 3), np.nan), {"level": 8.0}).any()


def test_a_window_of_one_row_and_no_loud_stream_blames_all_alike() -> None:
    """Nothing is known, and nothing breaks."""
    assert blamed(learnt(), channels(1, 7), {}) == pytest.approx(np.full(3, 1 / 3))


def test_the_model_has_a_say_in_what_is_a_shape() -> None:
    """A channel that it did not expect is suspect."""
    commission, values = learnt(), channels(100, 8)
    past = Past(np.arange(100) * GAP_SECONDS, values.astype(np.float32), np.ones_like(values, bool))
    scale = commission.center[1], commission.scale[1], float(commission.gap_unit_seconds[1])
    found = suspects(commission, 1, past, scale, np.array([np.nan, 7.0, -2.0], np.float32))
    assert found.model.tolist() == [0, 7, 0]
    assert np.argmax(shares(found, {"shape": 3.0}, EVERY)) == 1
