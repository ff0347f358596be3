"""The sentences an operator reads, as examples."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offbeat.core.episode_rules import Track
from offbeat.core.messages import Facts, sentence, why
from offbeat.core.streams.registry import STREAM_NAMES, STREAM_TRACKS
from offbeat.core.transitions import Change, Reason

ELEVEN = 1_767_265_200.0  # 2026-01-01 11:00:00 UTC
BOILER = Facts(
    sensor="boiler.temp",
    track=Track.PROCESS,
    change=Change.OPEN,
    reason=Reason.STRANGE,
    score=3.21,
    now=ELEVEN,
    started=ELEVEN,
    value=93.0734,
    low=61.02,
    high=67.98,
    extreme="highest",
    extreme_since=ELEVEN - 19 * 60,
)
PUMP = replace(
    BOILER,
    sensor="pump3.flow",
    track=Track.SILENT,
    started=ELEVEN - 250,
    usual_gap_seconds=5.0,
)
STUCK = replace(
    BOILER,
    sensor="tank.level",
    track=Track.STUCK,
    value=4.2,
    unchanged_seconds=7380.0,
    unchanged_readings=61,
    usual_hold_seconds=20.0,
)
CLOSED = replace(BOILER, change=Change.CLOSE, reason=Reason.CALM, now=ELEVEN + 720, value=64.2)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (BOILER, "boiler.temp reads 93.1; expected 61 to 68. Highest since 10:41 UTC; score 3.2."),
        (
            replace(BOILER, unit="°C"),
            "boiler.temp reads 93.1 °C; expected 61 to 68. Highest since 10:41 UTC; score 3.2.",
        ),
        (replace(BOILER, extreme=None), "boiler.temp reads 93.1; expected 61 to 68. Score 3.2."),
        (
            replace(BOILER, value=63.3, extreme=None, loudest="linear"),
            (
                "boiler.temp reads 63.3, inside the expected 61 to 68, but it does not follow from the "
                "readings before. Score 3.2."
            ),
        ),
        (replace(BOILER, low=float("nan")), "boiler.temp reads 93.07. Score 3.2."),
        (replace(BOILER, value=float("nan")), "boiler.temp behaves strangely; score 3.2."),
        (
            replace(BOILER, reason=Reason.ESCALATED),
            (
                "boiler.temp is much stranger than before: it reads 93.1; expected 61 to 68. "
                "Highest since 10:41 UTC; score 3.2."
            ),
        ),
        (
            replace(BOILER, change=Change.UPDATE, now=ELEVEN + 720),
            (
                "boiler.temp reads 93.1; expected 61 to 68. Highest since 10:41 UTC; score 3.2. "
                "Strange for 12 min now."
            ),
        ),
        (CLOSED, "boiler.temp is back to normal after 12 min; it reads 64.2."),
        (
            replace(CLOSED, value=93.07, lately=93.0),
            (
                "boiler.temp has not come back after 12 min; it reads 93.1, expected 61 to 68: closed, for that is no "
                "longer rare; told of again when it is rare again."
            ),
        ),
        (
            replace(CLOSED, track=Track.RHYTHM, value=float("nan")),
            "boiler.temp reports in its usual rhythm again after 12 min.",
        ),
        (
            replace(CLOSED, reason=Reason.QUIET, quiet_seconds=600.0),
            "boiler.temp has shown nothing strange for 10 min: closed after 12 min.",
        ),
        (
            replace(CLOSED, reason=Reason.ESCALATED),
            "boiler.temp became much stranger after 12 min: a new episode takes over.",
        ),
        (
            replace(CLOSED, reason=Reason.SETTLED, now=ELEVEN + 93_600, value=93.0),
            (
                "boiler.temp has been different for 1 d 2 h; it reads 93: this is taken for a lasting change, "
                "and told of no more."
            ),
        ),
        (
            replace(
                CLOSED, reason=Reason.SETTLED, now=ELEVEN + 93_600, value=93.0, learnt_in_seconds=7 * 86_400.0
            ),
            (
                "boiler.temp has been different for 1 d 2 h; it reads 93: a lasting change, told of no more; "
                "learnt in 7 d if nobody calls it a fault."
            ),
        ),
        (
            replace(CLOSED, reason=Reason.CONFIRMED, value=93.0),
            (
                "boiler.temp has been different for 12 min; it reads 93: its new normal, as it was labelled; "
                "it is learnt from now on."
            ),
        ),
        (
            replace(CLOSED, change=Change.OPEN, reason=Reason.LABELLED, value=93.0),
            "boiler.temp is not normal; it reads 93: what was taken for a lasting change is a fault.",
        ),
    ],
)
def test_strange_values(facts: Facts, text: str) -> None:
    """What it reads, what was expected, how long, how bad."""
    assert sentence(facts) == text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (PUMP, "pump3.flow has been silent for 4 min 10 s; it usually reports every 5 s."),
        (replace(PUMP, usual_gap_seconds=float("nan")), "pump3.flow has been silent for 4 min 10 s."),
        (
            replace(PUMP, change=Change.CLOSE, reason=Reason.RETURNED, now=ELEVEN + 60),
            "pump3.flow reports again after 5 min 10 s of silence.",
        ),
        (
            STUCK,
            (
                "tank.level has not changed from 4.2 for 2 h 3 min (61 readings); it usually changes "
                "within 20 s."
            ),
        ),
        (
            replace(STUCK, change=Change.CLOSE, reason=Reason.CALM, now=ELEVEN + 60),
            "tank.level changes again after 1 min.",
        ),
        (
            replace(
                BOILER,
                track=Track.RHYTHM,
                gap_seconds=0.24,
                usual_gap_seconds=0.28,
                pace_seconds=0.06,
                pace_readings=8,
            ),
            (
                "boiler.temp reports out of rhythm: its last 8 readings came 0.06 s apart on the mean; "
                "it usually reports every 0.28 s. Score 3.2."
            ),
        ),
        (
            replace(BOILER, track=Track.RHYTHM, gap_seconds=40.0, usual_gap_seconds=5.0),
            (
                "boiler.temp reports out of rhythm: its last reading came 40 s after the one before; "
                "it usually reports every 5 s. Score 3.2."
            ),
        ),
    ],
)
def test_sick_sensors(facts: Facts, text: str) -> None:
    """A sentence about the sensor itself never speaks of the process."""
    assert sentence(facts) == text


def test_every_stream_of_values_has_its_words() -> None:
    """A new stream must say in words what it finds strange."""
    silent = replace(BOILER, value=63.3, extreme=None)
    vague = sentence(silent)
    speaking = [n for n, track in zip(STREAM_NAMES, STREAM_TRACKS, strict=True) if track == "process"]
    assert speaking
    assert all(sentence(replace(silent, loudest=name)) != vague for name in speaking)


def test_every_stream_has_its_words_on_the_page() -> None:
    """Those of rhythm and of standing still, too."""
    assert [name for name in STREAM_NAMES if why(name) == why("one that nobody knows")] == []


@pytest.mark.parametrize("track", list(Track))
@pytest.mark.parametrize("change", list(Change))
@pytest.mark.parametrize("reason", list(Reason))
def test_every_transition_has_a_sentence_even_when_nothing_else_is_known(
    track: Track, change: Change, reason: Reason
) -> None:
    """A fact that is missing is left out; no sentence says nan, None or an empty number."""
    bare = Facts("a.b", track, change, reason, 1.0, ELEVEN, ELEVEN - 60)
    text = sentence(bare)
    assert text.startswith("a.b ")
    assert text.endswith(".")
    assert not any(word in text for word in ("nan", "None", "unknown", "  "))
