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
from offbeat_models.features import LONGEST_GAPS, NEVER, Carried
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

    The first layers of both heads read the same state and run as one product, and what the sensor's
    embedding adds to each layer is looked up in a table instead of computed.

    Args:
        reader: trained; its weights are copied.
    """

    def __init__(self, reader: CausalReader) -> None:
        channels, hidden = reader.channels, reader.hidden_size
        self._channels, self._hidden = channels, hidden
        self._floor, self._free = reader.value.floor, reader.value.free_sigma
        with torch.no_grad():
            sensors = reader.sensor.table()  # (R, E)
            features = 3 * channels + 1
            lift = reader.lift
            self._lift = lift.weight[:, :features].T.contiguous()  # (3C+1, H)
            value, gap = _layer(reader.value.layers, 0), _layer(reader.gap.layers, 0)
            # The value head reads state, log gap, last values, ages, embedding; the gap head state and
            # embedding.
            extra = 1 + 2 * channels
            self._heads_state = torch.cat([value.weight[:, :hidden], gap.weight[:, :hidden]]).T.contiguous()
            self._heads_extra = value.weight[:, hidden : hidden + extra].T.contiguous()  # (1+2C, H)
            self._tables = torch.cat(
                [
                    F.linear(sensors, lift.weight[:, features:], lift.bias),
                    F.linear(sensors, value.weight[:, hidden + extra :], value.bias),
                    F.linear(sensors, gap.weight[:, hidden:], gap.bias),
                    reader.value.sigma.table(),
                    reader.value.growth.table(),
                ],
                1,
            ).contiguous()  # (R, 3H + 2C)
            self._value_out, self._gap_out = _layer(reader.value.layers, 2), _layer(reader.gap.layers, 2)
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
        hidden, channels = self._hidden, self._channels
        tables = torch.split(self._tables[row], [hidden, 2 * hidden, channels, channels], -1)
        lifted, heads, sigma, growth = tables
        never = carried.since < 0
        since = carried.since + gap[:, None]  # (B, C)
        age = torch.log1p(since.masked_fill(never, LONGEST_GAPS).clamp(0.0, LONGEST_GAPS))
        log_gap = torch.log1p(gap.clamp(0.0, LONGEST_GAPS))[:, None]
        said = self._expect(
            x, gap, carried, heads, torch.cat([log_gap, carried.last, age], -1), sigma, growth
        )
        inputs = F.silu(torch.addmm(lifted, torch.cat([x, mask, age, log_gap], -1), self._lift))
        state, cell = self._advance(inputs, carried)
        observed = mask > 0
        last = torch.where(observed, x, carried.last)
        since = since.masked_fill(never, NEVER).masked_fill(observed, 0.0)
        return said, Carried(state, cell, last, since, torch.ones_like(carried.alive))

    def _expect(
        self,
        x: Tensor,
        gap: Tensor,
        carried: Carried,
        tables: Tensor,
        extra: Tensor,
        sigma: Tensor,
        growth: Tensor,
    ) -> StepOutput:
        """Return what the heads say, given the tables' share of their first layers [B, 2H]."""
        hidden, channels = self._hidden, self._channels
        first = torch.addmm(tables, carried.hidden, self._heads_state)  # (B, 2H)
        first[:, :hidden].addmm_(extra, self._heads_extra)
        first = F.silu(first)
        out = self._value_out(first[:, :hidden])
        raw = sigma + growth * extra[:, 1 + channels :].clamp_max(LONGEST_LOG_AGE)
        if self._free:
            raw = raw + out[:, channels:]
        mean, deviation = carried.last + out[:, :channels], bounded_sigma(raw, self._floor)
        gap_nll = GapHead.nll(self._gap_out(first[:, hidden:]), gap)
        return StepOutput(gaussian_nll(x, mean, deviation), gap_nll, mean, deviation)

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
