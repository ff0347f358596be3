"""The argument parser."""

from __future__ import annotations

import pytest

from offbeat.cli.parser import Parser, suggest_option


def build() -> Parser:
    """A parser with a few options."""
    parser = Parser(prog="offbeat x")
    parser.add_argument("--speed", choices=["fast", "slow"])
    parser.add_argument("-q", "--quiet", action="store_true")
    return parser


def test_a_wrong_choice_is_told_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """And a guess."""
    with pytest.raises(SystemExit):
        build().parse_args(["--speed", "fsat"])
    assert '--speed cannot be "fsat" (did you mean "fast"?); expected fast or slow' in capsys.readouterr().err


def test_options_are_suggested_from_the_help() -> None:
    """By name, whatever value was given."""
    assert suggest_option("--sped=fast", build()) == ' (did you mean "--speed"?)'
    assert suggest_option("--zzz", build()) == ""
    assert suggest_option("word", build()) == ""
