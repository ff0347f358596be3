"""What users install: by pip and by uv, with all it needs, into an environment that holds nothing else."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from offbeat import __version__
from offbeat.replay.jsonl_recordings import RecordedMessage, write_messages
from tests.packaging.conftest import ROOT
from tests.support.wheels import wheels

SYSTEM_PYTHON = "/usr/bin/python3"
"""An interpreter that a service may start: it lies in nobody's home."""
CONSTRAINTS = ROOT / "deploy" / "constraints.txt"
UV = Path(sysconfig.get_path("scripts")) / "uv"
NEEDED = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"


def ran(*command: str | Path, **variables: str) -> str:
    """Run a command in the root folder, with nothing of this tree in its environment; return what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OFFBEAT"))}
    done = subprocess.run(
        command, cwd="/", env=clean | variables, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def _has_system_python() -> bool:
    return (
        Path(SYSTEM_PYTHON).exists()
        and subprocess.run([SYSTEM_PYTHON, "-c", NEEDED], capture_output=True, check=False).returncode == 0
    )


pytestmark = [
    pytest.mark.packaging,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not _has_system_python(),
        reason=f"{SYSTEM_PYTHON} is not Python 3.11 or later with venv: apt-get install python3-venv",
    ),
]


@pytest.fixture(scope="module")
def by_pip(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed as the README says."""
    folder = tmp_path_factory.mktemp("pip") / "offbeat"
    ran(SYSTEM_PYTHON, "-m", "venv", folder)
    # Torch for the CPU lies in the folder; without it pip would bring gigabytes of CUDA from the index.
    pip = (folder / "bin" / "pip", "install", "--quiet", "--no-compile", "--find-links", wheels())
    ran(*pip, "--constraint", CONSTRAINTS, wheel)
    return folder / "bin" / "offbeat"


@pytest.fixture(scope="module")
def by_uv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed as a tool of uv, as the how-to of systemd says; without a network."""
    folder = tmp_path_factory.mktemp("uv")
    places = {
        "UV_TOOL_DIR": str(folder / "tools"),
        "UV_TOOL_BIN_DIR": str(folder / "bin"),
        "UV_CACHE_DIR": str(folder / "cache"),
    }
    offline = ("--no-index", "--find-links", wheels())
    ran(
        UV,
        "tool",
        "install",
        "--python",
        SYSTEM_PYTHON,
        "--constraints",
        CONSTRAINTS,
        *offline,
        wheel,
        **places,
    )
    return folder / "bin" / "offbeat"


@pytest.fixture(params=["pip", "uv"])
def command(request: pytest.FixtureRequest) -> Path:
    """The command, installed either way."""
    found: Path = request.getfixturevalue(f"by_{request.param}")
    return found


def test_it_has_what_it_needs_in_the_versions_that_were_tested(by_pip: Path) -> None:
    """And nothing that only tests need."""
    listed = json.loads(
        ran(by_pip.with_name("pip"), "list", "--format", "json", "--disable-pip-version-check")
    )
    versions = {one["name"].lower().replace("_", "-"): one["version"] for one in listed}
    pinned = dict(
        line.lower().replace("_", "-").split("==")
        for line in CONSTRAINTS.read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    own = {"offbeat", "pip"}
    assert {name: pinned[name] for name in versions.keys() - own} == {
        name: version.removesuffix("+cpu") for name, version in versions.items() if name not in own
    }
    assert versions["torch"].endswith("+cpu")
    assert not {"pytest", "hatchling", "mypy"} & versions.keys()


def test_its_commands_work(command: Path, tmp_path: Path) -> None:
    """The version, the check of a configuration, and messages judged by the fleet's model, which needs torch."""
    assert ran(command, "--version") == f"offbeat {__version__}\n"
    config, log = tmp_path / "offbeat.toml", tmp_path / "log.jsonl"
    config.write_text(
        '[mqtt]\nurl = "mqtt://localhost"\n[[source]]\ntopic = "plant/{sensor}"\ntime = { field = "ts" }\n'
        f'[state]\ndirectory = "{tmp_path}"\n'
    )
    assert ran(command, "check", "--config", config).startswith("ok: ")
    write_messages(
        log,
        [
            RecordedMessage(
                1.7e9 + n, "plant/pump", b'{"ts": %d, "value": %f}' % (1.7e9 + n, math.sin(n / 9))
            )
            for n in range(120)
        ],
    )
    printed = ran(command, "replay", log, "--config", config, "--out", tmp_path / "out", "--json")
    told = json.loads(printed)
    assert (told["messages"], told["sensors"]) == (120, 1)
    assert told["rows"] > 60


@pytest.mark.skipif(os.geteuid() != 0, reason="not root, so there is no /etc to write into")
def test_it_makes_a_service_of_itself(command: Path, tmp_path: Path) -> None:
    """Units that start this very program, a configuration that passes, and a GPU let in only while it is asked for."""
    (tmp_path / "etc").mkdir()
    script = f"""
        mount -t tmpfs tmpfs {tmp_path}/etc
        mkdir {tmp_path}/etc/upper {tmp_path}/etc/work
        mount -t overlay overlay -o lowerdir=/etc,upperdir={tmp_path}/etc/upper,workdir={tmp_path}/etc/work /etc
        {command} install-service --gpu
        echo "# older" >> /etc/systemd/system/offbeat@.service.d/gpu.conf
        {command} install-service --dry-run
        {command} install-service
        {command} check --config /etc/offbeat/offbeat.toml
        grep --no-filename ^ExecStart= /etc/systemd/system/offbeat*.service
        find /etc/systemd/system -name gpu.conf
    """
    said = ran("unshare", "--mount", "sh", "-euc", script).splitlines()
    ours, older = (f"/etc/systemd/system/{unit}.service.d/gpu.conf" for unit in ("offbeat", "offbeat@"))
    left = f"left, as it differs from what this version writes: {older}"
    assert [line.partition(";")[0] for line in said if "gpu.conf" in line] == [
        f"wrote {ours}",
        f"wrote {older}",
        f"# {ours} lets the service use a GPU",
        f"# {left}",
        f"removed {ours}",
        left,
        older,
    ]
    assert any(line.startswith("ok: ") for line in said)
    programs = {line.split()[0].removeprefix("ExecStart=") for line in said if line.startswith("ExecStart=")}
    [program] = programs
    assert Path(program).resolve() == command.resolve()


def test_the_source_distribution_installs_by_pip_alone(
    by_pip: Path, distributions: Path, wheel: Path, tmp_path: Path
) -> None:
    """Pip makes the wheel by itself, with what builds it from the ordinary index; it is that of the tree."""
    [archive] = distributions.glob("*.tar.gz")
    pip = (by_pip.with_name("pip"), "install", "--quiet", "--no-deps", "--no-compile", "--target")
    ran(*pip, tmp_path / "sdist", "--find-links", wheels(), archive)
    ran(*pip, tmp_path / "wheel", wheel)
    there, here = (installed_files(tmp_path / name) for name in ("sdist", "wheel"))
    assert there == here


def installed_files(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, without the notes of the installation."""
    files = [path for path in folder.rglob("*") if path.is_file() and "dist-info" not in str(path)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
