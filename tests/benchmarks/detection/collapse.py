"""Does any model family ever learn to ignore its window? Several seeds of each, on the same sensors.

`python -m tests.benchmarks.detection.collapse [SEEDS]` prints the table on its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from offbeat_models.registry import FAMILIES, preset
from offbeat_models.training import TrainingConfig, train
from offbeat_models.validation import CollapseGuard, Validation
from tests.benchmarks.detection import tables
from tests.support.model_samples import fleet

SEEDS = 5
SENSORS, ROWS = 12, 1500
STEPS = 500
"""As many as a run needs to be judged by `CollapseGuard`; a sound family has long left the constant behind."""

SIZE = "small"

HEAD = [
    "family", "seeds", "collapsed", "reconstruction, worst (nats)", "a constant", "KL, least (nats)", "active, least",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """How one training ended.

    Attributes:
        family, seed: what was trained.
        figures: on what was held back.
    """

    family: str
    seed: int
    figures: Validation

    @property
    def collapsed(self) -> bool:
        """Whether the latent says nothing, or the decoder makes nothing of it: either is one too many."""
        guard, said = CollapseGuard(), self.figures
        reference = min(said.constant_gaussian, said.standard_normal)
        silent = said.kl_nats < guard.least_kl_nats or said.active_dimensions < guard.least_active
        return silent or said.reconstruction >= reference - guard.margin_nats


def runs(
    seeds: Iterable[int] = range(SEEDS),
    families: Sequence[str] = tuple(FAMILIES),
    steps: int = STEPS,
    device: torch.device | None = None,
) -> Iterator[Run]:
    """Train each family once a seed and yield how it ended.

    Args:
        seeds: of the trainings; the sensors are always the same.
        families: names.
        steps: of each training.
        device: of the trainings; None = the CPU.
    """
    torch.set_num_threads(1)
    sensors = fleet(SENSORS, ROWS)
    sizes = preset(SIZE, 1, SENSORS + 1)
    # The guard of the training would end the run; here the figures are wanted whatever they are.
    never = CollapseGuard(after_steps=steps + 1)
    for family in families:
        for seed in seeds:
            recipe = TrainingConfig(steps=steps, seed=seed, guard=never)
            trained = train(sensors, sizes, recipe, family=family, device=device)
            yield Run(family, seed, trained.report.validation)


def measure(family: str, seeds: int = SEEDS) -> dict[str, Any]:
    """Return how the trainings of one family ended, as JSON can hold it."""
    ended = list(runs(range(seeds), [family]))
    return {
        "collapsed": sum(run.collapsed for run in ended),
        "runs": [{"seed": run.seed, "figures": asdict(run.figures)} for run in ended],
    }


def runs_of(family: str, measured: dict[str, Any]) -> list[Run]:
    """Return the runs that `measure` put into its answer."""
    return [Run(family, one["seed"], Validation(**one["figures"])) for one in measured["runs"]]


def rows(ended: Sequence[Run]) -> list[list[tables.Cell]]:
    """Return the rows of a table: a line a family, with its worst figures over the seeds."""
    out: list[list[tables.Cell]] = []
    for family in dict.fromkeys(run.family for run in ended):
        own = [run for run in ended if run.family == family]
        said = [run.figures for run in own]
        out.append(
            [
                family, len(own), sum(run.collapsed for run in own), max(one.reconstruction for one in said),
                said[0].constant_gaussian, min(one.kl_nats for one in said),
                min(one.active_dimensions for one in said),
            ]
        )  # fmt: skip
    return out


if __name__ == "__main__":
    ended = list(runs(range(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)))
    print("\n".join(tables.table(HEAD, rows(ended))))
    sys.exit(any(run.collapsed for run in ended))
