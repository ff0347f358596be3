"""The example configurations: they load, and what they say of defaults is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from offbeat.cli.config_choice import MINIMAL
from offbeat.config.explain import option_names, table_at
from offbeat.config.loading import examine
from offbeat.config.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
OPTION = re.compile(r"^# ([a-z_]+ = .*)$", re.MULTILINE)
NO_DEFAULT = {
    "publish_url", "client_id", "username", "password_file", "ca_file", "cert_file", "key_file",
    "id", "memory", "artifact", "directory", "time", "horizon", "vote",
}  # fmt: skip
"""Options that are shown by an example, for their default is to be absent or depends on the machine."""


def loaded(file: Path) -> Settings:
    """The settings of a file that has nothing wrong with it."""
    settings, report = examine(file, {})
    assert report.render() == ""
    assert settings is not None
    return settings


def test_the_smallest_example_and_the_full_one_mean_the_same() -> None:
    """Everything in the full one is a default."""
    assert loaded(EXAMPLES / "minimal.toml") == loaded(EXAMPLES / "offbeat.toml")


def test_what_commands_offer_where_there_is_no_configuration_is_the_smallest_example(tmp_path: Path) -> None:
    """It is printed, for an installation has no folder of examples at hand."""
    (tmp_path / "offbeat.toml").write_text(MINIMAL)
    assert loaded(tmp_path / "offbeat.toml") == loaded(EXAMPLES / "minimal.toml")


def test_the_defaults_that_are_shown_are_the_defaults(tmp_path: Path) -> None:
    """With every shown default taken in, the settings stay what they are."""

    def uncomment(match: re.Match[str]) -> str:
        return match[0] if match[1].split(" ")[0] in NO_DEFAULT else match[1]

    text = (EXAMPLES / "offbeat.toml").read_text()
    (tmp_path / "offbeat.toml").write_text(OPTION.sub(uncomment, text))
    assert loaded(tmp_path / "offbeat.toml") == loaded(EXAMPLES / "minimal.toml")


def test_what_is_shown_without_default_is_right_as_well(tmp_path: Path) -> None:
    """Uncommented as a whole, the only complaints are about files that an example cannot have."""
    text = OPTION.sub(lambda match: match[1], (EXAMPLES / "offbeat.toml").read_text())
    (tmp_path / "offbeat.toml").write_text(
        text.replace('url = "mqtt://localhost:1883"', 'url = "mqtts://localhost"')
    )
    _, report = examine(tmp_path / "offbeat.toml", {})
    assert {problem.option for problem in report.problems} == {
        "mqtt.password_file", "mqtt.ca_file", "mqtt.cert_file", "mqtt.key_file",
        "metrics.password_file", "metrics.cert_file", "metrics.key_file",
    }  # fmt: skip


@pytest.mark.parametrize("table", option_names(Settings))
def test_every_option_is_shown(table: str) -> None:
    """In its table's part of the file."""
    text = (EXAMPLES / "offbeat.toml").read_text()
    header = f"[[{table}]]" if table in ("source", "rule") else f"[{table}]"
    part = re.split(rf"\n(?:# )?{re.escape(header)}\n", text)[1].split("\n[")[0].split("\n# ----")[0]
    shown = set(re.findall(r"^(?:# +)?([a-z_]+) = ", part, re.MULTILINE))
    assert shown == set(option_names(table_at(Settings, (table,))))
