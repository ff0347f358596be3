"""Loading: from files to settings, and every problem in one report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from offbeat.config.loading import check, examine, load, usable_tables
from offbeat.config.report import Report
from offbeat.errors import ConfigError
from tests.support.users import AS_ROOT, as_nobody

SMALLEST = '[mqtt]\nurl = "mqtt://localhost:1883"\n[[source]]\ntopic = "plant/{line}/{sensor}/state"\n'


def look(folder: Path, text: str, **variables: str) -> Report:
    """Write a main file and check it."""
    (folder / "offbeat.toml").write_text(text)
    return check(folder / "offbeat.toml", variables)


def told(report: Report) -> list[str]:
    """Problems as "option: message"."""
    return [f"{problem.option}: {problem.message}" for problem in report.problems]


def test_the_smallest_useful_file_loads(tmp_path: Path) -> None:
    """A broker and a topic; the rest are defaults."""
    (tmp_path / "offbeat.toml").write_text(SMALLEST)
    settings = load(tmp_path / "offbeat.toml", {})
    assert settings.sources[0].topic == "plant/{line}/{sensor}/state"
    assert settings.sources[0].qos == 1
    assert settings.alerts.budget_per_week == 1.0


def test_options_are_named_without_units_in_the_file(tmp_path: Path) -> None:
    """`keepalive = "20s"` there is `keepalive_seconds` here; the name of the code is not known in files."""
    (tmp_path / "offbeat.toml").write_text(SMALLEST.replace("[[source]]", 'keepalive = "1m"\n[[source]]'))
    assert load(tmp_path / "offbeat.toml", {}).mqtt.keepalive_seconds == 60.0
    report = look(tmp_path, SMALLEST.replace("[[source]]", 'keepalive_seconds = "1m"\n[[source]]'))
    assert told(report) == [
        'mqtt.keepalive_seconds: unknown option "keepalive_seconds" (did you mean "keepalive"?)'
    ]


def test_all_problems_come_in_one_report(tmp_path: Path) -> None:
    """A mistake in one option hides none in another, of whatever kind they are."""
    report = look(
        tmp_path,
        """
