"""The battery that every registered model passes: what scorer and trainer rely on, to be executed.

Each check takes a model and raises `AssertionError` with the figure that is wrong. Run them on models whose
weights are all away from zero (`awakened`), or a broken path may hide behind a weight that is still zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from offbeat_models.base import WindowModel
from offbeat_models.batch import RowBatch, WindowBatch
from offbeat_models.causal import Expectations
from offbeat_models.check_examples import device_of, example
from offbeat_models.features import Carried, LookBack
from offbeat_models.registry import build
from offbeat_models.stepping import StepKernel
from offbeat_models.windows import relative_time

Check = Callable[[WindowModel], None]
NEAR = 1e-6
"""Largest difference, against values of about 1, between two ways to compute the same on the CPU."""

NEAR_ON_GPU = 1e-5
"""The same on a GPU, whose kernels are chosen by shape and sum in other orders."""


@contextmanager
def _differentiable(model: WindowModel) -> Iterator[None]:
    """Put a model into training mode for a while: cuDNN gives no gradient in the other; in neither is it random."""
    model.train()
    yield
    model.eval()


def _near(model: WindowModel) -> float:
    return NEAR if device_of(model).type == "cpu" else NEAR_ON_GPU


def _outputs(model: WindowModel, batch: WindowBatch) -> dict[str, Tensor]:
    """Return everything a model says of windows, by name; zero in the padding."""
    with torch.inference_mode():
        rebuilt, expected = model.reconstruct(batch), model.causal.expect(batch.rows())
        within = batch.inside()[..., None]
        return {
            "posterior mean": rebuilt.posterior.mean,
            "posterior variance": rebuilt.posterior.log_variance,
            "reconstruction": rebuilt.prediction.mean * within,
            "deviation": rebuilt.prediction.sigma * within,
            "expected value": expected.value.mean * within,
            "expected deviation": expected.value.sigma * within,
            "value likelihood": expected.value_nll,
            "gap likelihood": expected.gap_nll,
            "state": model.causal.states(batch.rows()) * within,
        }


def _assert_same(one: dict[str, Tensor], other: dict[str, Tensor], tolerance: float, what: str) -> None:
    for name, value in one.items():
        scale = max(1.0, float(value.abs().max()))
        difference = float((value - other[name]).abs().max())
        assert difference <= tolerance * scale, f"{what}: {name} differs by {difference:.3g} of {scale:.3g}"


def _assert_finite(outputs: dict[str, Tensor], what: str) -> None:
    for name, value in outputs.items():
        assert bool(torch.isfinite(value).all()), f"{what}: {name} is not finite"


def padding_is_irrelevant(model: WindowModel) -> None:
    """What stands behind a window's end changes nothing at all."""
    plain = example(model)
    beyond = np.arange(plain.x.shape[1])[None] >= plain.lengths[:, None]
    x, mask = np.where(beyond[..., None], np.nan, plain.x), np.where(beyond[..., None], 1.0, plain.mask)
    dirty = replace(plain, x=x, mask=mask, tau=np.where(beyond, 77.0, plain.tau))
    _assert_same(_outputs(model, plain.batch()), _outputs(model, dirty.batch()), 0.0, "padding content")


def unobserved_values_are_irrelevant(model: WindowModel) -> None:
    """What stands where nothing was observed changes nothing at all."""
    plain = example(model)
    dirty = replace(plain, x=np.where(plain.mask > 0, plain.x, np.nan))
    _assert_same(_outputs(model, plain.batch()), _outputs(model, dirty.batch()), 0.0, "unobserved values")


def hidden_values_are_irrelevant_to_the_encoder(model: WindowModel) -> None:
    """What is hidden from the encoder changes nothing that it says."""
    plain = example(model)
    kept = np.random.default_rng(1).random(plain.x.shape) < 0.6
    shown = torch.as_tensor(kept, dtype=torch.float32, device=plain.device)
    other = replace(plain, x=np.where(kept, plain.x, plain.x + 3.0).astype(np.float32))
    with torch.inference_mode():
        one, two = (model.encode(e.batch(), shown) for e in (plain, other))
    _assert_same({"mean": one.mean}, {"mean": two.mean}, 0.0, "hidden values")


def order_in_the_batch_is_irrelevant(model: WindowModel) -> None:
    """Windows in another order give the same results in that order."""
    plain = example(model)
    order = np.random.default_rng(2).permutation(len(plain.lengths))
    one = {name: value[torch.as_tensor(order)] for name, value in _outputs(model, plain.batch()).items()}
    _assert_same(one, _outputs(model, plain.select(order).batch()), _near(model), "order of the batch")


