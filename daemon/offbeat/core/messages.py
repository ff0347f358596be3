"""One plain sentence or two about a transition, made of facts only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from offbeat.core.episode_rules import Track
from offbeat.core.rulebook import Limit
from offbeat.core.transitions import Change, Reason
from offbeat.core.wording import clock, duration, in_step, number

_WHY = {
    "level": "it is far from its usual level",
    "level_mean": "its level has been off for some time",
    "level_wide": "it is off its usual level on the mean of the last readings",
    "adaptive": "it is far from where it has been of late",
    "drift": "it has been leaning to one side for long",
    "linear": "it does not follow from the readings before",
    "linear_mean": "it has been leaving the course of the readings before",
    "linear_wide": "several channels do not follow from the readings before",
    "unrest": "its readings have been hard to foretell for some time",
    "variance": "it varies more or less than it used to",
    "jump": "it jumped",
    "shape": "the course of the last readings is not one of its usual ones",
    "relation": "it does not go with the sensor's other channels as it used to",
    "novelty": "something reads differently that never did",
    "value": "the model expected something else",
    "value_mean": "the model has expected something else for some time",
    "window": "the course of the last readings is new",
    "window_mean": "the course of its readings has been new for some time",
    "horizon": "the course of its last hours or days is new",
    "gap": "it reports sooner or later than it usually does",
    "pace": "it has been reporting faster or slower than it usually does",
    "stuck": "it has not changed for longer than it usually does",
    "rule": "it breaks a rule",
}
"""What each stream says when it is loud, to go on after "but" or to stand alone."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a transition is put into words. NaN or None is unknown and is left out.

    Attributes:
        sensor: id, or id and channel where the sensor has several.
        track, change, reason, score: of the transition.
        now, started: of the event, of the episode.
        unit: of the channel the sentence speaks of; "" = unknown.
        value, low, high: the reading and the band that holds ordinary ones.
        lately: the middle of the last few readings.
        extreme: "highest" or "lowest" if the value is that ...
        extreme_since: ... since this time.
        loudest: name of the stream that finds the reading strangest.
        gap_seconds, usual_gap_seconds: since the reading before, and the sensor's median.
        pace_seconds, pace_readings: usual distance of the newest readings, of so many, where that is out of rhythm.
        unchanged_seconds, unchanged_readings: how long the value has stood still.
        usual_hold_seconds: how long it stands still usually.
        quiet_seconds: how long nothing strange was seen, for what a tick closes.
        breach: the limit that is broken, or was.
        learnt_in_seconds: when a change that lasts is learnt, if nobody says before what it is.
    """

    sensor: str
    track: Track
    change: Change
    reason: Reason
    score: float
    now: float
    started: float
    unit: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    lately: float = math.nan
    extreme: str | None = None
    extreme_since: float = math.nan
    loudest: str | None = None
    gap_seconds: float = math.nan
    usual_gap_seconds: float = math.nan
    pace_seconds: float = math.nan
    pace_readings: int = 0
    unchanged_seconds: float = math.nan
    unchanged_readings: int = 0
    usual_hold_seconds: float = math.nan
    quiet_seconds: float = math.nan
    breach: Limit | None = None
    learnt_in_seconds: float = math.nan


def why(stream: str) -> str:
    """Return what a stream says when it is loud, in words."""
    return _WHY.get(stream, "it is unusual here")


def sentence(facts: Facts) -> str:
    """Return what happened, for a person who has only this line."""
    if facts.change is Change.CLOSE or facts.reason is Reason.LASTS:
        return _closed(facts)
    if facts.reason is Reason.LABELLED:
        return f"{facts.sensor} is not normal{_reads(facts)}: what was taken for a lasting change is a fault."
    text = _WORDS[facts.track](facts)
    if facts.change is Change.UPDATE and facts.track is not Track.SILENT:
        what = "Broken" if facts.track is Track.RULE else "Strange"
        text = f"{text} {what} for {duration(facts.now - facts.started)} now."
    return text


def _closed(facts: Facts) -> str:
    lasted = duration(facts.now - facts.started)
    if facts.reason is Reason.RETURNED:
        return f"{facts.sensor} reports again after {lasted} of silence."
    if facts.reason is Reason.RETIRED:
        return f"{facts.sensor} is not listened to any more: closed after {lasted}."
    if facts.reason is Reason.ESCALATED:
        return f"{facts.sensor} became much stranger after {lasted}: a new episode takes over."
    if facts.reason in (Reason.SETTLED, Reason.CONFIRMED, Reason.LASTS):
        which = f"{facts.sensor} has been different for {lasted}{_reads(facts)}"
        if facts.reason is Reason.CONFIRMED:
            return f"{which}: its new normal, as it was labelled; it is learnt from now on."
        if not math.isfinite(facts.learnt_in_seconds):
            return f"{which}: this is taken for a lasting change, and told of no more."
        wait = duration(facts.learnt_in_seconds)
        return f"{which}: a lasting change, told of no more; learnt in {wait} if nobody calls it a fault."
    if facts.track is Track.RULE and facts.breach is None:
        return f"{facts.sensor} breaks no rule any more: closed after {lasted}."
    if facts.track is Track.RULE:
        return f"{facts.sensor} keeps its limits again after {lasted}{_reads(facts)}."
    if facts.reason is Reason.QUIET:
        calm = f" for {duration(facts.quiet_seconds)}" if math.isfinite(facts.quiet_seconds) else ""
        return f"{facts.sensor} has shown nothing strange{calm}: closed after {lasted}."
    if facts.track is Track.STUCK:
        return f"{facts.sensor} changes again after {lasted}."
    if facts.track is Track.RHYTHM:
        return f"{facts.sensor} reports in its usual rhythm again after {lasted}."
    if facts.lately < facts.low or facts.lately > facts.high:
        band = f"{_number(facts, facts.low)} to {_number(facts, facts.high)}"
        still = f"{facts.sensor} has not come back after {lasted}{_reads(facts)}, expected {band}"
        return f"{still}: closed, for that is no longer rare; told of again when it is rare again."
    return f"{facts.sensor} is back to normal after {lasted}{_reads(facts)}."


def _reads(facts: Facts) -> str:
    return f"; it reads {_value(facts)}" if math.isfinite(facts.value) else ""


def _process(facts: Facts) -> str:
    worse = " is much stranger than before: it" if facts.reason is Reason.ESCALATED else ""
    if not math.isfinite(facts.value):
        return f"{facts.sensor}{worse} behaves strangely; {_score(facts)}."
    text = f"{facts.sensor}{worse} reads {_value(facts)}"
    if not math.isfinite(facts.low + facts.high):
        return f"{text}. {_score(facts).capitalize()}."
    band = f"{_number(facts, facts.low)} to {_number(facts, facts.high)}"
    if facts.low <= facts.value <= facts.high:
        because = why(facts.loudest or "")
        return f"{text}, inside the expected {band}, but {because}. {_score(facts).capitalize()}."
    rank = f"{_extreme(facts)}; {_score(facts)}" if _extreme(facts) else _score(facts).capitalize()
    return f"{text}; expected {band}. {rank}."


def _score(facts: Facts) -> str:
    return f"score {number(facts.score, 2)}"


def _extreme(facts: Facts) -> str:
    if facts.extreme is None or not math.isfinite(facts.extreme_since):
        return ""
    return f"{facts.extreme.capitalize()} since {clock(facts.extreme_since, facts.now)}"


def _rhythm(facts: Facts) -> str:
    if not math.isfinite(facts.gap_seconds):
        return f"{facts.sensor} reports out of rhythm; {_score(facts)}."
    came = f"its last reading came {duration(facts.gap_seconds)} after the one before"
    if math.isfinite(facts.pace_seconds):
        came = (
            f"its last {facts.pace_readings} readings came {duration(facts.pace_seconds)} apart on the mean"
        )
    return f"{facts.sensor} reports out of rhythm: {came}{_usually_reports(facts)}. {_score(facts).capitalize()}."


def _stuck(facts: Facts) -> str:
    if not math.isfinite(facts.unchanged_seconds):
        return f"{facts.sensor} is stuck; {_score(facts)}."
    at = f" from {_value(facts)}" if math.isfinite(facts.value) else ""
    count = f" ({facts.unchanged_readings} readings)" if facts.unchanged_readings else ""
    usual = facts.usual_hold_seconds
    rule = f"; it usually changes within {duration(usual)}" if math.isfinite(usual) else ""
    return f"{facts.sensor} has not changed{at} for {duration(facts.unchanged_seconds)}{count}{rule}."


def _silent(facts: Facts) -> str:
    silent_for = duration(facts.now - facts.started)
    return f"{facts.sensor} has been silent for {silent_for}{_usually_reports(facts)}."


def _rule(facts: Facts) -> str:
    breach = facts.breach
    if breach is None:
        return f"{facts.sensor} breaks a rule."
    reads = f"{facts.sensor} reads {_plain(facts.value, facts.unit)}"
    limit, rule = _plain(breach.value, facts.unit), breach.rule
    name = f" ({rule.name})" if rule.name else ""
    patience = f" for {duration(rule.for_seconds)}" if rule.for_seconds else ""
    if breach.bound in ("rising", "falling"):
        return f"{reads}, {breach.bound} faster than {limit} a second{patience}{name}."
    beyond = facts.value > breach.value if breach.bound == "above" else facts.value < breach.value
    if rule.hysteresis and not beyond:
        return f"{reads}, not yet {_plain(rule.hysteresis, facts.unit)} inside its limit of {limit}{name}."
    return f"{reads}, {breach.bound} its limit of {limit}{patience}{name}."


def _plain(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def _usually_reports(facts: Facts) -> str:
    usual = facts.usual_gap_seconds
    return f"; it usually reports every {duration(usual)}" if math.isfinite(usual) else ""


_WORDS: dict[Track, Callable[[Facts], str]] = {
    Track.PROCESS: _process,
    Track.RHYTHM: _rhythm,
    Track.STUCK: _stuck,
    Track.SILENT: _silent,
    Track.RULE: _rule,
}


def _value(facts: Facts) -> str:
    unit = f" {facts.unit}" if facts.unit else ""
    return f"{_number(facts, facts.value)}{unit}"


def _number(facts: Facts, value: float) -> str:
    """Write a value with as many decimals as the width of the band deserves."""
    width = facts.high - facts.low
    return in_step(value, width / 20) if math.isfinite(width) else number(value)
