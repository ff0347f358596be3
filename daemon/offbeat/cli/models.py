"""`offbeat models`: which versions of models there are, which are in service, and putting another one into service."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from offbeat.cli.common import add_json_option, print_json
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.daemon_settings import daemon_settings
from offbeat.cli.model_tables import compared, listed, shown
from offbeat.cli.parser import Parser, Subparsers
from offbeat.cli.user import acting_user
from offbeat.errors import ConfigError, UsageError
from offbeat.learn.library import BY_ITSELF, GroupModels, ModelLibrary, folder_name
from offbeat.learn.prior_files import prior_version
from offbeat.learn.promotions import Promotion, Promotions
from offbeat.learn.trials import Trials

if TYPE_CHECKING:
    from offbeat.config.settings import Settings

_TAKEN_UP = "a daemon that runs takes it up within seconds"


def add_parser(subparsers: Subparsers) -> None:
    """Add `models` to the command line."""
    parser = subparsers.add_parser(
        "models",
        help="list and compare versions of models, put one into service, go back",
        description="What `offbeat train` learnt is kept in versions, one of which is in service for each group of "
        "sensors. A daemon that runs takes up what is put into service, without a restart. VERSION may be the "
        "beginning of a version's name.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    _action(actions, "list", "list the versions of every group", add_json_option)
    _action(actions, "show", "tell all that is known of a version", add_json_option, "VERSION")
    _action(actions, "compare", "put the figures of two versions side by side", add_json_option, "A", "B")
    _action(actions, "promote", "put a version into service", _add_why, "VERSION")
    rollback = _action(actions, "rollback", "put the version into service that was there before", _add_why)
    rollback.add_argument("--group", metavar="NAME", help="of sensors, where there are several")


def run(args: argparse.Namespace) -> int:
    """Do what is asked for."""
    settings = daemon_settings(args, writes=args.action in ("promote", "rollback"))
    library = ModelLibrary(settings.library_directory, settings.model.keep_versions)
    return _ACTIONS[args.action](args, library, settings)


def _list(args: argparse.Namespace, library: ModelLibrary, settings: Settings) -> int:
    groups = [(group.name, group.versions(), _history(group), group.trials()) for group in library.groups()]
    served = {name for name, _, history, _ in groups if history.current is not None}
    priors = _judged_by_prior(served, settings)
    if args.json:
        told = [
            {"group": name, "current": history.current, "previous": history.previous, "prior": priors.get(name),
             "versions": [_summary(one, trials) for one in versions]}
            for name, versions, history, trials in groups
        ]  # fmt: skip
        others = [name for name in priors if name not in {one["group"] for one in told}]
        told += [
            {"group": name, "current": None, "previous": None, "prior": priors[name], "versions": []}
            for name in others
        ]
        print_json(told)
        return 0
    if not groups:
        print(f"there are no models in {library.root} yet; {BY_ITSELF}")
    for line in listed(groups):
        print(line)
    for group, version in priors.items():
        print(f"{group}: the fleet prior {version} that comes with Offbeat is in service until a version is")
    _warn_of_named_artifact(settings)
    return 0


def _judged_by_prior(served: set[str], settings: Settings) -> dict[str, str]:
    """Return the version of the prior by group of the configuration that it judges: no version is in service there."""
    from offbeat.ingest.decoder import directory_of

    if not settings.model.prior or settings.model.artifact is not None:
        return {}
    out = {}
    for group in directory_of(settings.sources, 1, 1).groups:
        name, version = folder_name(group.channels, group.model), prior_version(len(group.channels))
        if name not in served and version is not None:
            out[name] = version
    return out


def _prior_named(beginning: str, settings: Settings) -> tuple[str, str] | None:
    """Return the group and the version of the prior that is meant: `list` names it, the library does not have it."""
    known = _judged_by_prior(set(), settings).items()
    return next((one for one in known if beginning and one[1].startswith(beginning)), None)


def _show_prior(group: str, version: str, *, as_json: bool) -> int:
    if as_json:
        print_json({"group": group, "version": version, "prior": True})
    else:
        print(f"{version} is the fleet prior that comes with Offbeat, for {group}: no version of the library")
    return 0


def _show(args: argparse.Namespace, library: ModelLibrary, settings: Settings) -> int:
    try:
        group, version = library.find(args.VERSION)
    except UsageError:
        if prior := _prior_named(args.VERSION, settings):
            return _show_prior(*prior, as_json=args.json)
        raise
    history = _history(group)
    if args.json:
        print_json(
            {"group": group.name, "version": version.version, "folder": str(version.folder),
             "current": history.current == version.version, "damage": version.damage or None,
             "promotions": [_entry(one) for one in history if one.version == version.version],
             "trial": _trial(version.version, group.trials()),
             "manifest": dict(version.manifest)}
        )  # fmt: skip
    else:
        print("\n".join(shown(group.name, version, history, group.trials())))
    return 0


def _compare(args: argparse.Namespace, library: ModelLibrary, _: Settings) -> int:
    (group, a), (other, b) = library.find(args.A), library.find(args.B)
    if group.name != other.name:
        raise UsageError(
            f"{a.version} is of {group.name} and {b.version} of {other.name}; compare two of one group"
        )
    if args.json:
        print_json({"group": group.name, "versions": [_summary(one, group.trials()) for one in (a, b)]})
    else:
        print("\n".join(compared(a, b, group.trials())))
    return 0


def _promote(args: argparse.Namespace, library: ModelLibrary, settings: Settings) -> int:
    group, version = library.find(args.VERSION)
    before = _history(group).current
    promotion = group.promote(version.version, acting_user(), args.why or "offbeat models promote")
    return _told(group, promotion, before, settings)


def _rollback(args: argparse.Namespace, library: ModelLibrary, settings: Settings) -> int:
    group = _one_group(library.groups(), args.group, library)
    before = group.promotions().current
    promotion = group.rollback(acting_user(), args.why or "offbeat models rollback")
    return _told(group, promotion, before, settings)


_ACTIONS: dict[str, Callable[[argparse.Namespace, ModelLibrary, Settings], int]] = {
    "list": _list,
    "show": _show,
    "compare": _compare,
    "promote": _promote,
    "rollback": _rollback,
}


def _action(
    actions: Subparsers, name: str, summary: str, options: Callable[[Parser], None], *positional: str
) -> Parser:
    parser = actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    for one in positional:
        parser.add_argument(one, help="of a model, or its beginning")
    add_config_option(parser, of_daemon=True)
    options(parser)
    return parser


def _add_why(parser: Parser) -> None:
    parser.add_argument("--why", metavar="TEXT", help="kept in the history")


def _told(group: GroupModels, promotion: Promotion, before: str | None, settings: Settings) -> int:
    was = f" (before: {before})" if before and before != promotion.version else ""
    print(f"{group.name}: {promotion.version} is in service{was}")
    if not _warn_of_named_artifact(settings):
        print(_TAKEN_UP)
    return 0


def _one_group(groups: Sequence[GroupModels], name: str | None, library: ModelLibrary) -> GroupModels:
    names = ", ".join(group.name for group in groups)
    if not groups:
        raise UsageError(
            f"there are no models in {library.root} yet, and so none to go back to; `offbeat models list` tells "
            "what judges"
        )
    if name is None and len(groups) > 1:
        raise UsageError(f"there are models of {names}; name the group with --group NAME")
    found = [group for group in groups if name in (None, group.name)]
    if not found:
        raise UsageError(f'there is no model of a group "{name}"; there are those of {names}')
    return found[0]


def _history(group: GroupModels) -> Promotions:
    """Return the history of a group; where it is damaged, say so and go on without."""
    from offbeat.cli.learning import warn

    try:
        return group.promotions()
    except ConfigError as error:
        warn([str(error)])
        return Promotions()


def _warn_of_named_artifact(settings: Settings) -> bool:
    """Say that what is in service here is not what the daemon uses, where that is so."""
    from offbeat.cli.learning import warn

    if (named := settings.model.artifact) is not None:
        warn(
            [
                f"model.artifact is {named}: the daemon judges by that, and not by what is in service in the library"
            ]
        )
    return named is not None


def _trial(version: str, trials: Trials) -> dict[str, Any] | None:
    verdict = trials.of(version)
    return None if verdict is None else verdict.to_dict()


def _summary(one: Any, trials: Trials) -> dict[str, Any]:
    return {
        "version": one.version,
        "created_at": one.created_at or None,
        "channels": list(one.channels),
        "model": str(one.choice),
        "sensors": one.sensors,
        "steps": one.steps,
        "figures": one.figures,
        "lineage": dict(one.lineage),
        "trial": _trial(one.version, trials),
        "damage": one.damage or None,
    }


def _entry(one: Promotion) -> dict[str, str]:
    return {"at": one.at, "by": one.by, "why": one.why, "kind": one.kind}
