"""Series by group of sensors: of so many groups one each, of all further ones a single one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

MOST_GROUPS = 8
"""Groups with series of their own. A scrape has to stay small whatever the fleet is made of."""
OTHERS = "(others)"
"""The label of all further groups. No group has that name: it would need a channel of it."""

Labels = tuple[str, ...]


def series_by_group(
    values: Mapping[str, float], of_others: Callable[[Iterable[float]], float]
) -> dict[Labels, float]:
    """Return the series of a metric that has a value for each group.

    Args:
        values: by the name of the group, in the order of the groups.
        of_others: makes one value of those of all groups beyond the first ones, such as `min`.
    """
    first, rest = dict(list(values.items())[:MOST_GROUPS]), list(values.values())[MOST_GROUPS:]
    series: dict[Labels, float] = {(name,): value for name, value in first.items()}
    return series | ({(OTHERS,): of_others(rest)} if rest else {})


def soonest(times: Iterable[float]) -> float:
    """Return the first of some unix times, of which 0 is none; 0 without any."""
    return min((time for time in times if time), default=0.0)


def models_by_group(models: Mapping[str, tuple[str, str]], device: str) -> dict[Labels, float]:
    """Return the series of the models in use: group, name, version and device; further groups name no version.

    Args:
        models: name and version by the name of the group.
        device: that serves them.
    """
    named = list(models.items())
    series: dict[Labels, float] = {
        (group, name, version, device): 1.0 for group, (name, version) in named[:MOST_GROUPS]
    }
    names = {name for _, (name, _) in named[MOST_GROUPS:]}
    return series | ({(OTHERS, ", ".join(sorted(names)), "", device): 1.0} if names else {})