def company_is_irrelevant(model: WindowModel) -> None:
    """A window alone, without padding, gives what it gives among others."""
    plain = example(model)
    together = _outputs(model, plain.batch())
    for i, n in enumerate(plain.lengths):
        alone = plain.select(np.array([i]))
        alone = replace(alone, x=alone.x[:, :n], mask=alone.mask[:, :n], tau=alone.tau[:, :n])
        here = {
            k: v[i : i + 1] if k.startswith("posterior") else v[i : i + 1, :n] for k, v in together.items()
        }
        _assert_same(here, _outputs(model, alone.batch()), _near(model), f"window {i} alone")


def short_and_empty_windows_are_finite(model: WindowModel) -> None:
    """One row, a channel never seen, nothing seen, nothing but padding: all finite."""
    one = example(model, count=4, length=1)
    _assert_finite(_outputs(model, one.batch()), "one row")
    plain = example(model)
    mask = plain.mask.copy()
    mask[..., 0] = 0.0
    _assert_finite(_outputs(model, replace(plain, mask=mask).batch()), "a channel never seen")
    _assert_finite(_outputs(model, replace(plain, mask=np.zeros_like(mask)).batch()), "nothing seen")
    _assert_finite(
        _outputs(model, replace(plain, lengths=np.zeros_like(plain.lengths)).batch()), "padding only"
    )


def extreme_values_are_finite(model: WindowModel) -> None:
    """Values, infinities and gaps beyond all reason give finite results."""
    plain = example(model)
    for value in (1e4, -1e30, np.inf, np.nan):
        x = plain.x.copy()
        x[:, ::3] = value
        _assert_finite(_outputs(model, replace(plain, x=x).batch()), f"values of {value}")
    for factor in (1e-9, 1e6, 1e30):
        _assert_finite(
            _outputs(model, replace(plain, tau=plain.tau * factor).batch()), f"gaps times {factor}"
        )


def time_units_are_irrelevant(model: WindowModel) -> None:
    """Times in minutes with a median gap in minutes give what seconds give, also late in the century."""
    plain = example(model)
    times = 1.8e9 + 16.0 * plain.tau.astype(np.float64)
    unit = np.full(len(times), 16.0)
    seconds = replace(plain, tau=relative_time(times, plain.lengths, unit))
    minutes = replace(plain, tau=relative_time(times / 60.0, plain.lengths, unit / 60.0))
    # A double of 1.8e9 resolves 2e-7 s: the input itself differs in the seventh digit.
    _assert_same(_outputs(model, seconds.batch()), _outputs(model, minutes.batch()), 2e-5, "time units")


def decodes_at_any_times(model: WindowModel) -> None:
    """Decoding a subset of times, or times without rows, gives what decoding all gives."""
    batch = example(model).batch()
    generator = torch.Generator().manual_seed(3)
    latent = torch.randn(len(batch), model.config.latent, generator=generator).to(device_of(model))
    times = -batch.span()[:, None] * torch.rand(len(batch), 50, generator=generator).to(device_of(model))
    with torch.inference_mode():
        whole = model.decode(latent, batch.row, batch.span(), times)
        some = model.decode(latent, batch.row, batch.span(), times[:, 7::5])
        outside = model.decode(latent, batch.row, batch.span(), times * 3.0 + 1.0)
    _assert_same({"mean": whole.mean[:, 7::5]}, {"mean": some.mean}, _near(model), "a subset of query times")
    _assert_finite({"mean": outside.mean, "sigma": outside.sigma}, "times outside of the window")


def _expectations(said: Expectations) -> dict[str, Tensor]:
    """Return what was expected, zero where nothing could be."""
    known = said.value_said
    return {
        "value likelihood": said.value_nll,
        "gap likelihood": said.gap_nll,
        "mean": said.value.mean * known,
        "sigma": said.value.sigma * known,
    }


def _cut(rows: RowBatch, start: int, end: int) -> RowBatch:
    lengths = (rows.lengths - start).clamp(0, end - start)
    return RowBatch(rows.x[:, start:end], rows.mask[:, start:end], rows.gap[:, start:end], lengths, rows.row)