[mqtt]
url = "mqt://localhost:1883"
usrname = "x"
protocol = "3.1"
keepalive = "20"
ca_file = "nowhere.pem"
[[source]]
topic = "plant/{line}/{line}"
qos = 2
time = { field = "ts", timezone = "Europe/Berlni" }
[[source]]
topic = "${PLANT}/{sensor}"
id = "{sensr}"
[alerts]
budget = "one a week"
[limits]
memory = "1MiB"
[modle]
""",
    )
    assert [problem.option for problem in report.problems] == [
        "mqtt.url",
        "mqtt.usrname",
        "mqtt.protocol",
        "mqtt.keepalive",
        "mqtt.ca_file",
        "source[0].topic",
        "source[0].qos",
        "source[0].time.timezone",
        "source[1].topic",
        "alerts.budget",
        "limits.memory",
        "modle",
    ]
    lines = [problem.place.line for problem in report.problems if problem.place]
    assert lines == sorted(lines)
    guesses = ['"mqtt://"', '"username"', '"3.1.1"', '"Europe/Berlin"', '"model"']
    assert all(f"did you mean {guess}" in report.render() for guess in guesses)


def test_load_raises_the_whole_report(tmp_path: Path) -> None:
    """As its message, with exit code 78."""
    (tmp_path / "offbeat.toml").write_text("[mqtt]\nurl = 5\nurk = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "offbeat.toml", {})
    assert caught.value.exit_code == 78
    assert str(caught.value).count("error: ") == 3
    assert str(caught.value) == check(tmp_path / "offbeat.toml", {}).render()


def test_tables_are_usable_whatever_is_wrong_with_the_others(tmp_path: Path) -> None:
    """Without the options that are wrong; a text that is no TOML has none."""
    path = tmp_path / "offbeat.toml"
    path.write_text(
        '[mqtt]\nurl = 7\n[metrics]\nlisten = "127.0.0.1:${PORT}"\nx = 1\n[state]\ndirectory = "here"\n'
    )
    tables = usable_tables(path, {"PORT": "9"})
    assert tables.metrics is not None
    assert tables.metrics.listen == "127.0.0.1:9"
    assert tables.state is not None
    assert tables.state.directory == tmp_path / "here"
    assert (tables.mqtt, tables.sources) == (None, {})
    path.write_text("[metrics")
    assert usable_tables(path).metrics is None


def test_an_empty_file_says_what_it_needs(tmp_path: Path) -> None:
    """With lines to copy."""
    report = look(tmp_path, "")
    assert told(report) == ["mqtt: no broker is named", "source: nothing is listened to"]
    assert 'url = "mqtt://localhost:1883"' in report.render()


def test_missing_options_are_shown_at_their_table(tmp_path: Path) -> None:
    """The header is underlined."""
    report = look(tmp_path, "[mqtt]\n[[source]]\nqos = 1\n")
    assert told(report) == ["mqtt.url: no broker is named", "source[0].topic: this source names no topic"]
    assert [problem.place.text for problem in report.problems if problem.place] == ["[mqtt]", "[[source]]"]


def test_a_list_of_no_sources_listens_to_nothing(tmp_path: Path) -> None:
    """As if it were not there."""
    assert told(look(tmp_path, 'source = []\n[mqtt]\nurl = "mqtt://h"\n')) == [
        "source: nothing is listened to"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('insecure = "yes"', '"insecure" is "yes"; expected true or false without quotes'),
        ("username = 5", '"username" is the number 5; expected text in quotes, such as "..."'),
        ('receive_maximum = "many"', '"receive_maximum" is "many"; expected a whole number without quotes'),
        (
            "receive_maximum = 2.5",
            '"receive_maximum" is the number 2.5; expected a whole number without quotes',
        ),
        ("receive_maximum = 0", '"receive_maximum" is too small: expected at least 1'),
        ("receive_maximum = 70_000", '"receive_maximum" is too large: expected at most 65,535'),
        ("keepalive = 20", 'expected text with a unit, such as "30s"'),
        ('keepalive = "0s"', '"keepalive" is too small: expected at least 1'),
        ("protocol = 5", 'the number 5 is not one of the choices; expected "auto", "5" or "3.1.1"'),
        ('password = "x"', '"password" cannot stand in the configuration'),
        ("max_sensors = 5", 'unknown option "max_sensors"'),
    ],
)
def test_a_wrong_value_is_told_in_words(tmp_path: Path, line: str, message: str) -> None:
    """What was found and what was expected, at the option's line."""
    report = look(tmp_path, SMALLEST.replace("[[source]]", f"{line}\n[[source]]"))
    [problem] = report.problems
    assert problem.message == message
    assert problem.place is not None
    assert problem.place.line == 3


def test_an_option_in_the_wrong_table_is_sent_home(tmp_path: Path) -> None:
    """The advice names the table that has it."""
    [problem] = look(tmp_path, SMALLEST + "max_sensors = 5\n").problems
    assert problem.help == "it belongs to [limits]"
    [problem] = look(tmp_path, SMALLEST + "[alerts]\nqos = 1\n").problems
    assert problem.help == "it belongs to [[source]]"
    [problem] = look(tmp_path, SMALLEST + "[log]\nzzz = 1\n").problems
    assert problem.help == "known here: level, format"


@pytest.mark.parametrize(
    "text", ["mqtt = 5", "[[mqtt]]\nurl = 'mqtt://h'", "source = 5", "[source]\ntopic = 'x'"]
)
def test_a_table_of_the_wrong_kind_is_told(tmp_path: Path, text: str) -> None:
    """And does not stop the rest from being looked at."""
    report = look(tmp_path, f"{text}\n[alerts]\nbudget = 'x'\n")
    assert "alerts.budget" in [problem.option for problem in report.problems]
    assert len(report.problems) >= 2


