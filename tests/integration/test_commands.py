"""The commands as a user meets them: what they make, and what they say when something is wrong."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.integration.conftest import SENSORS, offbeat, record

MINIMAL = """
[mqtt]
url = "mqtt://127.0.0.1:1"
[metrics]
listen = "127.0.0.1:0"
[[source]]
topic = "plant/{line}/{sensor}/state"
time = { field = "ts" }
"""


def recording(folder: Path, name: str, values: list[object], times: list[float] | None = None) -> Path:
    """Write a recording of one channel; return its path."""
    times = [1.7e9 + i for i in range(len(values))] if times is None else times
    lines = [f"{time},{'' if value is None else value}" for time, value in zip(times, values, strict=True)]
    path = folder / f"{name}.csv"
    path.write_text("time,value\n" + "\n".join(lines) + "\n")
    return path


def wave(rows: int) -> list[object]:
    """Return an ordinary series."""
    rng = np.random.default_rng(1)
    return [float(np.sin(i / 9) + rng.normal(0, 0.1)) for i in range(rows)]


def messages(path: Path, rows: int = 400) -> Path:
    """Write a recording of messages of the plant, some late, some twice, with a shift at its end."""
    rng = np.random.default_rng(2)
    lines = []
    for i in range(rows):
        for k, name in enumerate(SENSORS):
            time = 1.7e9 + 0.05 * i
            value = 20.0 + k + rng.normal(0, 0.1) + (9.0 if i > rows - 40 and k == 0 else 0.0)
            stamp = time - (0.12 if rng.random() < 0.05 else 0.0)
            line = json.dumps(
                {
                    "time": time,
                    "topic": f"plant/{name.replace('.', '/')}/state",
                    "payload": json.dumps({"ts": stamp, "value": value}),
                    "qos": 1,
                }
            )
            lines += [line] * (2 if rng.random() < 0.05 else 1)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_replay_of_the_same_log_gives_identical_output(artifact: Path, tmp_path: Path) -> None:
    """Scores and episodes of two replays are equal byte for byte, and the shift is in them."""
    log = messages(tmp_path / "log.jsonl")
    (tmp_path / "offbeat.toml").write_text(MINIMAL + f'[model]\nartifact = "{artifact}"\n')
    outputs = []
    for number in range(2):
        out = tmp_path / f"out{number}"
        done = offbeat("replay", log, "--out", out, "--config", tmp_path / "offbeat.toml")
        assert done.returncode == 0, done.stderr
        outputs.append({name: (out / name).read_bytes() for name in ("scores.csv", "episodes.jsonl")})
    assert outputs[0] == outputs[1]
    events = [json.loads(line) for line in outputs[0]["episodes.jsonl"].splitlines()]
    assert any(event["sensor"] == "a.pump" and event["family"] == "process" for event in events)


def test_a_backtest_writes_what_its_contract_says(tmp_path: Path) -> None:
    """A line a reading from the test time on, every detector a column, the fault found, and a page to look at."""
    folder = record(tmp_path / "recordings", rows=1600)
    lines = (folder / "a.pump.csv").read_text().splitlines()
    shifted = [f"{line.split(',')[0]},{float(line.split(',')[1]) + 25}" for line in lines[1400:1430]]
    (folder / "a.pump.csv").write_text("\n".join([*lines[:1400], *shifted, *lines[1430:]]) + "\n")
    test_from = float(lines[1000].split(",")[0])
    out = tmp_path / "out"
    done = offbeat(
        "backtest",
        folder,
        "--test-from",
        str(test_from),
        "--out",
        out,
        "--size",
        "tiny",
        "--steps",
        "60",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sensors"] == len(SENSORS)
    rows = list(csv.DictReader((out / "scores.csv").read_text().splitlines()))
    assert list(rows[0])[:4] == ["sensor", "time", "score", "p_value"]
    assert {"level", "linear", "stuck", "value", "window"} <= set(rows[0])
    expected = sum(
        float(line.split(",")[0]) >= test_from
        for name in SENSORS
        for line in (folder / f"{name}.csv").read_text().splitlines()[1:]
    )
    assert len(rows) == expected
    at = float(lines[1400].split(",")[0])
    events = [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]
    opened = [event for event in events if event["event"] == "open" and event["family"] == "process"]
    assert any(event["sensor"] == "a.pump" for event in opened), opened
    worst = max(
        (row for row in rows if row["sensor"] == "a.pump" and row["score"]), key=lambda r: float(r["score"])
    )
    assert at - 0.1 <= float(worst["time"]) <= at + 5
    page = (out / "report.html").read_text()
    assert "a.pump" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("values", "times", "says"),
    [
        ([5.0] * 200, None, "constant"),
        ([1.0], None, "record for longer"),
        ([None] * 200, None, "record for longer"),
        (["warm", *wave(50)], None, "warm"),
    ],
    ids=["constant sensor", "one-reading sensor", "all-NaN channel", "unreadable cell"],
)
def test_training_on_what_nothing_can_be_learnt_from_says_why(
    tmp_path: Path, values: list[object], times: list[float] | None, says: str
) -> None:
    """A recording that is no use ends the command with a sentence and no traceback."""
    path = recording(tmp_path, "odd", values, times)
    done = offbeat("train", path, "--out", tmp_path / "artifact", "--size", "tiny", "--steps", "5")
    assert done.returncode in (1, 78)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "artifact").exists()


def test_odd_sensors_do_not_keep_the_others_from_being_learnt(tmp_path: Path) -> None:
    """Constant, one-row, unordered and repeated recordings lie beside an ordinary one."""
    series = wave(600)
    times = [1.7e9 + i for i in range(600)]
    times[300], times[301], times[400] = times[301], times[300], times[399]
    recording(tmp_path, "ordinary", series)
    recording(tmp_path, "constant", [5.0] * 300)
    recording(tmp_path, "once", [1.0])
    recording(tmp_path, "unordered", series, times)
    done = offbeat("train", tmp_path, "--out", tmp_path / "artifact", "--size", "tiny", "--steps", "20")
    assert done.returncode == 0, done.stderr
    assert "steps back once" in done.stderr
    assert "3 sensors" in done.stdout
    assert "left unknown: 1 sensor with fewer than 16 readings to learn from: once (1)" in done.stdout


def damage(artifact: Path, how: str) -> None:
    """Damage an artifact in one of the ways that happen."""
    weights = artifact / "value" / "model.safetensors"
    content = weights.read_bytes()
    if how == "bit flip":
        weights.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])
    elif how == "truncated":
        weights.write_bytes(content[:-100])
    else:
        weights.unlink()


@pytest.mark.parametrize(
    ("how", "says"), [("bit flip", "SHA-256"), ("truncated", "bytes"), ("missing file", "missing")]
)
def test_a_damaged_artifact_stops_the_start_with_what_to_do(
    artifact: Path, tmp_path: Path, how: str, says: str
) -> None:
    """The daemon does not start on a model that is not the one that was trained."""
    copy = shutil.copytree(artifact, tmp_path / "artifact")
    damage(copy, how)
    (tmp_path / "offbeat.toml").write_text(MINIMAL + f'[model]\nartifact = "{copy}"\n')
    done = offbeat("run", "--config", tmp_path / "offbeat.toml", cwd=tmp_path)
    assert done.returncode == 78
    assert says in done.stderr
    assert "offbeat train" in done.stderr


def test_a_missing_artifact_that_was_asked_for_stops_the_start(tmp_path: Path) -> None:
    """A path that was written down must lead somewhere."""
    (tmp_path / "offbeat.toml").write_text(MINIMAL + '[model]\nartifact = "nowhere"\n')
    done = offbeat("run", "--config", tmp_path / "offbeat.toml", cwd=tmp_path)
    assert done.returncode == 78
    assert "nowhere" in done.stderr


def test_an_artifact_of_other_channels_stops_the_start(artifact: Path, tmp_path: Path) -> None:
    """The message names both sets of channels."""
    config = MINIMAL + f'channels = ["temperature", "humidity"]\n[model]\nartifact = "{artifact}"\n'
    (tmp_path / "offbeat.toml").write_text(config)
    done = offbeat("run", "--config", tmp_path / "offbeat.toml", cwd=tmp_path)
    assert done.returncode == 78
    assert "temperature, humidity" in done.stderr
    assert "channels value" in done.stderr