def reading_in_pieces_is_reading_at_once(model: WindowModel) -> None:
    """Carried from piece to piece, the reader expects what it expects in one go."""
    rows = _of_length(model, 37)
    reader = model.causal
    with torch.inference_mode():
        whole, after = reader.read(rows, reader.fresh(rows))
        carried, pieces = reader.fresh(rows), []
        for start, end in ((0, 1), (1, 12), (12, 13), (13, 30), (30, 37)):
            said, carried = reader.read(_cut(rows, start, end), carried)
            pieces.append(_expectations(said))
    joined = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
    _assert_same(_expectations(whole), joined, 10 * _near(model), "reading in pieces")
    _assert_same(
        {"state": after.packed()}, {"state": carried.packed()}, 10 * _near(model), "state after pieces"
    )


def padding_leaves_the_carried_state(model: WindowModel) -> None:
    """The state after a padded sequence is the state after its own last row."""
    rows, reader = example(model).batch().rows(), model.causal
    with torch.inference_mode():
        together = reader.rebuild(rows).packed()
        for i, n in enumerate(rows.lengths.tolist()):
            alone = reader.rebuild(rows.resized(torch.tensor([i]), n)).packed()
            _assert_same(
                {"state": together[i : i + 1]}, {"state": alone}, 10 * _near(model), f"state of window {i}"
            )


def stepping_by_hand_is_reading(model: WindowModel) -> None:
    """The hand-written step gives what the reader gives, row by row."""
    rows, reader = _of_length(model, 9), model.causal
    kernel = StepKernel(reader)
    with torch.inference_mode():
        carried = by_hand = reader.fresh(rows)
        for at in range(9):
            here = _cut(rows, at, at + 1)
            said, carried = reader.read(here, carried)
            step, by_hand = kernel(here.x[:, 0], here.mask[:, 0], here.gap[:, 0], here.row, by_hand)
            known = said.value_said[:, 0]
            one = {"mean": said.value.mean[:, 0], "sigma": said.value.sigma[:, 0]}
            _assert_same(one, {"mean": step.mean, "sigma": step.sigma}, 10 * _near(model), f"step {at}")
            nll = {"value": said.value_nll[:, 0], "gap": said.gap_nll[:, 0]}
            other = {"value": step.value_nll * known, "gap": step.gap_nll * said.gap_said[:, 0]}
            _assert_same(nll, other, 10 * _near(model), f"likelihood of step {at}")
            _assert_same(
                {"state": carried.packed()}, {"state": by_hand.packed()}, 10 * _near(model), f"state {at}"
            )


def _of_length(model: WindowModel, length: int) -> RowBatch:
    """Return rows of sensors that all have `length` rows."""
    plain = example(model, seed=5, count=5, length=length)
    rng = np.random.default_rng(6)
    tau = -rng.exponential(1.0, plain.tau.shape).cumsum(1)[:, ::-1]
    mask = (rng.random(plain.x.shape) < 0.7).astype(np.float32)
    x = rng.normal(size=plain.x.shape).astype(np.float32)
    full = replace(plain, x=x, mask=mask, tau=tau - tau[:, -1:], lengths=np.full(5, length))
    return full.batch().rows()


def gaps_are_judged_without_values(model: WindowModel) -> None:
    """Whatever the values are, and whether there are any, the gaps' likelihood is the same to the last bit."""
    rows, reader = _of_length(model, 9), model.causal
    others = (
        replace(rows, x=rows.x + 100.0 * rows.mask),
        replace(rows, x=torch.zeros_like(rows.x), mask=torch.zeros_like(rows.mask)),
    )
    kernel = StepKernel(reader)

    def stepped(read: RowBatch) -> Tensor:
        said, carried = [], reader.fresh(read)
        for at in range(9):
            step, carried = kernel(read.x[:, at], read.mask[:, at], read.gap[:, at], read.row, carried)
            said.append(step.gap_nll)
        return torch.stack(said, 1)

    with torch.inference_mode():
        for other in others:
            same = torch.equal(reader.expect(rows).gap_nll, reader.expect(other).gap_nll)
            assert same, "values change the likelihood of gaps"
            assert torch.equal(stepped(rows), stepped(other)), "values change the likelihood of gaps, by hand"


