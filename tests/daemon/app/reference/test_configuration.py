"""The page about the configuration."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from offbeat.app.reference.configuration import configuration_page, options_of, tables
from offbeat.config.explain import option_names
from offbeat.config.settings import (
    AlertSettings,
    LimitSettings,
    MetricsSettings,
    ModelSettings,
    MqttSettings,
    Settings,
    SourceSettings,
)


def test_every_table_is_there_by_the_header_it_has_in_the_file() -> None:
    """Lists of tables in double brackets."""
    headers = [header for header, _ in tables()]
    assert [header.strip("[]") for header in headers] == option_names(Settings)
    assert {header for header in headers if header.startswith("[[")} == {"[[source]]", "[[rule]]"}


@pytest.mark.parametrize(
    ("header", "table"), [*tables()], ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_option_is_there_and_means_something(header: str, table: type[BaseModel]) -> None:
    """Options of a table within one have dotted names."""
    options = list(options_of(table))
    assert list(dict.fromkeys(one.name.split(".")[0] for one in options)) == option_names(table)
    for one in options:
        assert one.about, f"{header} {one.name}"
        assert one.kind


@pytest.mark.parametrize(
    ("table", "name", "kind", "default"),
    [
        (MqttSettings, "url", "text", "required"),
        (MqttSettings, "keepalive", "duration, at least 1s, at most 65535s", '`"20s"`'),
        (MqttSettings, "insecure", "true or false", "`false`"),
        (SourceSettings, "qos", "0 or 1", "`1`"),
        (SourceSettings, "include", "list of texts", '`["*"]`'),
        (SourceSettings, "time.timezone", "text", '`"UTC"`'),
        (LimitSettings, "max_sensors", "whole number, at least 1, at most 10_000_000", "`10_000`"),
        (LimitSettings, "memory", "size", ""),
        (AlertSettings, "budget", "budget, more than 0/week", '`"1/week"`'),
        (ModelSettings, "horizon", "duration, at least 10m", ""),
        (MetricsSettings, "sensors", '"all", "anomalous", "top:N" or "off"', '`"all"`'),
    ],
)
def test_types_bounds_and_defaults_are_told_as_a_file_has_them(
    table: type[BaseModel], name: str, kind: str, default: str
) -> None:
    """With the units that people write."""
    [option] = [one for one in options_of(table) if one.name == name]
    assert (option.kind, option.default) == (kind, default)


class Undescribed(BaseModel):
    """A table that says nothing of its option."""

    colour: str = "red"


def test_an_option_without_a_word_about_it_is_refused() -> None:
    """Whoever adds one finds where the word belongs."""
    with pytest.raises(ValueError, match='Undescribed says nothing of "colour" under Attributes'):
        list(options_of(Undescribed))


def test_the_page_has_a_row_for_every_option() -> None:
    """And none twice in a table."""
    rows = re.findall(r"^\| `[a-z_.]+` ", configuration_page(), re.MULTILINE)
    options = sum(len(list(options_of(table))) for _, table in tables())
    assert len(rows) == options
