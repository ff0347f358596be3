"""Make the fleet priors that come with Offbeat: `python -m tests.make_prior` (some minutes on one core).

A prior is an artifact that knows no sensor: a small model of the unknown sensor, and the laws by which strangers are
judged. The model learns from one synthetic fleet. The laws are learnt from another one, which is played through the
production path as strangers are: each scaled by its own first readings, and by nothing else that is known of it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from offbeat.app.artifacts import STREAMS
from offbeat.app.calibrating import Past, for_strangers
from offbeat.app.priors import PRIORS, channel_names
from offbeat.core.commission import Commission
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.streams import registry
from offbeat.learn.model_series import model_series
from offbeat.replay.series import Series
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.artifact import write_artifact
from offbeat_models.base import WindowModel
from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer
from offbeat_models.synthetic import SensorSpec, make_fleet, stream
from offbeat_models.training import TrainingConfig, train

START_SECONDS = 1e9
PACES = (2.0, 8.0)
"""Seconds between readings on the mean: whatever the pace, windows and laws are in units of the sensor's own gap."""
SLOWER = (1.0, 1.0, 1.0, 4.0)
"""By how much the signals of sensors are slower than `make_fleet` has them, in turn: rooms warm, machines swing."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a prior is made; all of it is written into its manifest.

    Attributes:
        sensors, rows: that the model learns from.
        strangers, stranger_rows: that the laws are learnt from.
        steps, hidden: of the model.
        unknown_share: of the windows that the model is shown as of an unknown sensor.
        seed: of everything.
    """

    sensors: int = 56
    rows: int = 1200
    strangers: int = 84
    stranger_rows: int = 1200
    steps: int = 400
    hidden: int = 24
    unknown_share: float = 0.9
    seed: int = 20_001


def make(channels: int, recipe: Recipe, folder: Path) -> str:
    """Make the prior of sensors with some channels in a folder; return its version."""
    torch.set_num_threads(1)
    names = channel_names(channels)
    learnt_from = list(_recordings(recipe.seed, "sensor", recipe.sensors, recipe.rows, names))
    past = Past.of(learnt_from, leave_out_doubtful=False)
    known = replace(past.commission(), voting=registry.voting(model=False))
    result = train(
        model_series(known, past.recordings),
        preset(
            "small",
            channels,
            recipe.sensors + 1,
            hidden=recipe.hidden,
            embedding_dropout=recipe.unknown_share,
        ),
        TrainingConfig(steps=recipe.steps, seed=recipe.seed),
    )
    model = of_strangers(result.model)
    strangers = list(_recordings(recipe.seed + 1, "stranger", recipe.strangers, recipe.stranger_rows, names))
    return write_artifact(
        folder,
        model,
        channels=names,
        sensors=(),
        created_at="",
        settings={"prior": asdict(recipe), "made_by": script_hash()},
        training={"steps": result.report.steps, "validation": asdict(result.report.validation)},
        tensors={STREAMS: _laws(known.of_strangers(), model, strangers).to_tensors()},
        lineage={
            "sensors": recipe.sensors,
            "strangers": recipe.strangers,
            "from": "synthetic irregular streams",
        },
    )


def script_hash() -> str:
    """Return what tells this script from another one."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def of_strangers(model: WindowModel) -> WindowModel:
    """Return a model that knows the unknown sensor alone."""
    alone = build(model.family, replace(model.config, rows=1))
    tensors = model.state_dict()
    # Row 0 has no part of its own: it is what all sensors share.
    alone.load_state_dict(
        {k: torch.zeros_like(v[:1]) if k.endswith(".own") else v for k, v in tensors.items()}
    )
    return alone.eval()


def _laws(commission: Commission, model: WindowModel, strangers: list[Series]) -> Commission:
    """Return the commission with the laws of what its streams say of strangers."""

    def scorer() -> TorchScorer:
        return TorchScorer({0: GroupScorer(model, len(strangers))}, "cpu")

    past = Past.of(strangers, leave_out_doubtful=False)
    return for_strangers(commission, past, CoreSettings(), scorer, (model.family, "prior"))


def _recordings(seed: int, name: str, sensors: int, rows: int, names: tuple[str, ...]) -> Iterator[Series]:
    """Yield recordings of sensors of all shapes, rhythms and paces; some channels go together, some do not."""
    fleet = make_fleet(seed, sensors, len(names), gap_seconds=PACES)
    holey = make_fleet(seed, sensors, len(names), gap_seconds=PACES, missing=0.3)
    for i, (whole, spec) in enumerate(zip(fleet, holey, strict=True)):
        chosen = _slower(spec if len(names) > 1 and i % 3 == 0 else whole, SLOWER[i % len(SLOWER)])
        random = np.random.default_rng([seed, i])
        readings = stream(chosen, random, START_SECONDS + random.uniform(0, 50) * chosen.period_seconds, rows)
        values = readings.values * random.choice([-1.0, 1.0], len(names))
        if i % 2:
            # Each channel from another time: nothing is told of one by the others.
            values = np.stack([np.roll(values[:, c], c * rows // len(names)) for c in range(len(names))], 1)
        yield Series(f"{name}-{i}", names, readings.times, values.astype(np.float32))


def _slower(spec: SensorSpec, times: float) -> SensorSpec:
    return replace(
        spec,
        period_seconds=times * spec.period_seconds,
        second_period_seconds=times * spec.second_period_seconds,
        memory_seconds=times * spec.memory_seconds,
    )


def main() -> None:
    """Make those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--channels", type=int, nargs="*", default=[1, 2, 3, 4], help="of sensors; 1 to 4 by default"
    )
    parser.add_argument("--out", type=Path, default=PRIORS, help="by default where the package has them")
    arguments: Any = parser.parse_args()
    for channels in arguments.channels:
        version = make(channels, Recipe(), arguments.out / str(channels))
        sys.stdout.write(f"{arguments.out / str(channels)}: {version}\n")


if __name__ == "__main__":
    main()
