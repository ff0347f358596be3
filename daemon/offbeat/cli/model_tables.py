"""Versions of models as text: a list, all of one, two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from offbeat.core.counted import counted
from offbeat.learn.model_version import ModelVersion
from offbeat.learn.promotions import Promotions
from offbeat.learn.trials import RECALL, Trials

_COLUMNS = f"{'version':<12}  {'trained':<25}  {'model':<16} {'sensors':>7} {'steps':>6} {'recall':>6}"


def listed(groups: Sequence[tuple[str, Sequence[ModelVersion], Promotions, Trials]]) -> Iterator[str]:
    """Yield the lines of a list of all groups' versions; nothing without a version."""
    if not groups:
        return
    wide = max(len("group"), *(len(name) for name, *_ in groups))
    yield f"{'group':<{wide}}  {_COLUMNS}"
    for name, versions, history, trials in groups:
        for one in versions:
            recall = _recall(one, trials)
            line = (
                f"{name:<{wide}}  {one.version:<12}  {one.created_at:<25}  {one.choice!s:<16} "
                f"{one.sensors:>7} {_text(one.steps):>6} {recall:>6}  {_standing(one, history, trials)}"
            )
            yield line.rstrip()
        for one in versions:
            if one.damage:
                yield f"  {one.version} cannot be used: {one.damage}"


def shown(group: str, one: ModelVersion, history: Promotions, trials: Trials) -> list[str]:
    """Return all that is known of a version."""
    lines = [
        f"{one.version} of {group} {_standing(one, history, trials)}".rstrip(),
        f"  folder: {one.folder}",
    ]
    if one.damage:
        lines.append(f"  cannot be used: {one.damage}")
    if one.manifest:
        lines += [
            f"  trained: {one.created_at}",
            f"  model: {one.choice}",
            f"  channels: {', '.join(one.channels)}",
            f"  sensors: {', '.join(one.manifest['sensors'])}",
        ]
        lines += [f"  {name}: {value}" for name, value in one.manifest["settings"].items()]
        lines += [
            f"  {_words(name)}: {counted(len(value), 'sensor') if isinstance(value, list) else value}"
            for name, value in one.lineage.items()
            if value is not None
        ]
        if (left := one.left_unknown).readings:
            lines.append(f"  left unknown: {left}")
        if as_before := one.manifest["training"].get("as_before"):
            lines.append(f"  known as before: {counted(len(as_before), 'sensor')} that nothing was learnt of")
        lines += [f"  {name}: {value:.3f}" for name, value in one.figures.items()]
    lines += [f"  {line}" for line in _on_trial(one.version, trials)]
    for entry in history:
        if entry.version == one.version:
            what = "put into service" if entry.kind == "promote" else "gone back to"
            lines.append(f"  {what} {entry.at} by {entry.by}: {entry.why}")
    return lines


def compared(a: ModelVersion, b: ModelVersion, trials: Trials) -> list[str]:
    """Return the figures of two versions side by side; what only one of them has stands alone.

    Of a trial of one against the other both figures are of the same rows.
    """
    rows = [
        ("trained", a.created_at, b.created_at, ""),
        ("model", str(a.choice), str(b.choice), ""),
        ("sensors", str(a.sensors), str(b.sensors), f"{b.sensors - a.sensors:+d}"),
        ("rows", str(a.lineage.get("rows", "")), str(b.lineage.get("rows", "")), ""),
        ("steps", _text(a.steps), _text(b.steps), ""),
    ]
    for name in dict.fromkeys([*a.figures, *b.figures]):
        own, other = a.figures.get(name), b.figures.get(name)
        gain = "" if own is None or other is None else f"{other - own:+.3f}"
        rows.append((name, _number(own), _number(other), gain))
    for name, (own, other) in _of_both(a.version, b.version, trials).items():
        gain = "" if own is None or other is None else f"{other - own:+.3f}"
        rows.append((f"on trial: {name}", _number(own), _number(other), gain))
    wide = max(len(name) for name, *_ in rows)
    lines = [f"{'':<{wide}}  {a.version:>25}  {b.version:>25}  difference"]
    lines += [f"{name:<{wide}}  {x:>25}  {y:>25}  {gain}".rstrip() for name, x, y, gain in rows]
    return [*lines, "of what is held back, likelihoods are in nats a value, and lower is better"]


def _standing(one: ModelVersion, history: Promotions, trials: Trials) -> str:
    if one.version == history.current:
        return "in service"
    if one.version == history.previous:
        return "before"
    if one.damage:
        return "damaged"
    verdict = trials.of(one.version)
    return "" if verdict is None or verdict.promoted else f"not promoted: {verdict.reason}"


def _recall(one: ModelVersion, trials: Trials) -> str:
    verdict = trials.of(one.version)
    on_trial = None if verdict is None else verdict.figures.get(RECALL, (None, None))[0]
    recall = one.recall if on_trial is None else on_trial
    return "" if recall is None else f"{recall:.2f}"


def _on_trial(version: str, trials: Trials) -> Iterator[str]:
    """Yield what came of the trial of a version, and the figures of both models."""
    verdict = trials.of(version)
    if verdict is None:
        return
    against = f" against {verdict.against}" if verdict.against else ""
    what = "promoted" if verdict.promoted else "better, not promoted" if verdict.better else "not promoted"
    yield f"on trial {verdict.at}{against}: {what}: {verdict.reason}"
    for name, (own, other) in verdict.figures.items():
        beside = "" if other is None else f" (of {verdict.against}: {other:.3f})"
        if own is not None:
            yield f"on trial: {name}: {own:.3f}{beside}"


def _of_both(a: str, b: str, trials: Trials) -> dict[str, tuple[float | None, float | None]]:
    """Return the figures of a trial of one version against the other, those of the first one first."""
    for own, other in ((b, a), (a, b)):
        verdict = next(
            (one for one in reversed(trials.entries) if (one.version, one.against) == (own, other)), None
        )
        if verdict is not None:
            figures = verdict.figures.items()
            return {name: pair if own == a else (pair[1], pair[0]) for name, pair in figures}
    return {}


def _words(name: str) -> str:
    known = {
        "after": "trained after",
        "from": "readings from",
        "to": "readings to",
        "heard": "sensors with readings",
        "no_room": "not learnt for want of learning.memory",
    }
    return known.get(name, name.replace("_", " "))


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
