"""A recorded set through the production path, beside simple detectors on the same rows."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.detection import nab, played_set, rules, skab
from tests.benchmarks.detection.played_set import ALL, WITHOUT_MODEL
from tests.benchmarks.detection.recorded import read_set


def measure(name: str, seed: int = 0, family: str = "lstm_vae") -> dict[str, Any]:
    """Return the figures of one set; of those with a score of their own, that too.

    Args:
        name: of the set.
        seed: of the model's training; only the first one's run looks at every choice of streams.
        family: of the model.
    """
    recorded = read_set(name)
    result = played_set.backtest(recorded, seed, family)
    labels, splits = recorded.labels, recorded.splits
    wanted = played_set.choices()
    if seed:
        wanted = {key: wanted[key] for key in (ALL, WITHOUT_MODEL)}
    out = played_set.verdict(result, labels, splits)
    if name == "nab":
        out["benchmark score"] = nab.figures(recorded, result, reference=not seed)
    if name == "skab":
        out["rows"] = skab.figures(recorded, result)
    out["choices"] = played_set.precision_by_choice(result, labels, splits, wanted)
    if not seed:
        kept = {one.series.sensor for one in result.judged}
        series = [one for one in recorded.series if one.sensor in kept]
        out["rules"] = played_set.precision_by_rule(result, labels, splits, rules.rules())
        out["streams"] = played_set.precision_of_streams(result.judged, labels, splits)
        out["simple"] = played_set.precision_of_simple(series, labels, splits, forest=True)
    return out
