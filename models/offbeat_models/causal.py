"""The causal reader that all families share: an LSTM over rows, and what it expects of the next row.

It sees only what does not change when a window slides (gaps, ages, values), so its state can be carried from
reading to reading: reading in pieces gives what reading at once gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.batch import RowBatch
from offbeat_models.features import GAPS_KEPT, Carried, LookBack, encoder_features, gaps_before, log_gap
from offbeat_models.heads import GapHead, Prediction, ValueHead
from offbeat_models.layers import RowTable, gaussian_nll

SHUT = 1e4
"""Pre-activation that closes or opens a gate entirely in float32."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the causal heads said of each row before they saw it.

    Attributes:
        value: prediction of the values, [B, L, C] each.
        value_nll: [B, L, C]; 0 where `value_said` is False.
        value_said: bool [B, L, C]; True where a value was observed and something was known before.
        gap_nll: [B, L]; 0 where `gap_said` is False.
        gap_said: bool [B, L]; False for first rows, padding and rows at the instant of the row before.
    """

    value: Prediction
    value_nll: Tensor
    value_said: Tensor
    gap_nll: Tensor
    gap_said: Tensor


class CausalReader(nn.Module):
    """Reads rows one after the other and predicts each from those before.

    Args:
        channels: C.
        rows: sensors + 1.
        hidden: H, size of the LSTM's state.
        embedding: E, size of the sensor embedding.
        gap_components: parts of the gap mixture.
        free_sigma: let deviations depend on the state.
        sigma_floor: smallest deviation in normalised units.
    """

    def __init__(
        self,
        channels: int,
        rows: int,
        hidden: int,
        embedding: int,
        gap_components: int,
        free_sigma: bool,
        sigma_floor: float,
    ) -> None:
        super().__init__()
        self.channels, self.hidden_size, self.embedding_size = channels, hidden, embedding
        self.sensor = RowTable(rows, embedding, spread=0.5)
        self.lift = nn.Linear(3 * channels + 1 + embedding, hidden)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.value = ValueHead(hidden, embedding, channels, rows, sigma_floor, free_sigma)
        self.gap = GapHead(hidden // 2, embedding, gap_components, rows)

    def states(self, rows: RowBatch) -> Tensor:
        """Return the state after each row, [B, L, H], of sequences read from their start."""
        seen = LookBack(rows, self.fresh(rows))
        out: Tensor = self.lstm(self.inputs(rows, seen))[0]
        return out

    def expect(self, rows: RowBatch) -> Expectations:
        """Return what was expected of each row of sequences read from their start."""
        fresh = self.fresh(rows)
        seen = LookBack(rows, fresh)
        return self._expectations(rows, fresh, seen, self.lstm(self.inputs(rows, seen))[0])

    def read(self, rows: RowBatch, carried: Carried) -> tuple[Expectations, Carried]:
        """Read on from `carried`; return what was expected of each row, and the state after each last row.

        Without gradient: this is for scoring.

        Args:
            rows: clean sequences; the gap of a first row counts from the row that `carried` ended with.
            carried: states before the sequences.
        """
        seen = LookBack(rows, carried)
        out, after = self._run(rows, carried, seen)
        return self._expectations(rows, carried, seen, out), after

    def rebuild(self, rows: RowBatch) -> Carried:
        """Return the states after sequences read from their start; nothing is predicted."""
        fresh = self.fresh(rows)
        return self._run(rows, fresh, LookBack(rows, fresh))[1]

    def fresh(self, rows: RowBatch) -> Carried:
        """Return the states before anything was read."""
        return Carried.fresh(rows.x, self.hidden_size)

    def inputs(self, rows: RowBatch, seen: LookBack) -> Tensor:
        """Return the LSTM's inputs [B, L, H]; the embedding's share is computed once a sequence."""
        features = encoder_features(rows, seen.age())
        width = features.shape[-1]
        weight = self.lift.weight
        sensor = F.linear(self.sensor(rows.row), weight[:, width:], self.lift.bias)
        return F.silu(F.linear(features, weight[:, :width]) + sensor[:, None])

    def _run(self, rows: RowBatch, carried: Carried, seen: LookBack) -> tuple[Tensor, Carried]:
        start = (carried.hidden, carried.cell)
        out, cell = frozen_in_padding(self.lstm, self.inputs(rows, seen), rows.inside(), start)
        at = (rows.lengths - 1).clamp_min(0)[:, None, None].expand(-1, 1, out.shape[-1])
        ends = rows.lengths[:, None, None].expand(-1, 1, GAPS_KEPT)
        gaps, alive = gaps_before(rows, carried).gather(1, ends)[:, 0], torch.ones_like(carried.alive)
        return out, Carried(out.gather(1, at)[:, 0], cell, *seen.after(), gaps, alive)

    def _expectations(self, rows: RowBatch, carried: Carried, seen: LookBack, out: Tensor) -> Expectations:
        before = torch.cat([carried.hidden[:, None], out[:, :-1]], 1)  # (B, L, H) state before each row
        known = rows.inside()
        known[:, 0] &= carried.alive
        embedding = self.sensor(rows.row)
        prediction = self.value(before, rows.row, embedding, seen.last(), seen.age(), log_gap(rows.gap))
        value_said = (rows.mask > 0) & known[..., None]
        gap_said = known & (rows.gap > 0)
        zero = rows.x.new_zeros(())
        value_nll = gaussian_nll(rows.x, prediction.mean, prediction.sigma)
        gap_nll = self.gap(gaps_before(rows, carried)[:, :-1], rows.row, embedding, rows.gap)
        return Expectations(
            prediction,
            torch.where(value_said, value_nll, zero),
            value_said,
            torch.where(gap_said, gap_nll, zero),
            gap_said,
        )


def frozen_in_padding(
    lstm: nn.LSTM, inputs: Tensor, within: Tensor, start: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Run a one-layer LSTM whose cell stands still in the padding; return (outputs [B, L, H], cells [B, H]).

    The fused padded kernel returns the cell after the last padded step only. One more input, the padding
    flag, shuts the input gate and opens the forget gate there, so that this cell is the one after each
    sequence's own last row.
    """
    hidden = lstm.hidden_size
    flag = inputs.new_zeros(4 * hidden, 1)  # gates in the order input, forget, cell, output
    flag[:hidden], flag[hidden : 2 * hidden] = -SHUT, SHUT
    from_inputs, *others = (p.detach() for p in lstm.parameters())
    weights = _side_by_side([torch.cat([from_inputs, flag], 1), *others])
    padded = torch.cat([inputs, (~within).to(inputs.dtype)[..., None]], -1)
    state = [start[0][None].contiguous(), start[1][None].contiguous()]
    out, _, cell = torch.lstm(padded, state, weights, True, 1, 0.0, False, False, True)
    return out, cell[0]


def _side_by_side(tensors: list[Tensor]) -> list[Tensor]:
    """Return the tensors as parts of one piece of memory: cuDNN would otherwise copy them there, and complain."""
    whole = torch.cat([one.reshape(-1) for one in tensors])
    parts = torch.split(whole, [one.numel() for one in tensors])
    return [part.view(one.shape) for part, one in zip(parts, tensors, strict=True)]
