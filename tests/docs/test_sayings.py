"""What documents tell of, is there: messages of the daemon, alerts, panels of dashboards, files of the tree."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from offbeat.core.episode_rules import TRACKS
from offbeat.core.orders import REGIME_CHANGE
from offbeat.core.streams.registry import STREAM_KINDS
from offbeat.observe.dashboards.committed import dashboard_files
from tests.docs.documents import ROOT, WRITTEN, prose

HOW_TO = ROOT / "docs" / "how-to"
SOURCES = (ROOT, ROOT / "daemon" / "offbeat", ROOT / "models" / "offbeat_models", ROOT / "deploy" / "compose")
"""Where a path in a document may begin."""
MADE_LATER = {"artifact/", "out/report.html", "promotions.json", "trials.json", "running.json"}
"""By a daemon that runs, or by whoever follows a page."""
IN_THE_TREE = re.compile(
    r"`((?:daemon|models|deploy|docs|tests|systemd|core|app|learn)/[\w./@-]*|[\w./@-]+\.(?:py|md|html|json|js|conf))`"
)


def rows(document: Path, heading: str) -> list[str]:
    """Return the first cells of the tables whose first head is `heading`."""
    found: list[str] = []
    for table in re.findall(r"(?:^\|.*\|\n)+", document.read_text(), re.MULTILINE):
        first = [line.split(" | ")[0].strip("| ") for line in table.splitlines()]
        found += first[2:] if first[0] == heading else []
    return found


@cache
def spoken() -> str:
    """Return every text in the daemon's sources, what is put into them left out."""
    files = sorted((ROOT / "daemon").rglob("*.py"))
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    return "\n".join(
        node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("cell", rows(HOW_TO / "tls.md", "it says"))
def test_what_the_daemon_is_said_to_say_it_says(cell: str) -> None:
    """Word for word between the dots; what a name stands for differs."""
    for quoted in re.findall(r"`([^`]+)`", cell):
        for words in re.split(r"\.\.\.|\(|\)|\"offbeat\"|mqtts://", quoted):
            assert words.strip() in spoken(), words


def test_the_kinds_of_alerts_that_are_explained_are_those_that_there_are() -> None:
    """Of whatever track, and those that no detector names."""
    text = (ROOT / "docs" / "explanation" / "scores-and-budgets.md").read_text()
    told = {
        kind
        for family in ("health", "process")
        for row in re.findall(rf"^\| {family} \| ([^|]+) \|", text, re.MULTILINE)
        for kind in re.findall(r"`(\w+)`", row)
    }
    assert told == {*STREAM_KINDS, *(rule.kind for rule in TRACKS.values()), REGIME_CHANGE}


def alerts() -> set[str]:
    """Return the names of our alerts."""
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "offbeat.alerts.yml").read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_every_alert_that_a_document_names_exists(document: Path) -> None:
    """Whoever is woken looks it up."""
    assert set(re.findall(r"\bOffbeat[A-Z]\w+", document.read_text())) <= alerts()


def test_the_page_about_grafana_explains_the_panels_that_there_are() -> None:
    """Both ways."""
    told = {title for cell in rows(HOW_TO / "grafana.md", "panel") for title in cell.split(", ")}
    boards = (json.loads(text) for text in dashboard_files().values())
    titles = {panel["title"] for board in boards for panel in board["panels"]}
    assert told == {title.replace("$sensor, $channel", "each channel") for title in titles}


def test_arguments_of_the_image_that_are_told_are_those_of_the_dockerfile() -> None:
    """Also the one that brings CUDA."""
    text = (HOW_TO / "docker.md").read_text()
    prose_of = re.search(r"Other build arguments: (.*?)which is also", text, re.DOTALL)
    assert prose_of is not None
    told = set(re.findall(r"--build-arg (\w+)=", text)) | set(re.findall(r"`([A-Z_]+)`", prose_of[1]))
    there = re.findall(r"^ARG (\w+)", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert told == set(there)


def test_the_addresses_of_the_stack_are_those_that_it_publishes() -> None:
    """Each of them, and of this machine only."""
    services = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())["services"]
    published = [port.rpartition(":")[0] for one in services.values() for port in one.get("ports", ())]
    told = re.findall(r"127\.0\.0\.1:\d+", "".join(rows(HOW_TO / "docker.md", "address")))
    assert sorted(told) == sorted(published)


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_every_file_of_the_tree_that_a_document_names_exists(document: Path) -> None:
    """By its path from the root, from the package, or from the folder that was named before it."""
    for path in set(IN_THE_TREE.findall(prose(document))) - MADE_LATER:
        if path.startswith("/"):
            continue  # of the machine, or of the daemon's port
        there = any((folder / path).exists() for folder in (*SOURCES, document.parent))
        assert there or list(ROOT.glob(f"*/**/{path.rstrip('/')}")), path
