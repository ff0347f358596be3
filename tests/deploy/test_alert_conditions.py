"""Every part of every alert's condition is needed: without it some unit test of the alerts fails."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.test_prometheus import ALERTS, PROMTOOL, RULES, TESTS, needs_promtool

RULE_BY_NAME: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
}
_OR = re.compile(r" or ")
_AND = re.compile(r" (?:and|unless) (?:on \([^)]*\) )?")


def masked(text: str) -> str:
    """Return a text of the same length in which nothing is left of what stands in brackets or quotes."""
    text = re.sub(r'"[^"]*"', lambda found: "_" * len(found[0]), text)
    depth, kept = 0, []
    for char in text:
        depth -= char in ")}]"
        kept.append(char if depth == 0 else "_")
        depth += char in "({["
    return "".join(kept)


def parts(text: str, operator: re.Pattern[str]) -> tuple[list[str], list[str]]:
    """Return what operators join, outside of all brackets, and the operators as they are written."""
    found = list(operator.finditer(masked(text)))
    begins, ends = [0, *(one.end() for one in found)], [*(one.start() for one in found), len(text)]
    pieces = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
    return pieces, [text[one.start() : one.end()] for one in found]


def shorter_chains(text: str) -> Iterator[str]:
    """Yield a chain of conditions without one of them each; what `unless` takes away from is no condition."""
    branches, _ = parts(text, _OR)
    for i, branch in enumerate(branches):
        others = branches[:i], branches[i + 1 :]
        if len(branches) > 1:
            yield " or ".join(others[0] + others[1])
        conditions, operators = parts(branch, _AND)
        for k in range(len(conditions)):
            if len(conditions) == 1 or (k == 0 and "unless" in operators[0]):
                continue
            kept = [*zip(["", *operators], conditions, strict=True)]
            del kept[k]
            shorter = kept[0][1] + "".join(operator + condition for operator, condition in kept[1:])
            yield " or ".join([*others[0], shorter, *others[1]])


def shorter(expression: str) -> Iterator[str]:
    """Yield an expression without one part of its conditions each, of the whole and of each of its brackets."""
    yield from shorter_chains(expression)
    for opening in re.finditer(r"\(", expression):
        begin = opening.end()
        end = begin + masked(expression[begin - 1 :])[1:].index(")")
        for inner in shorter_chains(expression[begin:end]):
            yield expression[:begin] + inner + expression[end:]


def told(folder: Path, name: str, expression: str) -> tuple[bool, str]:
    """Return whether the unit tests of one alert hold where its condition is another, and what promtool says."""
    groups = [{"name": "one", "rules": [RULE_BY_NAME[name] | {"expr": expression}]}]
    tests = yaml.safe_load(TESTS.read_text())
    for test in tests["tests"]:
        test["alert_rule_test"] = [one for one in test.get("alert_rule_test", []) if one["alertname"] == name]
        # Nothing is about to fire on a healthy daemon; other questions are about other alerts, too.
        test["promql_expr_test"] = [
            one for one in test.get("promql_expr_test", []) if one["expr"] == "ALERTS"
        ]
    tests["tests"] = [one for one in tests["tests"] if one["alert_rule_test"] or one["promql_expr_test"]]
    (folder / RULES.name).write_text(RULES.read_text())
    (folder / ALERTS.name).write_text(yaml.safe_dump({"groups": groups}))
    (folder / TESTS.name).write_text(yaml.safe_dump(tests))
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "test", "rules", TESTS.name], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def test_parts_of_conditions_are_found_where_they_are() -> None:
    """In chains and in brackets, not in words between quotes, nor in what is grouped by."""
    assert list(shorter('a{b="x or y"} > 1 or c and on (d) e')) == [
        "c and on (d) e",
        'a{b="x or y"} > 1',
        'a{b="x or y"} > 1 or e',
        'a{b="x or y"} > 1 or c',
    ]
    assert list(shorter("t - (a > 0 or b) > 9 unless c")) == [
        "t - (a > 0 or b) > 9",
        "t - (b) > 9 unless c",
        "t - (a > 0) > 9 unless c",
    ]
    assert list(shorter("sum without (a, b) (rate(c[5m])) > 1")) == []


@pytest.mark.prometheus
@needs_promtool
@pytest.mark.parametrize(
    ("name", "expression"),
    [
        pytest.param(name, one, id=f"{name}:{number}")
        for name, rule in RULE_BY_NAME.items()
        for number, one in enumerate(shorter(rule["expr"]))
    ],
)
def test_without_a_part_of_its_condition_an_alert_fails_a_test(
    tmp_path: Path, name: str, expression: str
) -> None:
    """And with it holds them all: who breaks one branch of an alert hears of it."""
    holds, why = told(tmp_path, name, RULE_BY_NAME[name]["expr"])
    assert holds, why
    holds, why = told(tmp_path, name, expression)
    assert not holds, f"no test needs what is missing here: {expression}"
    assert "FAILED" in why
    assert "alertname" in why or "ALERTS" in why, "it fails for another reason than what it tells"