def padded_is_packed(model: WindowModel) -> None:
    """The padded LSTM gives what torch's packed sequences give."""
    batch = example(model).batch()
    rows, reader = batch.rows(), model.causal
    with torch.inference_mode():
        inputs = reader.inputs(rows, LookBack(rows, reader.fresh(rows)))
        packed = nn.utils.rnn.pack_padded_sequence(
            inputs, rows.lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        out, (hidden, cell) = reader.lstm(packed)
        oracle = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=inputs.shape[1])[0]
        states, after = reader.states(rows), reader.rebuild(rows)
    _assert_same(
        {"states": oracle},
        {"states": states * rows.inside()[..., None]},
        _near(model),
        "padded against packed",
    )
    last, kept = {"hidden": hidden[0], "cell": cell[0]}, {"hidden": after.hidden, "cell": after.cell}
    _assert_same(last, kept, _near(model), "last state, padded against packed")


def values_reach_the_decoder_through_the_latent_only(model: WindowModel) -> None:
    """With the latent held fast, no gradient runs from what is decoded to the values; with it, some does."""
    batch = example(model).batch()
    x = batch.x.clone().requires_grad_()
    watched = replace(batch, x=x)
    with _differentiable(model):
        latent = model.encode(watched).mean
        held = model.decode(latent.detach(), watched.row, watched.span(), watched.tau)
        through = held.mean.sum() + held.sigma.sum()
        reached = torch.autograd.grad(through, x, allow_unused=True)[0]
        assert reached is None or not bool(reached.any()), "values reach the decoder past the latent"
        free = model.decode(latent, watched.row, watched.span(), watched.tau)
        arrives = torch.autograd.grad(free.mean.sum(), x)[0]
    assert bool(arrives.any()), "values do not reach the decoder at all"


def expectations_see_no_future(model: WindowModel) -> None:
    """What is expected of a row depends on no value of that row or a later one."""
    rows, at = _of_length(model, 12), 7
    x = rows.x.clone().requires_grad_()
    with _differentiable(model):
        said = model.causal.expect(replace(rows, x=x))
        total = said.value.mean[:, at].sum() + said.value.sigma[:, at].sum()
        reached = torch.autograd.grad(total, x)[0]
    assert not bool(reached[:, at:].any()), "an expectation sees the row it is about, or a later one"
    assert bool(reached[:, :at].any()), "an expectation does not depend on the rows before"


def weights_survive_saving(model: WindowModel) -> None:
    """A model built from the same configuration with the saved weights says the same."""
    saved = safetensors.torch.save({k: v.contiguous() for k, v in model.state_dict().items()})
    again = build(model.family, model.config, seed=99)
    again.load_state_dict(safetensors.torch.load(saved))
    again.to(device_of(model))
    batch = example(model).batch()
    _assert_same(_outputs(model, batch), _outputs(again.eval(), batch), 0.0, "after saving and loading")


def the_seed_decides(model: WindowModel) -> None:
    """One seed builds one set of weights, another seed others; the global random state stays."""
    before = torch.random.get_rng_state()
    one, same, other = (build(model.family, model.config, seed=s).state_dict() for s in (4, 4, 5))
    assert torch.equal(before, torch.random.get_rng_state()), "building moved the global random state"
    assert all(torch.equal(one[k], same[k]) for k in one), "one seed built two models"
    assert any(not torch.equal(one[k], other[k]) for k in one), "two seeds built one model"


def the_carried_state_packs(model: WindowModel) -> None:
    """Packing a carried state into one row a sensor and back loses nothing."""
    rows = example(model).batch().rows()
    with torch.inference_mode():
        carried = model.causal.rebuild(rows)
        packed = carried.packed()
    again = Carried.unpacked(packed, model.config.hidden, model.config.channels)
    assert packed.shape[1] == Carried.width(model.config.hidden, model.config.channels), (
        "width of a packed state"
    )
    assert torch.equal(again.packed(), packed), "a packed state changed"
    assert bool(again.alive.all()), "a packed state forgot that it is alive"


CHECKS: tuple[Check, ...] = (
    padding_is_irrelevant,
    unobserved_values_are_irrelevant,
    hidden_values_are_irrelevant_to_the_encoder,
    order_in_the_batch_is_irrelevant,
    company_is_irrelevant,
    short_and_empty_windows_are_finite,
    extreme_values_are_finite,
    time_units_are_irrelevant,
    decodes_at_any_times,
    reading_in_pieces_is_reading_at_once,
    padding_leaves_the_carried_state,
    stepping_by_hand_is_reading,
    gaps_are_judged_without_values,
    padded_is_packed,
    values_reach_the_decoder_through_the_latent_only,
    expectations_see_no_future,
    weights_survive_saving,
    the_seed_decides,
    the_carried_state_packs,
)
