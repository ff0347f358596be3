"""`offbeat models`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from offbeat.cli.main import main
from offbeat.learn.library import ModelLibrary
from offbeat.learn.prior_files import prior_version
from offbeat.learn.trial import Verdict
from offbeat.learn.trials import RECALL
from tests.support.versions import installed

TRAINED = {
    "steps": 2500,
    "validation": {"value": 0.5, "gap": 1.25, "active_dimensions": 3, "odd": None},
    "comparison": {"model": {"recall": 0.875, "average_precision": 0.5, "recall_by_fault": {"spike": 1.0}}},
}


@pytest.fixture
def versions(tmp_path: Path) -> list[str]:
    """Two versions of one group, the older one in service."""
    group = ModelLibrary(tmp_path / "state" / "models").group("value")
    better = TRAINED | {"comparison": {"model": {"recall": 0.9, "recall_by_fault": {}}}}
    lineage = {
        "after": "0123456789ab",
        "rows": 4000,
        "from": "2026-01-01T00:00:00+00:00",
        "warm_started_from": None,
    }
    names = [
        installed(group, tmp_path, 0, training=TRAINED),
        installed(group, tmp_path, 1, training=better, lineage=lineage),
    ]
    group.promote(names[0], "anna", "the first")
    return names


def offbeat(config: Path, *arguments: str) -> int:
    """Run `offbeat models` with a configuration."""
    return main(["models", *arguments, "--config", str(config)])


def asked(config: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Return what a command tells as JSON."""
    capsys.readouterr()
    assert offbeat(config, *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_without_a_model_it_says_how_to_come_by_one(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what judges until then."""
    assert offbeat(config, "list") == 0
    said = capsys.readouterr().out
    assert "yet; the daemon learns by itself; at once with `offbeat train --now`" in said
    assert f"value: the fleet prior {prior_version(1)} that comes with Offbeat is in service until" in said
    (group,) = asked(config, capsys, "list")
    assert (group["group"], group["current"], group["versions"]) == ("value", None, [])
    assert group["prior"] == prior_version(1)
    assert offbeat(config, "show", str(prior_version(1))) == 0
    assert "is the fleet prior that comes with Offbeat, for value" in capsys.readouterr().out
    assert asked(config, capsys, "show", str(prior_version(1)))["prior"] is True
    assert offbeat(config, "rollback") == 2
    assert (
        "yet, and so none to go back to; `offbeat models list` tells what judges" in capsys.readouterr().err
    )


def test_the_list_tells_every_version_and_which_is_in_service(
    config: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest first."""
    assert offbeat(config, "list") == 0
    head, newest, oldest = capsys.readouterr().out.splitlines()
    assert head.split() == ["group", "version", "trained", "model", "sensors", "steps", "recall"]
    assert newest.split() == [
        "value",
        versions[1],
        "2026-01-02T00:00:00+00:00",
        "lstm_vae",
        "2",
        "2500",
        "0.90",
    ]
    assert oldest.split()[1:] == [
        versions[0], "2026-01-01T00:00:00+00:00", "lstm_vae", "2", "2500", "0.88", "in", "service",
    ]  # fmt: skip
    (group,) = asked(config, capsys, "list")
    assert (group["group"], group["current"], group["previous"]) == ("value", versions[0], None)
    assert [one["version"] for one in group["versions"]] == versions[::-1]


def test_a_damaged_version_stands_in_the_list_with_what_is_wrong(
    config: Path, versions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It cannot be put into service."""
    (tmp_path / "state" / "models" / "value" / versions[1] / "model.safetensors").unlink()
    assert offbeat(config, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("damaged")
    assert lines[3].startswith(f"  {versions[1]} cannot be used: ")
    assert offbeat(config, "promote", versions[1]) == 78
    assert "the file is missing" in capsys.readouterr().err


def test_show_tells_figures_lineage_and_history(
    config: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the beginning of the version's name."""
    assert offbeat(config, "show", versions[1][:7]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{versions[1]} of value\n")
    for line in (
        "trained after: 0123456789ab",
        "rows: 4000",
        "faults: recall: 0.900",
        "sensors: a.pump, a.fan",
    ):
        assert f"  {line}\n" in text
    assert "warm started" not in text
    assert offbeat(config, "show", versions[0][:7]) == 0
    assert "put into service" in capsys.readouterr().out
    told = asked(config, capsys, "show", versions[0])
    assert (told["current"], told["damage"]) == (True, None)
    assert told["manifest"]["training"]["steps"] == 2500
    assert told["promotions"][0]["by"] == "anna"


def test_two_versions_are_compared_side_by_side(
    config: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What only one of them has stands alone."""
    assert offbeat(config, "compare", *versions) == 0
    lines = {line[:30].strip(): line[30:].split() for line in capsys.readouterr().out.splitlines()}
    assert lines["faults: recall"] == ["0.875", "0.900", "+0.025"]
    assert lines["faults: recall of spike"] == ["1.000"]
    assert lines["held back: gap"] == ["1.250", "1.250", "+0.000"]
    told = asked(config, capsys, "compare", *versions)
    assert [one["figures"]["faults: recall"] for one in told["versions"]] == [0.875, 0.9]


def test_versions_of_two_groups_are_not_compared(
    config: Path, versions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They judge other sensors."""
    other = ModelLibrary(tmp_path / "state" / "models").group("temp+pressure")
    pair = installed(other, tmp_path, 3, channels=["temp", "pressure"])
    assert offbeat(config, "compare", versions[0], pair) == 2
    assert "compare two of one group" in capsys.readouterr().err


def test_promote_and_rollback_change_what_is_in_service(
    config: Path, versions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The history knows why."""
    group = ModelLibrary(tmp_path / "state" / "models").group("value")
    assert offbeat(config, "promote", versions[1][:8], "--why", "finds more") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"value: {versions[1]} is in service (before: {versions[0]})",
        "a daemon that runs takes it up within seconds",
    ]
    assert group.promotions().current == versions[1]
    assert offbeat(config, "rollback") == 0
    assert group.promotions().current == versions[0]
    assert [one.why for one in group.promotions()] == ["the first", "finds more", "offbeat models rollback"]
    assert offbeat(config, "rollback") == 1
    assert "there was no version before" in capsys.readouterr().err


def test_with_several_groups_a_rollback_names_one(
    config: Path, versions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is guessed."""
    other = ModelLibrary(tmp_path / "state" / "models").group("temp+pressure")
    installed(other, tmp_path, 3, channels=["temp", "pressure"])
    assert offbeat(config, "rollback") == 2
    assert "models of temp+pressure, value; name the group with --group NAME" in capsys.readouterr().err
    assert offbeat(config, "rollback", "--group", "vlue") == 2
    assert 'no model of a group "vlue"' in capsys.readouterr().err
    assert offbeat(config, "promote", versions[1]) == 0
    assert offbeat(config, "rollback", "--group", "value") == 0


def test_a_damaged_history_is_a_warning_and_a_promotion_goes_through(
    config: Path, versions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The versions are there all the same."""
    (tmp_path / "state" / "models" / "value" / "promotions.json").write_text("{")
    assert offbeat(config, "list") == 0
    told = capsys.readouterr()
    assert versions[0] in told.out
    assert "offbeat models promote VERSION" in told.err
    assert offbeat(config, "promote", versions[0]) == 0


def test_where_the_configuration_names_a_model_it_is_said(
    config: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is put into service here is not what the daemon judges by."""
    config.write_text(config.read_text() + '[model]\nartifact = "elsewhere"\n')
    assert offbeat(config, "promote", versions[1]) == 0
    told = capsys.readouterr()
    assert "the daemon judges by that" in told.err
    assert "takes it up" not in told.out


@pytest.mark.parametrize("arguments", [[], ["lst"], ["show"], ["show", "zz"]])
def test_what_cannot_be_done_is_a_mistake_of_usage(
    config: Path, versions: list[str], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a sentence."""
    try:
        code = main(["models", *arguments, *(["--config", str(config)] if "show" in arguments else [])])
    except SystemExit as left:
        code = int(left.code or 0)
    assert code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["list"], ["show", "V"], ["compare", "V", "V"], ["promote", "V"]])
def test_no_command_imports_torch(config: Path, versions: list[str], arguments: list[str]) -> None:
    """It would take seconds; nothing of a model is loaded."""
    command = ["models", *(versions[0] if one == "V" else one for one in arguments), "--config", str(config)]
    look = (
        f"import sys; from offbeat.cli.main import main; main({command!r}); assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_was_not_promoted_says_why(
    config: Path, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """In the list, of the version with the figures of both, and beside each other; also for programs."""
    group = ModelLibrary(config.parent / "state" / "models").group("value")
    figures = {RECALL: (0.5, 0.75), "alerts": (1.0, None)}
    reason = "fewer faults are found (4 of 8 instead of 6)"
    group.record(Verdict(versions[1], versions[0], "2026-01-03T00:00:00+00:00", False, reason, figures))
    assert offbeat(config, "list") == 0
    newest = capsys.readouterr().out.splitlines()[1]
    assert f"0.50  not promoted: {reason}" in newest
    assert offbeat(config, "show", versions[1]) == 0
    told = capsys.readouterr().out
    assert f"on trial 2026-01-03T00:00:00+00:00 against {versions[0]}: not promoted: {reason}" in told
    assert f"on trial: {RECALL}: 0.500 (of {versions[0]}: 0.750)" in told
    assert offbeat(config, "compare", versions[0], versions[1]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith(f"on trial: {RECALL}")]
    assert line.split()[-3:] == ["0.750", "0.500", "-0.250"]
    assert asked(config, capsys, "show", versions[1])["trial"]["reason"] == reason
    assert asked(config, capsys, "list")[0]["versions"][1]["trial"] is None
