"""Rules about [[rule]]: that each is about something, and can be kept to."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from offbeat.config.guess import did_you_mean
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.settings import RuleSettings

ONLY_CHANNEL = "value"
"""Channel of a sensor that measures one thing."""


def check_bounds(parts: Parts) -> Iterator[Finding]:
    """Yield what is wrong with the rules."""
    channels = sorted(
        {name for source in parts.sources.values() for name in source.channels or [ONLY_CHANNEL]}
    )
    for index, rule in parts.rules.items():
        yield from _check_patterns(index, rule, channels)
        yield from _check_hysteresis(index, rule)


def _check_patterns(index: int, rule: RuleSettings, channels: list[str]) -> Iterator[Finding]:
    for option in ("sensor", "channel"):
        if not getattr(rule, option):
            yield Finding(
                ("rule", index, option),
                "an empty pattern matches nothing",
                'write "*" for all, or leave it out',
            )
    if not rule.channel or not channels or any(fnmatchcase(name, rule.channel) for name in channels):
        return
    known = ", ".join(f'"{name}"' for name in channels)
    help_ = ""
    if ONLY_CHANNEL in channels:
        # Fields of such sources are not channels, though people think of them as such.
        help_ = (
            "fields of a source without `channels` are sensors of their own: leave channel out and write "
            f'sensor = "*.{rule.channel}"'
        )
    yield Finding(
        ("rule", index, "channel"),
        f'no source has a channel like "{rule.channel}"{did_you_mean(rule.channel, channels)}; they have {known}',
        help_,
        "warning",
    )


def _check_hysteresis(index: int, rule: RuleSettings) -> Iterator[Finding]:
    where = ("rule", index, "hysteresis")
    if not rule.hysteresis:
        return
    if rule.min is None and rule.max is None:
        yield Finding(where, "hysteresis is about min and max, and neither is set", "take it out", "warning")
    elif rule.min is not None and rule.max is not None and rule.hysteresis > rule.max - rule.min:
        yield Finding(
            where,
            f"a value that left {rule.min:g} to {rule.max:g} could never come back {rule.hysteresis:g} inside of it",
            "set a smaller one",
        )
