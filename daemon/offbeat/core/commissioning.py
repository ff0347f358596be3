"""Learning a commission from recordings, in passes.

    commission = fit_normaliser_and_ridge(channels, recordings)
    # play every recording through the production pipeline with it; collect raw stream values [n, K] of each sensor
    commission = calibrate_streams(commission, raw)
    # play the surprises through `Fusion`; collect g and F, [n, Q] each, of each sensor
    commission = calibrate_tracks(commission, fused, severity)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offbeat.core.commission import Commission
from offbeat.core.recording import Recording
from offbeat.core.streams.base import Floats


def fit_normaliser_and_ridge(channels: tuple[str, ...], recordings: Sequence[Recording]) -> Commission:
    """Learn everything but the calibrations. Row r + 1 of the result is recordings[r].sensor."""
    raise NotImplementedError


def calibrate_streams(commission: Commission, raw: Mapping[str, Floats]) -> Commission:
    """Return the commission with the law of each stream, learnt from raw values [n, K] by sensor id."""
    raise NotImplementedError


def calibrate_tracks(
    commission: Commission, fused: Mapping[str, Floats], severity: Mapping[str, Floats]
) -> Commission:
    """Return the commission with the laws of g (alarm) and F (severity), learnt from [n, Q] by sensor id."""
    raise NotImplementedError