def test_values_may_come_from_the_environment(tmp_path: Path) -> None:
    """And a variable that is not set is an error, told once."""
    text = SMALLEST.replace("localhost", "${BROKER}")
    assert look(tmp_path, text, BROKER="b").ok
    assert told(look(tmp_path, text)) == ["mqtt.url: the environment variable BROKER is not set"]


def test_conf_d_is_merged_by_name(tmp_path: Path) -> None:
    """Other files beside it are left alone."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "20.toml").write_text('[[source]]\ntopic = "c/{sensor}/t"\n')
    (tmp_path / "conf.d" / "10.toml").write_text(
        '[[source]]\ntopic = "b/{line}/{sensor}/t"\n[alerts]\nbudget = "2/week"'
    )
    (tmp_path / "conf.d" / "30.toml.bak").write_text("garbage")
    (tmp_path / "offbeat.toml").write_text(SMALLEST)
    settings, report = examine(tmp_path / "offbeat.toml", {})
    assert settings is not None
    assert [source.topic[0] for source in settings.sources] == ["p", "b", "c"]
    assert settings.alerts.budget_per_week == 2.0
    assert [Path(file).name for file in report.files] == ["offbeat.toml", "10.toml", "20.toml"]


def test_syntax_errors_of_all_files_are_told_together(tmp_path: Path) -> None:
    """Each in its file."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10.toml").write_text("x = \n")
    report = look(tmp_path, "[mqtt\n")
    assert [problem.place.file.name for problem in report.problems if problem.place] == [
        "offbeat.toml",
        "10.toml",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the option that names another."""
    report = check(tmp_path / "nowhere.toml", {})
    assert "no such file" in report.render()
    assert "--config" in report.render()


@AS_ROOT
@pytest.mark.parametrize(
    ("closed", "message"),
    [
        ("offbeat.toml", "cannot read the file: Permission denied"),
        (".", "cannot read the file: Permission denied"),
        ("conf.d", "cannot look into the folder: Permission denied"),
        ("conf.d/10-more.toml", "cannot read the file: Permission denied"),
    ],
)
def test_what_is_closed_to_the_user_is_told_and_what_to_do(closed: str, message: str) -> None:
    """Once, and never a configuration without some of its parts."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "offbeat.toml").write_text(SMALLEST)
        (folder / "conf.d").mkdir()
        (folder / "conf.d" / "10-more.toml").touch()
        folder.chmod(0o755)
        (folder / closed).chmod(0)
        with as_nobody():
            report = check(folder / "offbeat.toml")
    (problem,) = report.problems
    assert problem.message == message
    assert problem.place is not None
    assert problem.place.file == folder / ("offbeat.toml" if closed == "." else closed)
    assert problem.help == "give the command with sudo or as its owner, or name another file with --config"


def test_relative_files_are_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    """And among systemd's credentials first."""
    text = SMALLEST.replace("[[source]]", 'username = "u"\npassword_file = "pw"\n[[source]]')
    assert [problem.option for problem in look(tmp_path, text).problems] == ["mqtt.password_file"]
    (tmp_path / "pw").write_text("secret")
    (tmp_path / "pw").chmod(0o640)
    settings, _ = examine(tmp_path / "offbeat.toml", {})
    assert settings is not None
    assert settings.mqtt.password_file == tmp_path / "pw"
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "pw").write_text("other")
    (credentials / "pw").chmod(0o400)
    settings, _ = examine(tmp_path / "offbeat.toml", {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert settings is not None
    assert settings.mqtt.password_file == credentials / "pw"


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    """Systemd runs the check before every start and reload."""
    (tmp_path / "offbeat.toml").write_text(SMALLEST)
    code = (
        "import sys; from pathlib import Path; from offbeat.config.loading import load; "
        f"load(Path({str(tmp_path / 'offbeat.toml')!r})); "
        "print(sorted({'torch', 'numpy', 'rich', 'structlog', 'paho'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
