"""What was learnt of one group, and what it keeps of what was known before."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from offbeat.app.artifacts import GroupArtifact
from offbeat.app.long_training import LongView
from offbeat.app.model_training import Learnt
from offbeat.core.commission import Commission
from offbeat.learn.doubts import Doubts
from offbeat.learn.enough import LeftUnknown
from offbeat.learn.exclusions import LeftOut
from offbeat.replay.series import Series
from offbeat_models.comparison import Comparison
from offbeat_models.served import with_strangers
from offbeat_models.training import TrainingReport


@dataclass(frozen=True, slots=True)
class TrainedGroup:
    """What was learnt of one group and how it went.

    Attributes:
        commission: calibrated.
        result: the model and the report of its training.
        version: of the artifact; empty if it was not written.
        long: what was learnt of the long view, or why nothing was.
        comparison: with baselines on held-back time; None if it was not asked for, or too little was held back.
        doubts: rows that nothing was learnt from, by what they are like.
        left_out: rows that nothing was learnt from, by what is known of their time.
        left_unknown: sensors that nothing was learnt of, for too few of their rows were left.
        as_before: sensors that nothing was learnt of either, but that are known from before.
    """

    commission: Commission
    result: Learnt
    version: str = ""
    long: LongView = field(default_factory=LongView)
    comparison: Comparison | None = None
    doubts: Doubts = field(default_factory=Doubts)
    left_out: LeftOut = field(default_factory=LeftOut)
    left_unknown: LeftUnknown = field(default_factory=LeftUnknown)
    as_before: tuple[str, ...] = ()

    @property
    def report(self) -> TrainingReport:
        """How the model's training went."""
        return self.result.report

    def training_dict(self) -> dict[str, object]:
        """Return how it all went as JSON can hold it."""
        compared = {} if self.comparison is None else {"comparison": self.comparison.to_dict()}
        excluded = {"excluded": self.left_out.to_dict()} if self.left_out.total else {}
        of_sensors = self.doubts.to_dict() | excluded | self.left_unknown.to_dict()
        of_sensors |= {"as_before": list(self.as_before)} if self.as_before else {}
        return self.report.to_dict() | self.long.to_dict() | compared | of_sensors

    def keeping(self, in_service: GroupArtifact | None, heard: Collection[str]) -> TrainedGroup:
        """Return it with what was known before of sensors that nothing was learnt of now.

        A fault that lasts longer than the journal leaves nothing to learn from. A model that did not know the sensor
        any more would take it for a stranger, and what it does now for its way. So its laws of before judge it; the
        models take it for an unknown one.

        Args:
            in_service: what the group has been judged by; None = nothing.
            heard: sensors that something was heard of; what was not heard at all may be gone.
        """
        if in_service is None:
            return self
        known = in_service.commission
        kept = tuple(s for s in known.sensors if s in heard and not self.commission.row_of(s))
        if not kept:
            return self
        model = with_strangers(self.result.model, len(kept))
        long = None if self.long.model is None else with_strangers(self.long.model, len(kept))
        return dataclasses.replace(
            self,
            commission=self.commission.with_rows_of(known, kept),
            result=dataclasses.replace(self.result, model=model),  # type: ignore[arg-type] # of the kind that it was
            long=dataclasses.replace(self.long, model=long),
            left_unknown=self.left_unknown.but(kept),
            as_before=kept,
        )

    def learnt_of(self, series: Sequence[Series]) -> list[Series]:
        """Return the recordings of the sensors that something was learnt of."""
        return [one for one in series if self.commission.row_of(one.sensor)]
