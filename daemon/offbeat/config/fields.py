"""Types of settings fields: what TOML text becomes, and the sentence it gets when it cannot.

In code a quantity may also be given as the number it stands for; in a file it needs its unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

from offbeat.config.sensor_choice import SensorChoice
from offbeat.config.units import (
    format_budget,
    format_duration,
    format_size,
    parse_budget,
    parse_duration,
    parse_size,
)


@dataclass(frozen=True, slots=True)
class FileContext:
    """Where settings are being read from; the validation context of a file.

    Attributes:
        folder: what relative paths are relative to.
        credentials: systemd's credentials folder, looked into first.
    """

    folder: Path
    credentials: Path | None = None

    def resolve(self, path: Path) -> Path:
        """Return a path of the file as one the process can open."""
        if path.is_absolute():
            return path
        if self.credentials is not None and (held := self.credentials / path).exists():
            return held
        return self.folder / path


@dataclass(frozen=True, slots=True)
class Written:
    """How a value stands in a file, for those who read about it.

    Attributes:
        kind: what it is.
        write: from the value to the text between the quotes.
    """

    kind: str
    write: Callable[[Any], str] = str


def _quantity(parse: Callable[[str], float], number: type, example: str) -> BeforeValidator:
    def read(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            return parse(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and info.context is None:
            return number(value)
        raise ValueError(f'expected text with a unit, such as "{example}"')

    return BeforeValidator(read)


def _read_path(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("expected the path of a file or folder, as text")
    path = Path(value).expanduser()
    return info.context.resolve(path) if isinstance(info.context, FileContext) else path


def _read_list(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, tuple):
        return value
    raise ValueError("expected a list in square brackets")


def _read_choice(value: Any) -> Any:
    return SensorChoice.parse(value) if isinstance(value, str) else value


SensorsShown = Annotated[
    SensorChoice,
    BeforeValidator(_read_choice),
    PlainSerializer(str),
    Written('"all", "anomalous", "top:N" or "off"'),
]
"""Which sensors have metrics of their own: "all", "anomalous", "top:100", "off"."""

Seconds = Annotated[float, _quantity(parse_duration, float, "30s"), Written("duration", format_duration)]
"""A duration in seconds, written "30s", "10m", "1h30m", "7d"."""

Bytes = Annotated[int, _quantity(parse_size, int, "64MiB"), Written("size", format_size)]
"""A size in bytes, written "64MiB", "1GiB"."""

PerWeek = Annotated[float, _quantity(parse_budget, float, "1/week"), Written("budget", format_budget)]
"""A rate per week, written "1/week", "2/day", "0.5/month"."""

FilePath = Annotated[Path, BeforeValidator(_read_path), Written("path")]
"""A path; relative ones are looked for in $CREDENTIALS_DIRECTORY, then beside the configuration file."""

TextList = Annotated[tuple[str, ...], BeforeValidator(_read_list)]
"""A list of strings."""

AsTuple = BeforeValidator(_read_list)
"""Turns a TOML array into the tuple that frozen settings hold."""
