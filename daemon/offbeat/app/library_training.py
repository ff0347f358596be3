"""Training into the library: versions are made on its workbench, kept, and put into service if that is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from offbeat.app.model_library import serving
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, train_from_recordings
from offbeat.learn.library import ModelLibrary
from offbeat.learn.progress import OnProgress, silent
from offbeat.replay.series import Series


def train_into(
    library: ModelLibrary,
    series: Sequence[Series],
    plan: TrainingPlan,
    on_progress: OnProgress = silent,
    promoted_by: str | None = None,
    why: str = "offbeat train",
) -> list[TrainedGroup]:
    """Learn each group of channels from recordings and keep its model in the library.

    Args:
        library: gets a version for each group.
        series: recordings of sensors.
        plan: how to train.
        on_progress: is told how far it is.
        promoted_by: who puts the versions into service; None = nobody, they are only kept.
        why: reason for that, for the history.

    Raises:
        OffbeatError: nothing can be learnt from a group, or its model collapsed; nothing is kept then.
    """
    with library.workbench() as bench:
        trained = train_from_recordings(
            series, plan, bench, on_progress, lambda name: serving(library.group(name))
        )
        for made in sorted(bench.iterdir()):
            group = library.group(made.name)
            version = group.install(made)
            if promoted_by is not None:
                group.promote(version, promoted_by, why)
    return trained
