"""The settings of the daemon: frozen, strict, a default for everything but the broker and the sources.

A field is named with its unit in code (`keepalive_seconds`) and without it in TOML (`keepalive = "20s"`).
What stands under "Attributes" is what users read in `docs/reference/configuration.md`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from offbeat.config.fields import AsTuple, Bytes, FilePath, PerWeek, Seconds, SensorsShown, TextList
from offbeat.config.sensor_choice import SensorChoice

DEFAULT_EXCLUDE = (
    "ts", "time", "timestamp", "last_seen",
    "linkquality", "battery", "rssi", "snr", "lqi", "seq", "uptime", "counter", "*_id", "id",
)  # fmt: skip
"""Fields of JSON payloads that are numbers about the clock, the radio or the device, not measurements."""


Family = Literal["lstm_vae", "attention_vae", "conv_vae", "robust_z", "pca", "half_space_trees"]
"""What judges windows: a model, or one of the simple detectors that models are compared with."""


class _Table(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
    )


class MqttSettings(_Table):
    """The broker that readings come from and alerts go to, and how to speak with it.

    Attributes:
        url: the broker, as `mqtt://`, `mqtts://` (TLS), `ws://` or `wss://` (websockets, with a path) and its host.
        client_id: the name of this client, which no other client of the broker may use; without it one is made of
            the host's name.
        username: at the broker.
        password_file: file whose first line is the password; secrets never stand in the configuration.
        ca_file: who signed the broker's certificate; without it those the system trusts.
        cert_file: this client's own certificate, for brokers that ask for one.
        key_file: the key of `cert_file`.
        insecure: do not check the broker's certificate: anyone on the way can read and change what is sent.
        protocol: "auto" tries MQTT 5 and falls back to 3.1.1 where the broker refuses it; the others do not.
        receive_maximum: messages of QoS 1 that the broker may send before it waits for an acknowledgement.
        persistent_session: let the broker keep messages of QoS 1 while this client is away.
        session_expiry_seconds: how long it keeps them.
        keepalive_seconds: after so long without a word the broker takes this client for gone.
        reconnect_min_seconds: pause before the second attempt to connect; it doubles, and is varied at random.
        reconnect_max_seconds: what that pause grows to; to 2 s at most where a broker on this machine is away.
        publish_url: the broker that alerts go to, where it is another one.
    """

    url: str
    client_id: str | None = None
    username: str | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    insecure: bool = False
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    receive_maximum: Annotated[int, Field(ge=1, le=65_535)] = 2000
    persistent_session: bool = False
    session_expiry_seconds: Annotated[Seconds, Field(alias="session_expiry", ge=0)] = 3600.0
    keepalive_seconds: Annotated[Seconds, Field(alias="keepalive", ge=1, le=65_535)] = 20.0
    reconnect_min_seconds: Annotated[Seconds, Field(alias="reconnect_min", gt=0)] = 1.0
    reconnect_max_seconds: Annotated[Seconds, Field(alias="reconnect_max", gt=0)] = 30.0
    publish_url: str | None = None

    @property
    def publishing_url(self) -> str:
        """The broker that alerts go to."""
        return self.publish_url or self.url


class TimeSettings(_Table):
    """Where the time of a reading is in its payload.

    Attributes:
        field: name or dotted path of it; without one the time of arrival counts.
        format: how it is written; "auto" goes by its looks.
        timezone: that of dates which name none, such as "Europe/Berlin".
    """

    field: str | None = None
    format: Literal["auto", "unix", "unix_ms", "unix_us", "unix_ns", "rfc3339"] = "auto"
    timezone: str = "UTC"


class SourceSettings(_Table):
    """One subscription: its topics, which sensors they name, and how payloads are read.

    Attributes:
        topic: template such as "plant/{line}/{sensor}/state"; captures name the sensor, a last
            "{metric...}" takes the rest.
        id: template of the sensor's id over the captures; without it they, or else all levels, are joined
            by dots.
        qos: 0: at most once; 1: at least once, acknowledged when it is in the journal.
        payload: "number": one number; "json": an object, also nested; "auto" looks at each payload.
        channels: fields that share one window; without them each numeric field is a sensor of its own.
        include: fields that are read, by name or dotted path; "*" stands for any text.
        exclude: fields that are not read; it goes before `include`.
        time: where the time of a reading is in its payload.
        retained: what the broker kept from before is of unknown age: "ignore" it, or "accept" it as a reading.
        family: what judges its windows; without it `model.family`.
        horizon_seconds: how far back the long view looks; without it `model.horizon`.
    """

    topic: str
    id: str | None = None
    qos: Literal[0, 1] = 1
    payload: Literal["auto", "number", "json"] = "auto"
    channels: TextList = ()
    include: TextList = ("*",)
    exclude: TextList = DEFAULT_EXCLUDE
    time: TimeSettings = TimeSettings()
    retained: Literal["ignore", "accept"] = "ignore"
    family: Family | None = None
    horizon_seconds: Annotated[Seconds | None, Field(alias="horizon", ge=600)] = None


class RuleSettings(_Table):
    """What channels of sensors must keep to, in their own units, whatever was learnt.

    Attributes:
        sensor: pattern of ids with `*`, `?` and `[...]`.
        channel: pattern of channels; that of a sensor which measures one thing is "value".
        min: lowest value that is allowed.
        max: highest value that is allowed.
        max_rise_per_second: fastest rise from one reading to the next, over at least a second.
        max_fall_per_second: fastest fall likewise.
        for_seconds: how long it must be broken before it counts.
        hysteresis: how far inside of min or max a value must come again before the rule is kept.
        severity: of the alert.
        unit: of the channel, such as "°C"; shown in the alert.
        name: shown in the alert.
    """

    sensor: str = "*"
    channel: str = "*"
    min: float | None = None
    max: float | None = None
    max_rise_per_second: Annotated[float | None, Field(gt=0)] = None
    max_fall_per_second: Annotated[float | None, Field(gt=0)] = None
    for_seconds: Annotated[Seconds, Field(alias="for", ge=0)] = 0.0
    hysteresis: Annotated[float, Field(ge=0)] = 0.0
    severity: Literal["warning", "critical"] = "warning"
    unit: str = ""
    name: str = ""

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        """Refuse a rule that nothing can break, or that everything breaks."""
        bounds = (self.min, self.max, self.max_rise_per_second, self.max_fall_per_second)
        if all(bound is None for bound in bounds):
            raise ValueError(
                "a rule without a bound; set min, max, max_rise_per_second or max_fall_per_second"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min:g} and max {self.max:g}; no value keeps to both")
        return self


class AlertSettings(_Table):
    """How often a sensor may raise a false alert, and how alerts are told.

    Attributes:
        budget_per_week: false alerts that one sensor may raise; smaller means quieter and later.
        root: first level of what is published: `<root>/alerts/<sensor>`, `<root>/state/<sensor>`, `<root>/status`.
        update_interval_seconds: how often an open episode is told again.
        state_interval_seconds: how often a sensor's state is published at most.
    """

    budget_per_week: Annotated[PerWeek, Field(alias="budget", gt=0)] = 1.0
    root: str = "offbeat"
    update_interval_seconds: Annotated[Seconds, Field(alias="update_interval", ge=1)] = 60.0
    state_interval_seconds: Annotated[Seconds, Field(alias="state_interval", ge=1)] = 60.0


class LimitSettings(_Table):
    """What bounds memory and what is refused at the door.

    Attributes:
        max_sensors: sensors that are admitted; readings of further ones are counted and dropped.
        window_readings: readings that a window holds; more means a longer memory, more memory and slower windows.
        memory_bytes: refuse to start, and to reload, where all sensors with full windows would take more; without it
            there is no limit. Channels that a reload leaves without a source count until a restart.
        max_payload_bytes: longer payloads are counted and dropped.
        allowed_lateness_seconds: a reading that arrives later than this after its own time is counted and left out.
        max_future_seconds: a reading that is further ahead of the clock is counted and left out.
        inbox_bytes: readings that may wait for the loop; when it is full the oldest are shed and counted.
    """

    max_sensors: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    window_readings: Annotated[int, Field(ge=8, le=65_536)] = 256
    memory_bytes: Annotated[Bytes | None, Field(alias="memory")] = None
    max_payload_bytes: Annotated[Bytes, Field(alias="max_payload", ge=16)] = 256 * 1024
    allowed_lateness_seconds: Annotated[Seconds, Field(alias="allowed_lateness", ge=0)] = 600.0
    max_future_seconds: Annotated[Seconds, Field(alias="max_future", ge=0)] = 300.0
    inbox_bytes: Annotated[Bytes, Field(alias="inbox", ge=64 * 1024)] = 64 * 1024**2


class JournalSettings(_Table):
    """The log of what arrived: recovery, recordings and training data come from it.

    Attributes:
        enabled: keep one; without it what arrived since the last snapshot is lost when the daemon is killed.
        max_bytes: the oldest segments are removed when it is larger.
        max_age_seconds: and when they are older.
        segment_bytes: size of one segment, the unit of removal.
        fsync_interval_seconds: how long messages wait to be written to the disk together; they are acknowledged after
            that.
    """

    enabled: bool = True
    max_bytes: Annotated[Bytes, Field(alias="max_size", ge=1024**2)] = 1024**3
    max_age_seconds: Annotated[Seconds, Field(alias="max_age", ge=60)] = 7 * 86_400.0
    segment_bytes: Annotated[Bytes, Field(alias="segment_size", ge=64 * 1024)] = 64 * 1024**2
    fsync_interval_seconds: Annotated[Seconds, Field(alias="fsync_interval", ge=0, le=10)] = 0.02


class ModelSettings(_Table):
    """The model, the device it runs on, and how its windows are batched.

    Attributes:
        artifact: folder of a model to use instead of what is in service in the library.
        prior: whether the fleet prior that comes with Offbeat judges sensors before there is a model of their own.
        keep_versions: versions of each group that the library keeps.
        family: what judges windows: a model, or one of the simple detectors "robust_z", "pca", "half_space_trees". It
            counts from the next training on.
        vote: whether what the model says of values and gaps takes part in scores and alerts; the long view does in any
            case. Without it only a simple detector in the model's place does.
        horizon_seconds: how far back the long view looks; without it there is none. It counts from the next
            training on.
        device: "auto" takes a CUDA device where there is one and falls back to the CPU; with "cuda" the daemon does not
            start without one.
        threads: of the CPU for the model; one is best beside a busy broker.
        window_stride_readings: a window is judged again after so many new readings.
        batch_windows: windows that are judged together at most.
        batch_delay_seconds: how long the first of them waits for others.
    """

    artifact: FilePath | None = None
    prior: bool = True
    keep_versions: Annotated[int, Field(ge=2, le=1000)] = 5
    family: Family = "lstm_vae"
    vote: bool | None = None
    horizon_seconds: Annotated[Seconds | None, Field(alias="horizon", ge=600)] = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    window_stride_readings: Annotated[int, Field(alias="window_stride", ge=1)] = 16
    batch_windows: Annotated[int, Field(ge=1, le=65_536)] = 64
    batch_delay_seconds: Annotated[Seconds, Field(alias="batch_delay", ge=0, le=60)] = 0.05


class LearningSettings(_Table):
    """How the daemon learns by itself, in the background, from its journal.

    Attributes:
        enabled: whether it does; never where `model.artifact` names a model.
        promote: whether a model that is better is put into service; else it is judged and kept, for a person to choose.
        every_seconds: time between two trainings, once there is data for so long.
        first_after_seconds: how long a sensor is to be heard before its group is learnt for the first time.
        first_readings: and how many readings it is to bring; a slow sensor needs fewer after a day. One that
            has brought fewer is left out of any training from the journal.
        priority: "idle": a training gets what nobody else wants; "normal": its share, where idle time never comes.
        size: of the model.
        steps: of a training at most.
        time_seconds: a training that takes longer is ended.
        memory_bytes: a training that takes more is ended; how much of the journal is learnt from follows from it.
        drift: train ahead of time when what was learnt describes the sensors no more, or many have joined.
        regime_after_seconds: what is strange for so long, and grows no worse, is told of once more as a change that
            lasts; a day holds a round of most of what people and weather do.
        regime_learn_after_seconds: so long after that it is learnt as normal, unless it was labelled before.
    """

    enabled: bool = True
    promote: bool = True
    every_seconds: Annotated[Seconds, Field(alias="every", ge=60)] = 86_400.0
    first_after_seconds: Annotated[Seconds, Field(alias="first_after", ge=1)] = 300.0
    first_readings: Annotated[int, Field(ge=128)] = 300
    priority: Literal["idle", "normal"] = "idle"
    size: Literal["default", "small", "tiny"] = "default"
    steps: Annotated[int, Field(ge=1)] = 1000
    time_seconds: Annotated[Seconds, Field(alias="time", ge=1)] = 3600.0
    memory_bytes: Annotated[Bytes, Field(alias="memory", ge=300 * 1024**2)] = 400 * 1024**2
    drift: bool = True
    regime_after_seconds: Annotated[Seconds, Field(alias="regime_after", ge=60)] = 86_400.0
    regime_learn_after_seconds: Annotated[Seconds, Field(alias="regime_learn_after", ge=60)] = 7 * 86_400.0


def _default_state_directory() -> Path:
    # systemd passes several folders separated by colons when the unit names several.
    return Path(os.environ.get("STATE_DIRECTORY", "").split(":")[0] or "state")


class StateSettings(_Table):
    """Where run-time state lies on disk, and how often it is saved.

    Attributes:
        directory: of snapshots, journal, models and episodes; without it systemd's `$STATE_DIRECTORY`
            (`/var/lib/offbeat`), where commands look for that of a configuration in `/etc/offbeat`, else `state` in
            the working directory.
        snapshot_interval_seconds: how often state is saved; what arrived since is played again from the journal.
        shards: parts that state is kept in. Fixed at installation: another number starts with empty windows.
    """

    directory: FilePath = Field(default_factory=_default_state_directory)
    snapshot_interval_seconds: Annotated[Seconds, Field(alias="snapshot_interval", ge=1)] = 30.0
    shards: Annotated[int, Field(ge=1, le=1024)] = 8


class MetricsSettings(_Table):
    """Where metrics, health and the page are served, to whom, and which sensors have metrics.

    Attributes:
        listen: address and port; "" serves nothing. One that others reach takes a password or `open_to_all`.
        open_to_all: whoever reaches the address may read, without a password.
        password_file: file whose first line is the password, which Basic (with any user name) or Bearer send.
        cert_file: certificate for TLS, and those above it; a renewed one is taken up without a restart.
        key_file: the key of `cert_file`.
        sensors: which sensors `/metrics/sensors` shows.
    """

    listen: str = "127.0.0.1:9641"
    open_to_all: bool = False
    password_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    sensors: SensorsShown = SensorChoice("all")


class LogSettings(_Table):
    """How much is logged, and in which shape.

    Attributes:
        level: the least that is logged.
        format: "auto" is for people on a terminal, fields of the journal under systemd, JSON lines anywhere else.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json", "journal"] = "auto"


class Settings(_Table):
    """Everything the daemon can be told, by table of the file: [mqtt] [[source]] [alerts] and so on."""

    mqtt: MqttSettings
    sources: Annotated[tuple[SourceSettings, ...], AsTuple, Field(alias="source", min_length=1)]
    rules: Annotated[tuple[RuleSettings, ...], AsTuple, Field(alias="rule")] = ()
    alerts: AlertSettings = AlertSettings()
    limits: LimitSettings = LimitSettings()
    journal: JournalSettings = JournalSettings()
    model: ModelSettings = ModelSettings()
    learning: LearningSettings = LearningSettings()
    state: StateSettings = Field(default_factory=StateSettings)
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _say_what_judges_each_source(self) -> Self:
        """Fill in what [model] says for sources that say nothing."""
        given = {"family": self.model.family, "horizon_seconds": self.model.horizon_seconds}
        sources = tuple(
            source.model_copy(update={k: v for k, v in given.items() if getattr(source, k) is None})
            for source in self.sources
        )
        object.__setattr__(self, "sources", sources)  # frozen for all others
        return self

    @property
    def library_directory(self) -> Path:
        """Where the versions of trained models lie; `model.artifact` names a model to use instead."""
        return self.state.directory / "models"
