"""The demo: what it plays, what it asks of the daemon, and the whole of it once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.demo import prepare_folder
from offbeat.app.demo_daemon import DemoDaemon, demo_config
from offbeat.app.demo_scenes import SHOW_SECONDS, as_simulation, scenes
from offbeat.config.loading import load
from offbeat.errors import UnavailableError, UsageError
from tests.support.ports import free_port
from tests.support.waiting import wait_until


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_gaps_shrink_alike_in_what_is_learnt_and_in_what_is_played(speed: float) -> None:
    """A model that learnt the rhythm of the one knows that of the other, at any speed."""
    for scene in scenes(speed):
        past, show = scene.past.times_seconds, scene.show.times_seconds
        assert len(past) > 300
        assert past.max() < show.min()
        assert show.min() >= -0.1
        assert show.max() == pytest.approx(SHOW_SECONDS / speed, abs=2.0 / speed)
        assert np.median(np.diff(past)) == pytest.approx(np.median(np.diff(show)), rel=0.25)


def test_no_recording_ends_before_the_show_does() -> None:
    """A sensor that falls silent then would raise an alert that means nothing."""
    made = as_simulation(scenes())
    assert (np.diff(made.times) >= 0).all()
    for number in range(len(made.sensors)):
        assert made.times[made.number == number].max() > SHOW_SECONDS - 2.0


def test_what_is_shipped_is_small_and_says_where_it_comes_from() -> None:
    """Under a megabyte, each file named in the notice, with the licence."""
    folder = files("offbeat.replay") / "data"
    shipped = [entry for entry in folder.iterdir() if entry.name.endswith(".csv.gz")]
    notice = (folder / "NOTICE").read_text("utf-8")
    assert sum(len(entry.read_bytes()) for entry in shipped) < 1_000_000
    assert all(entry.name in notice for entry in shipped)
    assert "Permission is hereby granted, free of charge" in notice


def test_its_configuration_is_a_valid_one(tmp_path: Path) -> None:
    """And the budget counts weeks of the recordings, not of the faster clock."""
    (tmp_path / "offbeat.toml").write_text(demo_config("mqtt://127.0.0.1:1", tmp_path, 9, 14_400.0))
    settings = load(tmp_path / "offbeat.toml")
    assert settings.alerts.budget_per_week == 14_400
    assert settings.sources[0].time.field == "ts"


def test_it_begins_from_nothing_and_spares_what_is_not_its_own(tmp_path: Path) -> None:
    """State of an earlier demo would be minutes of silence; state of a real daemon must not be touched."""
    for name in ("state", "artifact"):
        (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match="is not of an earlier demo; name another folder with --out"):
        prepare_folder(tmp_path)
    (tmp_path / "offbeat.toml").write_text(demo_config("mqtt://x", tmp_path, 9, 1.0))
    prepare_folder(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["offbeat.toml"]


def test_what_keeps_the_daemon_from_starting_is_told(tmp_path: Path) -> None:
    """The end of its log is in the message."""
    (tmp_path / "offbeat.toml").write_text("[mqtt]\nurl = 5\n")
    daemon = DemoDaemon(tmp_path / "offbeat.toml", tmp_path / "daemon.log", free_port())
    with pytest.raises(UnavailableError, match=r"(?s)the daemon of the demo ended with 78: .*url"):
        daemon.start()


@pytest.mark.broker
@pytest.mark.slow
def test_a_person_sees_learning_alerts_and_a_page(tmp_path: Path) -> None:
    """The whole demo at four times its speed, without a terminal."""
    command = [
        sys.executable, "-m", "offbeat", "demo", "--speed", "4", "--train-seconds", "5", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "training the model" in done.stderr
    assert "playing the rest" in done.stderr, "the report takes a while, and says so"
    assert "scores: " in done.stdout
    assert re.search(r"OPEN +press\.flow reads ", done.stdout)
    assert re.search(r"CLOSE +[a-z]+\.[a-z]+ (is back to normal|changes again|reports again)", done.stdout)
    assert "press.flow" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "offbeat_" in (tmp_path / "out" / "metrics.txt").read_text("utf-8")


@pytest.mark.broker
def test_ctrl_c_while_it_learns_leaves_no_process_behind(tmp_path: Path) -> None:
    """Neither broker nor daemon outlives the command."""
    command = [
        sys.executable,
        "-m",
        "offbeat",
        "demo",
        "--train-seconds",
        "60",
        "--out",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        wait_until(lambda: "training" in process.stderr.readline(), 60, "the training")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        process.send_signal(signal.SIGINT)
        process.wait(30)
    for child in children:
        wait_until(lambda child=child: not _is_alive(int(child)), 10, "the broker to end")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
