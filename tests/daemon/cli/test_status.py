"""`offbeat status`, asking a served page."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

import pytest

from offbeat.cli.main import main
from offbeat.cli.status import NOTHING_HEARD, learning_line
from offbeat.config.loading import load
from offbeat.observe.http import HttpServer, Response
from offbeat.state.running import RunningSettings
from tests.daemon.cli.conftest import CONFIG
from tests.support.live_site import LiveSite
from tests.support.plant import BOILERS


def configured(folder: Path, listen: str) -> Path:
    """Return a configuration whose daemon listens there."""
    path = folder / "offbeat.toml"
    path.write_text(CONFIG + f'[metrics]\nlisten = "{listen}"\n')
    return path


def test_the_daemon_and_what_it_still_learns_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sensors that are ready are counted, the others listed with what they wait for, the least ready first."""
    with LiveSite(tmp_path, ["new.one", "unheard"]) as site:
        site.play(0, 30)
        site.play_others(80)
        config = configured(tmp_path, site.url.removeprefix("http://").rstrip("/"))
        assert main(["status", "--config", str(config)]) == 0
        said = capsys.readouterr().out
        assert "offbeat 0.0.0 is ready\nsensors: 6 (2 learning, 4 ready)\nopen episodes: none\n" in said
        assert "messages dropped: 4 no_value, 3 undecodable\n" in said
        (line,) = [line for line in said.splitlines() if line.startswith("new.one")]
        assert line.startswith("new.one  learning 25 %; about ")
        assert line.endswith(" to go; 80 of 320 readings that alerts about its values need")
        assert BOILERS[0] not in said
        site.call_off(0)
        assert main(["status", "--config", str(config)]) == 0
        assert f"{BOILERS[0]}  ready; not as it was learnt: nothing is" in capsys.readouterr().out
        assert main(["status", "--all", "--config", str(config)]) == 0
        assert f"{BOILERS[0]}  ready" in capsys.readouterr().out


def test_where_nothing_was_heard_it_says_what_to_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A topic that nothing matches looks like a daemon that is well."""
    with LiveSite(tmp_path) as site:
        site.known = False
        config = configured(tmp_path, site.url.removeprefix("http://").rstrip("/"))
        assert main(["status", "--config", str(config)]) == 0
    assert f"\nsensors: 0{NOTHING_HEARD}\n" in capsys.readouterr().out


def test_why_a_training_was_refused_is_said_once() -> None:
    """It is the reason why the group waits, and what came of the last training."""
    refused = {"stage": "waiting", "share": None, "eta_seconds": None, "reason": "too little is left: 43 of 300",
               "last": "too little is left: 43 of 300"}  # fmt: skip
    assert learning_line("value", refused) == "learning of value: waiting; too little is left: 43 of 300"
    promoted = refused | {"reason": "the model is new enough", "last": "promoted: more is found"}
    assert learning_line("value", promoted).endswith("new enough; last: promoted: more is found")


def test_a_daemon_that_is_not_ready_is_told_by_the_exit_code_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script waits for it by that, with or without JSON; what is known is printed all the same."""
    with LiveSite(tmp_path) as site:
        config = configured(tmp_path, site.url.removeprefix("http://").rstrip("/"))
        site.waiting_for = "connecting to the broker"
        assert main(["status", "--config", str(config)]) == 1
        assert capsys.readouterr().out.startswith(
            "offbeat 0.0.0 is not ready: connecting to the broker\nsensors: 4"
        )
        assert main(["status", "--json", "--config", str(config)]) == 1
        assert json.loads(capsys.readouterr().out)["status"]["waiting_for"] == "connecting to the broker"


def test_programs_get_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The daemon, and every sensor."""
    with LiveSite(tmp_path) as site:
        config = configured(tmp_path, site.url.removeprefix("http://").rstrip("/"))
        assert main(["status", "--json", "--config", str(config)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["status"]["ready"] is True
    assert [one["sensor"] for one in said["sensors"]] == list(BOILERS)
    assert said["sensors"][0]["readiness"] == "ready"


def test_a_broken_configuration_is_told_of_beside_a_daemon_that_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is asked where it still says that it listens; programs get the mistakes as `check` gives them."""
    with LiveSite(tmp_path) as site:
        config = configured(tmp_path, site.url.removeprefix("http://").rstrip("/"))
        config.write_text(config.read_text().replace("[mqtt]", "[mqtt]\nqos = 1"))
        assert main(["status", "--config", str(config)]) == 0
        said = capsys.readouterr()
        assert "offbeat 0.0.0 is ready\n" in said.out
        assert f"--> {config}:2  (mqtt.qos)" in said.err
        assert (
            "1 problem; a daemon that runs goes on by what it read before, and none starts with this."
            in said.err
        )
        assert main(["status", "--json", "--config", str(config)]) == 0
        assert [one["option"] for one in json.loads(capsys.readouterr().out)["problems"]] == ["mqtt.qos"]


def test_a_daemon_is_asked_where_it_listens_whatever_became_of_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state directory tells: the file may name another address by now, or be no TOML at all."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    running = RunningSettings(tmp_path)
    with LiveSite(tmp_path) as site:
        config = configured(tmp_path, site.url.removeprefix("http://").rstrip("/"))
        running.keep(load(config))
        configured(tmp_path, "127.0.0.1:1")
        assert main(["status", "--config", str(config)]) == 0
        config.write_text("[mqtt")
        assert main(["status", "--config", str(config)]) == 0
        assert main(["status", "--probe", "healthy", "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert said.out.count("offbeat 0.0.0 is ready\n") == 2
    assert said.err.count("1 problem; a daemon that runs goes on") == 1, "a probe is of the daemon alone"
    running.close()
    assert main(["status", "--config", str(config)]) == 78
    assert "name the directory by STATE_DIRECTORY=DIR" in capsys.readouterr().err


def test_a_probe_ends_with_0_or_1_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the daemon's own words, for containers and scripts."""
    words = {
        "/-/healthy": Response(b"ok\n"),
        "/-/ready": Response(b"no broker\n", status=HTTPStatus.SERVICE_UNAVAILABLE),
    }
    server = HttpServer("127.0.0.1:0", {path: lambda _, said=said: said for path, said in words.items()})
    server.start()
    config = configured(tmp_path, f"127.0.0.1:{server.port}")
    assert main(["status", "--probe", "healthy", "--config", str(config)]) == 0
    assert main(["status", "--probe", "ready", "--config", str(config)]) == 1
    assert capsys.readouterr().out == "ok\nno broker\n"
    server.stop()
    assert main(["status", "--probe", "healthy", "--config", str(config)]) == 69


def test_where_no_daemon_answers_it_says_so_and_ends_with_69(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what to do; also where the configuration serves nothing that could be asked."""
    assert main(["status", "--config", str(configured(tmp_path, "127.0.0.1:1"))]) == 69
    said = capsys.readouterr().err
    assert (
        "no daemon answers at http://127.0.0.1:1 (Connection refused); start it with `systemctl start offbeat`"
        in said
    )
    assert main(["status", "--config", str(configured(tmp_path, ""))]) == 69
    assert 'metrics.listen is ""' in capsys.readouterr().err
