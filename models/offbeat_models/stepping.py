"""One row further for many sensors at once, by hand.

For sequences of one row the fused LSTM kernel of torch spends most of its time on setting up. Here the same
arithmetic is a handful of products on weights prepared once; `checks` holds it equal to
`CausalReader.read`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.causal import CausalReader
from offbeat_models.features import GAPS_KEPT, LONGEST_GAPS, NEVER, Carried, pace
from offbeat_models.heads import LONGEST_LOG_AGE, GapHead
from offbeat_models.layers import bounded_sigma, gaussian_nll


@dataclass(frozen=True, slots=True)
class StepOutput:
    """What was expected of one row of B sensors, before what it says is known.

    Attributes:
        value_nll, mean, sigma: [B, C]; not yet masked.
        gap_nll: [B]; not yet masked.
    """

    value_nll: Tensor
    gap_nll: Tensor
    mean: Tensor
    sigma: Tensor


def _layer(module: nn.Sequential, index: int) -> nn.Linear:
    layer = module[index]
    assert isinstance(layer, nn.Linear)
    return layer


class StepKernel:
    """The causal reader's weights laid out for single rows.

    What the sensor's embedding adds to each layer is looked up in a table instead of computed.

    Args:
        reader: trained; its weights are copied.
    """

    def __init__(self, reader: CausalReader) -> None:
        channels, hidden = reader.channels, reader.hidden_size
        self._channels, self._hidden = channels, hidden
        self._floor, self._free = reader.value.floor, reader.value.free_sigma
        with torch.no_grad():
            self._value_out, self._gap_out = _layer(reader.value.layers, 2), _layer(reader.gap.layers, 2)
            sensors = reader.sensor.table()  # (R, E)
            features = 3 * channels + 1
            lift = reader.lift
            self._lift = lift.weight[:, :features].T.contiguous()  # (3C+1, H)
            value, gap = _layer(reader.value.layers, 0), _layer(reader.gap.layers, 0)
            # The value head reads state, log gap, last values, ages, embedding; the gap head gaps and embedding.
            known = hidden + 1 + 2 * channels
            self._value_in = value.weight[:, :known].T.contiguous()  # (H+1+2C, H)
            self._gap_in = gap.weight[:, :GAPS_KEPT].T.contiguous()  # (GAPS_KEPT, G)
            self._parts = [hidden, hidden, gap.out_features, self._gap_out.out_features, channels, channels]
            self._tables = torch.cat(
                [
                    F.linear(sensors, lift.weight[:, features:], lift.bias),
                    F.linear(sensors, value.weight[:, known:], value.bias),
                    F.linear(sensors, gap.weight[:, GAPS_KEPT:], gap.bias),
                    reader.gap.law.table(),
                    reader.value.sigma.table(),
                    reader.value.growth.table(),
                ],
                1,
            ).contiguous()  # (R, 2H + G + 3K + 2C)
            self._cell, self._cell_bias = _lstm_weights(reader.lstm)

    def __call__(
        self, x: Tensor, mask: Tensor, gap: Tensor, row: Tensor, carried: Carried
    ) -> tuple[StepOutput, Carried]:
        """Read one row of each sensor.

        Args:
            x: clean values, [B, C].
            mask: 1 where observed, [B, C].
            gap: time since the sensor's row before in median gaps, [B].
            row: sensor rows, [B].
            carried: states before the row.
        """
        lifted, value, rhythm, law, sigma, growth = torch.split(self._tables[row], self._parts, -1)
        never = carried.since < 0
        since = carried.since + gap[:, None]  # (B, C)
        age = torch.log1p(since.masked_fill(never, LONGEST_GAPS).clamp(0.0, LONGEST_GAPS))
        log_gap = torch.log1p(gap.clamp(0.0, LONGEST_GAPS))[:, None]
        known = torch.cat([carried.hidden, log_gap, carried.last, age], -1)
        value_said = self._expect_value(x, carried.last, age, known, value, sigma, growth)
        first = F.silu(torch.addmm(rhythm, carried.gaps, self._gap_in))
        said = StepOutput(value_said[0], GapHead.nll(law + self._gap_out(first), gap), *value_said[1:])
        inputs = F.silu(torch.addmm(lifted, torch.cat([x, mask, age, log_gap], -1), self._lift))
        state, cell = self._advance(inputs, carried)
        observed = mask > 0
        last = torch.where(observed, x, carried.last)
        since = since.masked_fill(never, NEVER).masked_fill(observed, 0.0)
        gaps = torch.cat([carried.gaps[:, 1:], pace(gap)[:, None]], -1)
        return said, Carried(state, cell, last, since, gaps, torch.ones_like(carried.alive))

    def _expect_value(
        self,
        x: Tensor,
        last: Tensor,
        age: Tensor,
        known: Tensor,
        table: Tensor,
        sigma: Tensor,
        growth: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return (NLL, mean, sigma) of values, [B, C] each, given the table's share of the first layer [B, H]."""
        out = self._value_out(F.silu(torch.addmm(table, known, self._value_in)))
        raw = sigma + growth * age.clamp_max(LONGEST_LOG_AGE)
        if self._free:
            raw = raw + out[:, self._channels :]
        mean, deviation = last + out[:, : self._channels], bounded_sigma(raw, self._floor)
        return gaussian_nll(x, mean, deviation), mean, deviation

    def _advance(self, inputs: Tensor, carried: Carried) -> tuple[Tensor, Tensor]:
        """Return (hidden, cell) after one step of the LSTM."""
        hidden = self._hidden
        gates = torch.addmm(self._cell_bias, torch.cat([inputs, carried.hidden], -1), self._cell)  # (B, 4H)
        opened = gates[:, : 3 * hidden].sigmoid_()
        come, kept, shown = opened.chunk(3, -1)
        cell = torch.addcmul(kept * carried.cell, come, gates[:, 3 * hidden :].tanh_())
        return shown * torch.tanh(cell), cell


def _lstm_weights(lstm: nn.LSTM) -> tuple[Tensor, Tensor]:
    """Return (weights [2H, 4H], bias [4H]) for inputs ++ hidden; gates input, forget, output, new."""
    from_inputs, from_state, bias_inputs, bias_state = (p.detach() for p in lstm.parameters())
    weight, bias = torch.cat([from_inputs, from_state], 1), bias_inputs + bias_state
    come, kept, new, shown = (torch.arange(lstm.hidden_size) + k * lstm.hidden_size for k in range(4))
    order = torch.cat([come, kept, shown, new]).to(weight.device)
    return weight[order].T.contiguous(), bias[order]
