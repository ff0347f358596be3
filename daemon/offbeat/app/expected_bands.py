"""What the model expected each row to read, kept for the plots of a backtest."""

from __future__ import annotations

import numpy as np

from offbeat.core.bands import model_band
from offbeat.core.commission import Commission
from offbeat.core.jobs import StepResult
from offbeat.core.sensors import Group
from offbeat.core.work import Answer, Work
from offbeat.replay.judged import Judgements


class BandKeeper:
    """Turns the answers of the model's causal head into bands in the sensors' own units.

    Args:
        judgements: gets the bands.
        commission: of the group that is played.
        group: its sensors.
    """

    def __init__(self, judgements: Judgements, commission: Commission, group: Group) -> None:
        self._judgements = judgements
        self._commission = commission
        self._rows = np.array([commission.row_of(sensor) for sensor in group.ids], np.intp)

    def __call__(self, work: Work, result: StepResult | None) -> None:
        """Keep what was expected of a work's rows, before they were seen."""
        answer = Answer.of(work, result)
        if answer.mean is None or answer.sigma is None or not len(work):
            return
        row = self._rows[work.rows.sensor]
        low, high = model_band(
            answer.mean, answer.sigma, self._commission.center[row], self._commission.scale[row]
        )
        self._judgements.add_bands(work.group, work.rows.sensor, work.rows.time_seconds, low, high)
