"""What the JSON API answers: the types that answers are made of and that the OpenAPI document is generated from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from offbeat.state.store import Episode

Time = Annotated[float, Meta(description="Unix seconds.")]


class Error(Struct, frozen=True):
    """Why there is no answer."""

    error: Annotated[str, Meta(description="What was found and what was expected, for a person.")]


class ModelInUse(Struct, frozen=True):
    """What judges a group of sensors."""

    name: str
    version: str


class Learning(Struct, frozen=True):
    """How far the learning of a group of sensors is, in the background."""

    stage: Annotated[
        Literal["off", "gathering", "waiting", "training"],
        Meta(
            description="off: it never trains; gathering: it waits for enough data for its first model; waiting: for "
            "the next training; training: it is at it."
        ),
    ]
    share: Annotated[
        float | None,
        Meta(description="0 to 1: of the data that a first model needs, or of the training."),
    ]
    eta_seconds: Annotated[
        float | None,
        Meta(description="Until the first model can be begun, or the training is done; null if not known."),
    ]
    reason: Annotated[str, Meta(description="Why it is so, or what the training is for.")]
    next_at: Annotated[
        float | None,
        Meta(description="Unix seconds of the next training at the latest; null if none is planned."),
    ]
    last: Annotated[str, Meta(description="What came of the last training since the start; empty before it.")]


class Configuration(Struct, frozen=True):
    """Which configuration the daemon runs by."""

    loaded_at: Annotated[float, Meta(description="Unix seconds at which it was read.")]
    problem: Annotated[
        str,
        Meta(
            description="Why what was read at the last reload is not in force; empty if it is, or none was asked for."
        ),
    ]


class Status(Struct, frozen=True):
    """How the daemon is."""

    version: str
    ready: Annotated[bool, Meta(description="Connected, subscribed, and taking readings in.")]
    waiting_for: Annotated[str, Meta(description="What keeps it from being ready; empty when it is.")]
    sensors: Annotated[dict[str, float], Meta(description="How many there are, by readiness.")]
    open_episodes: Annotated[dict[str, float], Meta(description="How many there are, by track.")]
    rows_scored: Annotated[int, Meta(description="Readings judged since the start.")]
    device: Annotated[str, Meta(description='What the model runs on: "cpu", "cuda" or "none".')]
    models: Annotated[dict[str, ModelInUse], Meta(description="By group of sensors.")]
    configuration: Configuration
    learning: Annotated[dict[str, Learning], Meta(description="By group of sensors.")] = {}
    messages_dropped: Annotated[
        dict[str, int],
        Meta(
            description="Messages that held no reading for us, since the start: how many, by reason; without what the "
            "broker retained from before, which every subscription brings."
        ),
    ] = {}
    readings_dropped: Annotated[
        dict[str, int],
        Meta(description="Readings that were decoded and not used, since the start: how many, by reason."),
    ] = {}


class Channel(Struct, frozen=True):
    """The newest of one quantity of a sensor."""

    channel: str
    value: Annotated[float | None, Meta(description="Newest value; null before the first.")]
    low: Annotated[float | None, Meta(description="Lower end of the expected band; null without one.")]
    high: Annotated[float | None, Meta(description="Upper end of the expected band; null without one.")]


class SensorSummary(Struct, frozen=True):
    """One sensor as it is now."""

    sensor: str
    group: Annotated[str, Meta(description="Sensors of a group have the same channels and share a model.")]
    readiness: Literal["waiting", "learning", "provisional", "ready"]
    progress: Annotated[
        float | None,
        Meta(description="0 to 1: the share of the readings that alerts about its values need."),
    ]
    reason: Annotated[
        str,
        Meta(
            description="What it waits for, in words; empty when it is ready, not frozen, and as it was learnt."
        ),
    ]
    off: Annotated[
        bool,
        Meta(
            description="Its alert is over, and its last readings are not as it was learnt; told only of what was "
            "learnt from a day or more."
        ),
    ]
    eta_seconds: Annotated[
        float | None,
        Meta(
            description="Until it has these readings at its own pace; null where that is not known, and while it is "
            "not heard."
        ),
    ]
    score: Annotated[
        float | None,
        Meta(description="Of the newest reading; 1 is the budget's boundary. Null if not judged."),
    ]
    p_value: Annotated[
        float | None,
        Meta(
            description="Chance that readings as strange as the newest begin at any one reading, against the last "
            "weeks; readings that are strange together count once. The least over the tracks."
        ),
    ]
    open: Annotated[list[str], Meta(description="Tracks that have an open episode.")]
    last_seen: Annotated[float | None, Meta(description="Unix seconds of its last message; null if never.")]
    usual_gap_seconds: Annotated[float | None, Meta(description="Median time between its messages.")]
    late: Annotated[int, Meta(description="Readings that came after a newer one.")]
    channels: list[Channel]


class SensorPage(Struct, frozen=True):
    """A page of the list of sensors."""

    total: Annotated[int, Meta(description="Sensors that there are.")]
    matching: Annotated[int, Meta(description="Sensors that the search found, on all pages.")]
    sensors: list[SensorSummary]


class Window(Struct, frozen=True):
    """The last readings of a sensor, by time. Lists of lists are channels of readings."""

    times: Annotated[list[float], Meta(description="Unix seconds, ascending.")]
    values: Annotated[list[list[float | None]], Meta(description="By channel; null where not observed.")]
    low: Annotated[
        list[list[float | None]],
        Meta(description="Lower end of the band each reading was expected in; null without one."),
    ]
    high: Annotated[list[list[float | None]], Meta(description="Upper end of that band.")]
    scores: Annotated[list[float | None], Meta(description="Null where not judged since the start.")]


class Voice(Struct, frozen=True):
    """What one detector says of the newest reading."""

    stream: Annotated[str, Meta(description="Its name, as in the events' streams.")]
    track: Annotated[str, Meta(description="Track of episodes that it speaks to.")]
    about: Annotated[str, Meta(description="What it says when it is loud, in words.")]
    surprise: Annotated[float, Meta(description="-log10 of the chance of a reading as strange to it.")]
    votes: Annotated[bool, Meta(description="Whether it takes part in scores and alerts.")]


class SensorDetail(SensorSummary, frozen=True):
    """One sensor in full."""

    window: Window
    voices: Annotated[list[Voice], Meta(description="The loudest first; empty if nothing was judged yet.")]
    episodes: Annotated[list[Episode], Meta(description="Its newest ones, newest first.")]


class EpisodeList(Struct, frozen=True):
    """Episodes: the open ones, or the newest."""

    episodes: list[Episode]


class Document(Struct, frozen=True):
    """A description of an API by OpenAPI 3.1."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
