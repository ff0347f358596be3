"""`offbeat train --now`: word for the daemon that runs, and what is said of when it comes to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from offbeat.cli.main import main
from offbeat.config.loading import load
from offbeat.learn.library import ModelLibrary
from offbeat.observe.http import HttpServer, Response
from offbeat.state.running import FILE, RunningSettings
from offbeat.state.store import EpisodeHistory

TRAINING = {
    "stage": "training", "share": 0.42, "eta_seconds": 180.0, "reason": "a first model; training the model", "last": "",
}  # fmt: skip
WAITING = TRAINING | {
    "stage": "waiting",
    "share": None,
    "eta_seconds": None,
    "reason": "the model is new enough",
}


NOBODY_ANSWERS = '[metrics]\nlisten = "127.0.0.1:1"\n'
"""Where other daemons may run: none of them is to be asked."""


@contextmanager
def daemon(config: Path, learning: dict[str, object]) -> Iterator[None]:
    """Let a daemon run by a configuration, which says how far the learning of its groups is."""
    answer = json.dumps({"learning": learning}).encode()
    server = HttpServer("127.0.0.1:0", {"/api/v1/status": lambda _: Response(answer, "application/json")})
    server.start()
    config.write_text(config.read_text() + f'[metrics]\nlisten = "127.0.0.1:{server.port}"\n')
    state = config.parent / "state"
    EpisodeHistory(state / "episodes.sqlite").close()
    running = RunningSettings(state)
    running.keep(load(config))
    yield
    running.close()
    server.stop()


def test_beside_a_training_it_says_that_it_waits_for_its_end(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With how far that one is; the word is left all the same."""
    now = ["train", "--now", "--config", str(config)]
    with daemon(config, {"value": TRAINING, "x+y": WAITING}):
        assert main(now) == 0
        assert capsys.readouterr().out == (
            "asked for: the daemon begins when what it trains now is done, with what was heard until then; "
            "`offbeat status` tells how far it is\n"
            "learning of value: training 42 %; about 3 min to go; a first model; training the model\n"
        )
        assert ModelLibrary(tmp_path / "state" / "models").take_wish()
        assert main([*now, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said == {"wished": True, "daemon_runs": True, "waits_for": {"value": TRAINING}}
        assert ModelLibrary(tmp_path / "state" / "models").take_wish()


def test_where_nothing_is_trained_it_begins_within_seconds(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to wait for."""
    now = ["train", "--now", "--config", str(config)]
    with daemon(config, {"value": WAITING}):
        assert main(now) == 0
        assert "asked for: the daemon begins within seconds; `offbeat status`" in capsys.readouterr().out
        assert main([*now, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["waits_for"] == {}


def test_of_a_daemon_that_cannot_be_asked_it_says_both(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It serves nothing over HTTP: whether it trains is not known."""
    now = ["train", "--now", "--config", str(config)]
    config.write_text(config.read_text() + '[metrics]\nlisten = ""\n')
    EpisodeHistory(config.parent / "state" / "episodes.sqlite").close()
    running = RunningSettings(config.parent / "state")
    running.keep(load(config))
    assert main(now) == 0
    assert "within seconds, or when a training that is under way has ended; `off" in capsys.readouterr().out
    assert main([*now, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waits_for"] is None
    running.close()


def test_the_running_daemon_can_be_asked_to_train(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It finds the wish in the library, once; with what would not be heard it is refused."""
    config.write_text(config.read_text() + NOBODY_ANSWERS)
    EpisodeHistory(tmp_path / "state" / "episodes.sqlite").close()
    running = RunningSettings(tmp_path / "state")
    running.keep(load(config))
    assert main(["train", "--now", "--config", str(config)]) == 0
    assert "the daemon begins within seconds" in capsys.readouterr().out
    running.close()
    library = ModelLibrary(tmp_path / "state" / "models")
    assert library.take_wish()
    assert main(["train", "--now", "--config", str(config)]) == 0
    assert "no daemon runs now; the next one begins when it has started" in capsys.readouterr().out
    assert library.take_wish()
    assert library.take_wish() == ""
    assert main(["train", "--now", "--journal", "--config", str(config)]) == 2
    assert "leave recordings and other options out" in capsys.readouterr().err
    config.write_text(config.read_text() + "\n[learning]\nenabled = false\n")
    assert main(["train", "--now", "--config", str(config)]) == 2
    assert "never trains by itself: learning.enabled is false" in capsys.readouterr().err
    assert library.take_wish() == ""


def test_whether_a_daemon_runs_is_said_as_far_as_it_is_known(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of another release may run and write nothing down, or what this one does not understand."""
    config.write_text(config.read_text() + NOBODY_ANSWERS)
    state, now = tmp_path / "state", ["train", "--now", "--config", str(config)]

    def said() -> tuple[str, object]:
        assert main(now) == 0
        text = capsys.readouterr().out
        assert main([*now, "--json"]) == 0
        return text, json.loads(capsys.readouterr().out)["daemon_runs"]

    EpisodeHistory(state / "episodes.sqlite").close()
    text, runs = said()
    assert ("whether a daemon runs cannot be told" in text, runs) == (True, None)
    running = RunningSettings(state)
    running.keep(load(config))
    (state / FILE).write_text('{"of": "another release"}')
    text, runs = said()
    assert ("the daemon begins within seconds" in text, runs) == (True, True)
    running.close()
    text, runs = said()
    assert ("no daemon runs now" in text, runs) == (True, False)


@pytest.mark.parametrize("made", [False, True])
def test_nobody_is_asked_to_train_where_no_daemon_would_hear_of_it(
    config: Path, tmp_path: Path, made: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was found and what to do is said, and nothing is left in the folder."""
    state = tmp_path / "state"
    if made:
        state.mkdir()
    assert main(["train", "--now", "--config", str(config)]) == 69
    said = capsys.readouterr().err
    assert f'state directory "{state}"' in said
    assert ("no daemon has ever run on" if made else "there is no") in said
    assert (
        "start the daemon of this configuration first, name the configuration of the daemon by --config"
        in said
    )
    assert not list(tmp_path.glob("state/*"))
