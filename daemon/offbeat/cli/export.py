"""`offbeat export`: dashboards for Grafana, rules for Prometheus, the description of the JSON API, the reference."""

from __future__ import annotations

import argparse
from pathlib import Path

from offbeat.cli.parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `export` to the command line."""
    parser = subparsers.add_parser(
        "export",
        help="write dashboards, rules, the OpenAPI document or the reference of this version",
        description="Writes what belongs to this version: `grafana` the dashboards, `grafana-provisioning` the files "
        "by which Grafana finds them, `prometheus` recording rules, alerts and example configurations, `openapi` the "
        "description of the JSON API, `docs` the reference of options, metrics, events and commands, `recordings` real "
        "recordings to try things on.",
    )
    parser.add_argument("what", choices=tuple(WRITERS), help="what to write")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to; by default the working directory"
    )


def run(args: argparse.Namespace) -> int:
    """Write the files and print where they are."""
    files = WRITERS[args.what]()
    for name, text in files.items():
        path = args.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path)
    return 0


def _dashboards() -> dict[str, str]:
    from offbeat.observe.dashboards.committed import dashboard_files

    return dashboard_files()


def _provisioning() -> dict[str, str]:
    from offbeat.app.shipped import shipped

    folder = shipped("deploy/grafana/provisioning")
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.yml"))}


def _rules() -> dict[str, str]:
    from offbeat.app.shipped import shipped

    return {path.name: path.read_text() for path in sorted(shipped("deploy/prometheus").glob("*.yml"))}


def _recordings() -> dict[str, str]:
    import gzip
    from importlib.resources import files

    data = files("offbeat.replay").joinpath("data")
    packed = sorted(
        (file for file in data.iterdir() if file.name.endswith(".csv.gz")), key=lambda file: file.name
    )
    notice = data.joinpath("NOTICE").read_text()
    recordings = {
        file.name.removesuffix(".gz"): gzip.decompress(file.read_bytes()).decode() for file in packed
    }
    return {**recordings, "NOTICE": notice}


def _openapi() -> dict[str, str]:
    from offbeat.app.api import described
    from offbeat.app.openapi import FILE, openapi_text

    return {FILE: openapi_text(described())}


def _reference() -> dict[str, str]:
    from offbeat.app.reference.pages import reference_pages
    from offbeat.cli.main import command_parsers

    return reference_pages(command_parsers())


WRITERS = {
    "grafana": _dashboards,
    "grafana-provisioning": _provisioning,
    "prometheus": _rules,
    "openapi": _openapi,
    "docs": _reference,
    "recordings": _recordings,
}
"""What can be written: functions that return texts by name."""
