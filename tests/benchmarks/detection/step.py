"""Steps of the benchmark: functions by name, whose results are kept under what they were made from."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.detection import recorded
from tests.benchmarks.load import ROOT

KEPT = ROOT / "build" / "bench-detection"

SOURCES = (
    "daemon/offbeat/core",
    "daemon/offbeat/learn",
    "daemon/offbeat/replay",
    "daemon/offbeat/scoring",
    "daemon/offbeat/app/backtest.py",
    "daemon/offbeat/app/engine.py",
    "daemon/offbeat/app/model_training.py",
    "daemon/offbeat/app/scorers.py",
    "daemon/offbeat/app/training.py",
    "tests/make_prior.py",
    "models/offbeat_models",
    "tests/benchmarks/detection",
)
"""What a result depends on; how it is shown is left out below."""
NOT_SOURCES = ("sections", "runner.py", "report.py", "__main__.py", "bar.py")


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work that a process of its own can do.

    Attributes:
        name: unique, safe as a file name.
        function: `module:function` within this package; returns what JSON can hold.
        arguments: of the function, as JSON can hold them.
        data: recorded sets that it reads.
        cost: about how many seconds it takes, for the progress bar.
    """

    name: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    cost: float = 30.0

    def run(self) -> dict[str, Any]:
        """Do the work."""
        module, _, function = self.function.partition(":")
        package = __name__.rpartition(".")[0]
        result: dict[str, Any] = getattr(importlib.import_module(f"{package}.{module}"), function)(
            **self.arguments
        )
        return result

    def key(self, sources: str) -> str:
        """Return what the result is kept under: a hash of the sources, the arguments and the data.

        Args:
            sources: hash of the sources, see `hash_of_sources`.
        """
        asked = json.dumps([self.function, dict(self.arguments)], sort_keys=True)
        parts = [sources, asked, *(_hash_of_set(name) for name in self.data)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def hash_of_sources(root: Path = ROOT) -> str:
    """Return a hash of every source that a result depends on."""
    return _hash_of_files(
        file
        for source in SOURCES
        for file in sorted([root / source] if source.endswith(".py") else (root / source).rglob("*.py"))
        if not (set(file.relative_to(root).parts) & set(NOT_SOURCES) or file.name.startswith("test_"))
    )


def kept_result(folder: Path, step: Step, sources: str) -> dict[str, Any] | None:
    """Return the result of a step that was done before; None if it was not, or of other sources."""
    path = _place(folder, step, sources)
    try:
        result: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # a run that was cut off may have left half a file
        return None
    return result


def keep_result(folder: Path, step: Step, sources: str, result: Mapping[str, Any]) -> None:
    """Keep the result of a step, in place of those of older sources."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{step.name}.????????????????.json"):
        old.unlink(missing_ok=True)
    _place(folder, step, sources).write_text(json.dumps(result, indent=1), "utf-8")


def _place(folder: Path, step: Step, sources: str) -> Path:
    return folder / f"{step.name}.{step.key(sources)}.json"


@functools.cache
def _hash_of_set(name: str) -> str:
    folder = recorded.data_folder()
    return "absent" if folder is None else _hash_of_files(sorted((folder / name).glob("*.csv")))


def _hash_of_files(files: Any) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
