"""The rules, alerts and examples for Prometheus that are shipped."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE
from tests.support.prometheus import PROMTOOL

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES, ALERTS, TESTS = (
    FOLDER / name for name in ("offbeat.rules.yml", "offbeat.alerts.yml", "offbeat_test.yml")
)
RUNBOOK = FOLDER.parents[1] / "docs" / "how-to" / "alertmanager.md"
AMTOOL = shutil.which("amtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing: apt-get install prometheus"
)
needs_amtool = pytest.mark.skipif(
    AMTOOL is None, reason="amtool is missing: apt-get install prometheus-alertmanager"
)


def promtool(*arguments: str) -> str:
    """Run promtool beside the rules; what it has to complain about is the test's failure."""
    assert PROMTOOL is not None
    result = subprocess.run(
        [PROMTOOL, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def expressions(path: Path) -> list[str]:
    """Return the expressions of a rule file."""
    return [line.split("expr:", 1)[1] for line in path.read_text().splitlines() if "expr:" in line]


def alert_names() -> list[str]:
    """Return the names of all alerts."""
    return re.findall(r"- alert: (\w+)", ALERTS.read_text())


@pytest.mark.prometheus
@needs_promtool
def test_prometheus_takes_the_rules_and_the_example() -> None:
    """Syntax, types and references."""
    promtool("check", "rules", RULES.name, ALERTS.name)
    promtool("check", "config", "prometheus.yml")


@pytest.mark.prometheus
@needs_promtool
def test_the_rules_say_what_their_tests_expect() -> None:
    """Each alert fires on its trouble and is silent on a healthy daemon."""
    assert "SUCCESS" in promtool("test", "rules", TESTS.name)


@pytest.mark.prometheus
@needs_amtool
def test_alertmanager_takes_its_example() -> None:
    """Routes, inhibitions and receivers."""
    assert AMTOOL is not None
    subprocess.run(
        [AMTOOL, "check-config", str(FOLDER / "alertmanager.yml")], check=True, capture_output=True
    )


@pytest.mark.prometheus
@needs_amtool
@pytest.mark.parametrize(("severity", "receiver"), [("critical", "night"), ("warning", "morning")])
def test_only_what_is_critical_wakes_somebody(severity: str, receiver: str) -> None:
    """As the how-to says."""
    assert AMTOOL is not None
    asked = [AMTOOL, "config", "routes", "test", f"--config.file={FOLDER / 'alertmanager.yml'}"]
    done = subprocess.run(
        [*asked, "alertname=OffbeatDown", f"severity={severity}"], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [receiver]


def test_what_a_daemon_that_is_down_mutes_is_of_its_own_page_and_can_wait() -> None:
    """Alerts that were lost, and sensors that another job still scrapes, are told."""
    rules = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())["inhibit_rules"]
    (down,) = [rule for rule in rules if rule["source_matchers"] == ["alertname = OffbeatDown"]]
    assert "severity = warning" in down["target_matchers"]
    assert down["equal"] == ["instance", "job"]


def alerts_that_fire() -> set[str]:
    """Return the names of the alerts that some test expects to fire, by themselves or among the firing ones."""
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    alone = {
        one["alertname"] for test in tests for one in test.get("alert_rule_test", []) if one.get("exp_alerts")
    }
    samples = [
        sample["labels"]
        for test in tests
        for one in test.get("promql_expr_test", [])
        for sample in one.get("exp_samples", [])
    ]
    return alone | {name for labels in samples for name in re.findall(r'alertname="(\w+)"', labels)}


@pytest.mark.parametrize("name", alert_names())
def test_every_alert_has_its_test_and_says_what_to_do(name: str) -> None:
    """An alert nobody tested is an alert nobody gets."""
    assert name in alerts_that_fire(), "no test expects it to fire"
    block = ALERTS.read_text().split(f"- alert: {name}\n")[1].split("- alert:")[0]
    assert re.search(r"labels: \{severity: (warning|critical)\}", block)
    assert "summary:" in block
    assert "description:" in block


def test_every_recording_has_its_test() -> None:
    """A sum that is wrong is wrong on every dashboard."""
    recorded = re.findall(r"- record: (\S+)", RULES.read_text())
    asked = re.findall(r"- expr: (\S+)", TESTS.read_text())
    assert len(recorded) >= 4
    assert set(recorded) <= set(asked)


def test_every_recording_has_a_use() -> None:
    """Prometheus makes each of them every few seconds, for ever."""
    used = re.findall(r"instance:[\w:]+", " ".join(expressions(RULES) + expressions(ALERTS)))
    assert set(re.findall(r"- record: (\S+)", RULES.read_text())) == set(used)


def test_every_alert_has_a_word_about_what_to_do() -> None:
    """In the how-to, and no word is about an alert that there is not."""
    told = set(re.findall(r"`(Offbeat[A-Z]\w+)`", RUNBOOK.read_text()))
    assert told == set(alert_names())


def test_rules_speak_of_metrics_that_there_are() -> None:
    """By name and by label."""
    metrics = CATALOGUE | SENSOR_CATALOGUE
    recorded = set(re.findall(r"- record: (\S+)", RULES.read_text()))
    for expression in expressions(RULES) + expressions(ALERTS):
        plain = re.sub(r'"[^"]*"', '""', expression)
        for name in re.findall(r"(?<![\w:])offbeat_\w+", plain):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in metrics or (base in metrics and metrics[base].kind == "histogram"), name
        assert set(re.findall(r"instance:[\w:]+", plain)) <= recorded
        for name, labels in re.findall(r"(offbeat_\w+)\{([^}]*)\}", plain):
            known = {*metrics[name].labels, "job", "instance"}
            assert set(re.findall(r"(\w+)\s*[=!]", labels)) <= known, expression


def test_no_label_of_ours_is_one_of_prometheus() -> None:
    """It would arrive as `exported_job` and be missed by every query."""
    for metric in (CATALOGUE | SENSOR_CATALOGUE).values():
        assert not {"job", "instance", "le", "quantile"} & set(metric.labels), metric.name
