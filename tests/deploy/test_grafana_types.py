"""The dashboards for Grafana against Grafana's own types, where those are installed: every key and every word."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from offbeat.observe.dashboards.committed import dashboard_files
from tests.support.drawn_board import FOLDER, INSTALLED, NODE, WHY_NOT

COMPOSABLE = "@grafana/schema/dist/esm/raw/composable"
MODULES = {
    "stat": ("stat/panelcfg/x/StatPanelCfg_types.gen", "Options", ""),
    "timeseries": ("timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen", "Options", "FieldConfig"),
    "table": ("table/panelcfg/x/TablePanelCfg_types.gen", "Options", "FieldConfig"),
    "state-timeline": ("statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen", "Options", "FieldConfig"),
    "bargauge": ("bargauge/panelcfg/x/BarGaugePanelCfg_types.gen", "Options", ""),
    "heatmap": ("heatmap/panelcfg/x/HeatmapPanelCfg_types.gen", "Options", "FieldConfig"),
}
"""Of each kind of panel: where its types are, the name of its options, and of what fields may have besides."""
PROMETHEUS_OWN = {"expr", "step", "titleFormat", "useValueForTime"}
"""Keys of annotations that are those of the data source."""
HEAD = """
import type { Dashboard, FieldConfig } from '@grafana/schema';
// What is left out has Grafana's default; JSON has words where the types have enumerations.
type Written<T> =
  T extends string ? `${T}` : T extends number | boolean | null ? T : T extends (infer U)[] ? Written<U>[]
  : T extends object ? { [K in keyof T]?: Written<T[K]> } : T;
"""


def typed(number: int, panel: dict[str, Any]) -> str:
    """Return a panel as TypeScript that says which types it is of."""
    module, options, custom = MODULES[panel["type"]]
    defaults = dict(panel["fieldConfig"]["defaults"])
    own = defaults.pop("custom")
    path = json.dumps(f"{COMPOSABLE}/{module}")
    lines = [
        f"const options{number}: Written<import({path}).{options}> = {json.dumps(panel['options'])};",
        f"const field{number}: Written<FieldConfig> = {json.dumps(defaults)};",
    ]
    if custom:
        lines.append(f"const custom{number}: Written<import({path}).{custom}> = {json.dumps(own)};")
    else:
        assert not own
    return "\n".join(lines)


@pytest.mark.skipif(NODE is None or not INSTALLED, reason=WHY_NOT)
def test_dashboards_have_the_types_of_grafana() -> None:
    """A key that is misspelt is passed over by Grafana without a word."""
    boards = [json.loads(text) for text in dashboard_files().values()]
    lines = [HEAD]
    for number, board in enumerate(boards):
        plain = {key: value for key, value in board.items() if key != "panels"}
        for annotation in plain["annotations"]["list"]:
            for key in PROMETHEUS_OWN & set(annotation):
                del annotation[key]
        lines.append(f"const board{number}: Written<Dashboard> = {json.dumps(plain)};")
    panels = [panel for board in boards for panel in board["panels"]]
    lines += [typed(number, panel) for number, panel in enumerate(panels)]
    source = FOLDER / "build" / "types.ts"
    source.parent.mkdir(exist_ok=True)
    source.write_text("\n".join(lines))
    compiler = Path("node_modules", "typescript", "bin", "tsc")
    flags = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--moduleResolution", "bundler"]
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(compiler), *flags, "--module", "esnext", str(source.relative_to(FOLDER))],
        cwd=FOLDER, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
