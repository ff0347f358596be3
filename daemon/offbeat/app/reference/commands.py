"""The page about the command line, from the parsers of the commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from offbeat.app.reference.docstrings import summary_of
from offbeat.app.reference.markdown import code, page, sentence, table
from offbeat.errors import ConfigError, OffbeatError, UnavailableError, UsageError

_ABOUT = """\
`offbeat COMMAND --help` says the same on a terminal. A user's mistake never shows a traceback, unless
`OFFBEAT_DEBUG=1` asks for one."""
_EXIT_CODES = "What every command ends with; where one means more by a code, it stands with the command."
_CONFIGURATION = """\
By that which `--config` names. Without it, by `offbeat.toml` in the working directory, and where there is none by
`/etc/offbeat/offbeat.toml`. Where both are there, and are not one and the same file,

* commands about a daemon (`status`, `models`, `episodes`, `freeze`, `thaw`, `train`, `calibrate`) go by the one by
  which a daemon runs, as far as the user may know: its state directory tells, and only root may look into a service's.
  Where daemons run by both, or by neither, it is the one in the working directory;
* all others (`run`, `check`, `replay`) go by the one in the working directory.

Standard error is told which of the two is taken. What lies in the working directory, also in `conf.d`, has to belong to
root or to the user who gives the command (also to the one who became root by sudo). What another user put there is
taken only where it is named: a configuration says which files are read, and where passwords are sent."""
_SIGNALS = (("130", "Ended by Ctrl-C."), ("141", "The reader of its output went away, as in `| head`."))


def commands_page(parsers: Mapping[str, argparse.ArgumentParser]) -> str:
    """Return the page.

    Args:
        parsers: of every command, by name, in their order.
    """
    errors = (OffbeatError, UsageError, UnavailableError, ConfigError)
    codes = [("0", "Done."), *((str(error.exit_code), summary_of(error)) for error in errors), *_SIGNALS]
    contents = "\n".join(f"* [{name}](#offbeat-{name})" for name in parsers)
    parts = [_ABOUT, contents, "## Exit codes", _EXIT_CODES, table(("code", "meaning"), codes)]
    parts += ["## Which configuration", _CONFIGURATION]
    for name, parser in parsers.items():
        parts += [f"## offbeat {name}", *_described(parser)]
    return page("Commands", *parts)


def _described(parser: argparse.ArgumentParser, heading: str = "###") -> Iterator[str]:
    yield f"```console\n$ {_usage(parser)}\n```"
    if parser.description:
        yield parser.description
    rows = [(_written(action), _help(action, parser)) for action in _arguments(parser)]
    if rows:
        yield table(("argument", "meaning"), rows)
    if parser.epilog:
        yield parser.epilog
    for actions in _subparsers(parser):
        for choice in actions.choices.values():
            yield f"{heading} {choice.prog}"
            yield from _described(choice, heading + "#")


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    # argparse has no public list of what a parser takes.
    return [
        action
        for action in parser._actions
        if not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))
        and action.help != argparse.SUPPRESS
    ]


def _subparsers(parser: argparse.ArgumentParser) -> list[argparse._SubParsersAction[argparse.ArgumentParser]]:
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]


def _usage(parser: argparse.ArgumentParser) -> str:
    words = [parser.prog]
    for action in _arguments(parser):
        name = _name(action)
        if action.option_strings:
            longest = max(action.option_strings, key=len)
            word = f"{longest} {name}".strip()
            words.append(word if action.required else f"[{word}]")
        else:
            words.append(
                {"*": f"[{name}...]", "?": f"[{name}]", "+": f"{name}..."}.get(str(action.nargs), name)
            )
    words += [str(actions.metavar) for actions in _subparsers(parser)]
    return " ".join(words)


def _written(action: argparse.Action) -> str:
    if not action.option_strings:
        return code(_name(action))
    return ", ".join(code(f"{option} {_name(action)}".strip()) for option in action.option_strings)


def _name(action: argparse.Action) -> str:
    """Return the placeholder of an argument's value; empty for a switch, which takes none."""
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper() if action.option_strings else action.dest


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    return sentence((action.help or "") % {**vars(action), "prog": parser.prog})
