"""`offbeat status`: how the running daemon is, what serves, and which sensors are still being learnt."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from offbeat.cli.common import add_json_option, print_json
from offbeat.cli.config_choice import add_config_option, config_path
from offbeat.cli.daemon_settings import tell_of_problems
from offbeat.cli.parser import Subparsers
from offbeat.errors import ConfigError

MOST_SHOWN = 20
_PAGE = 1000
NOTHING_HEARD = (
    "; no message that is used has come on the topics of the sources yet: `mosquitto_sub -v -t '#'`, with the host and "
    "the user of mqtt.url, shows what the broker has"
)

_UNKNOWN = (
    "where the daemon can be asked is not known, since none runs on the state directory: mend the configuration, or "
    "name the directory by STATE_DIRECTORY=DIR before the command"
)

Table = Mapping[str, Any]


def add_parser(subparsers: Subparsers) -> None:
    """Add `status` to the command line."""
    parser = subparsers.add_parser(
        "status",
        help="tell how the running daemon is, and how far its sensors have been learnt",
        description="Asks the running daemon over HTTP, at metrics.listen of what it runs by, which its state "
        "directory tells; also where the configuration has mistakes by now, which are told too. Ends with 69 where no "
        "daemon answers, and with 1 where it is not ready, as while it starts or has no broker, or is not what --probe "
        "asks for.",
    )
    add_config_option(parser, of_daemon=True)
    add_json_option(parser)
    parser.add_argument(
        "--all", action="store_true", help=f"list all sensors, not {MOST_SHOWN} of those that are not ready"
    )
    parser.add_argument(
        "--probe",
        choices=("healthy", "ready"),
        help="ask only that, for containers and scripts; needs no password",
    )


def run(args: argparse.Namespace) -> int:
    """Ask and print."""
    from offbeat.app.daemon_api import DaemonApi
    from offbeat.cli.running import look_for_daemon

    daemon = look_for_daemon(config_path(args))
    if daemon.metrics is None:
        raise ConfigError(daemon.report.render(ending=_UNKNOWN))
    api, report = DaemonApi(daemon.metrics), daemon.report
    if args.probe:
        is_so, words = api.verdict(args.probe)
        print(words)
        return 0 if is_so else 1
    if not report.ok:
        tell_of_problems(report)
    status, sensors = api.ask("/api/v1/status"), list(_sensors(api.ask))
    if args.json:
        print_json({"status": status, "sensors": sensors, "problems": report.to_json()["problems"]})
    else:
        print("\n".join([*_daemon(status), *_listed(sensors, everyone=args.all)]))
    return 0 if status["ready"] else 1


def _sensors(ask: Any) -> Iterator[Table]:
    """Yield all sensors by name, a page at a time."""
    offset, total = 0, 1
    while offset < total:
        page = ask("/api/v1/sensors", sort="name", limit=_PAGE, offset=offset)
        yield from page["sensors"]
        offset, total = offset + _PAGE, page["matching"]


def _daemon(status: Table) -> Iterator[str]:
    state = "ready" if status["ready"] else f"not ready: {status['waiting_for']}"
    yield f"offbeat {status['version']} is {state}"
    if problem := status["configuration"]["problem"]:
        yield f"what its configuration says now is not in force: {problem}"
    sensors = {name: int(count) for name, count in status["sensors"].items() if count}
    told = ", ".join(f"{count:,} {name}" for name, count in sensors.items())
    yield f"sensors: {sum(sensors.values()):,}" + (f" ({told})" if told else NOTHING_HEARD * status["ready"])
    is_open = {kind: int(count) for kind, count in status["open_episodes"].items() if count}
    yield "open episodes: " + (", ".join(f"{count:,} {kind}" for kind, count in is_open.items()) or "none")
    yield f"readings judged since the start: {status['rows_scored']:,}"
    for what in ("messages", "readings"):
        if counts := status.get(f"{what}_dropped"):
            yield f"{what} dropped: " + ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
    for group, model in status["models"].items():
        yield f"model of {group}: {model['name']} {model['version']} on {status['device']}"
    if not status["models"]:
        yield "model: none; silence and rules are judged"
    for group, learning in status.get("learning", {}).items():
        yield learning_line(group, learning)


def learning_line(group: str, one: Table) -> str:
    """Return in a line how far the learning of a group is, as the daemon's API tells it."""
    words = [one["stage"]]
    if one["stage"] in ("gathering", "training") and one["share"] is not None:
        words[0] += f" {100 * one['share']:.0f} %"
    if one["eta_seconds"]:
        words.append(f"about {_span(one['eta_seconds'])} to go")
    last = "" if one["last"] and one["last"] in one["reason"] else one["last"]
    words += [text for text in (one["reason"], last and f"last: {last}") if text]
    return f"learning of {group}: {'; '.join(words)}"


def _listed(sensors: Sequence[Table], *, everyone: bool) -> Iterator[str]:
    """Yield a line for each sensor that is not ready, the least ready first, or is off; or for all by name."""
    chosen = list(sensors)
    if not everyone:
        chosen = [one for one in sensors if one["readiness"] != "ready" or one["off"]]
        chosen.sort(key=lambda one: one["progress"] or 0.0)
    shown = chosen if everyone else chosen[:MOST_SHOWN]
    wide = max((len(one["sensor"]) for one in shown), default=0)
    if shown:
        yield ""
    for one in shown:
        yield f"{one['sensor']:<{wide}}  {_how_far(one)}"
    if len(chosen) > len(shown):
        yield f"and {len(chosen) - len(shown):,} more; --all lists every sensor"


def _how_far(sensor: Table) -> str:
    words = [sensor["readiness"]]
    if sensor["readiness"] == "learning":
        words[0] += f" {100 * (sensor['progress'] or 0.0):.0f} %"
        if sensor["eta_seconds"]:
            words.append(f"about {_span(sensor['eta_seconds'])} to go")
    if sensor["reason"]:
        words.append(sensor["reason"])
    if sensor["open"]:
        words.append(f"open: {', '.join(sensor['open'])}")
    return "; ".join(words)


def _span(seconds: float) -> str:
    for unit, name in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(seconds, 1.0):.0f} s"
