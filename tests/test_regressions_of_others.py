"""Faults that others had: each has a test here that would find it, or a reason why there is none to find."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import torch

from offbeat.app.core_building import build_core
from offbeat.app.learner import QUIET
from offbeat.config.settings import LimitSettings
from tests.support.configured import configured

TESTS = Path(__file__).parent
NUMBERS = range(1, 31)


@dataclass(frozen=True, slots=True)
class Regression:
    """A fault of another program.

    Attributes:
        what: should be, in one sentence.
        origin: where it was reported.
        tests: `path::name` of those that would find it, below `tests`.
    """

    what: str
    origin: str
    tests: tuple[str, ...]


_CORE = "daemon/core/test_regressions_of_others.py"

REGRESSIONS = {
    1: Regression(
        "a sensor that was constant and jumps is told of", "vmanomaly 1.29.6",
        (f"{_CORE}::test_the_jump_of_a_constant_sensor_is_told",
         "daemon/core/test_calibration.py::test_a_constant_sample_believes_a_move_in_proportion"),
    ),
    2: Regression(
        "a constant sensor is not strange all the time", "netdata#12967",
        (f"{_CORE}::test_a_constant_sensor_is_ordinary_until_it_jumps",),
    ),
    3: Regression("one gap does not end scoring", "netdata ml.cc, clear()", (f"{_CORE}::test_a_gap_ends_no_scoring",)),
    4: Regression(
        "NaN and infinity are counted, and neither scored nor filled with 0", "numalogic, fillna(0.0)",
        ("daemon/ingest/test_decoder.py::test_late_future_and_infinite_readings_are_counted_one_by_one",
         "models/test_scoring.py::test_values_that_are_not_finite_are_not_observed"),
    ),
    5: Regression(
        "a shift at the end of what is learnt is not what is usual", "vmanomaly 1.30.1",
        (f"{_CORE}::test_a_shift_at_the_end_of_what_is_learnt_is_not_what_is_usual",),
    ),
    6: Regression(
        "readings may lie anywhere on the clock", "vmanomaly 1.30.1",
        (f"{_CORE}::test_where_on_the_clock_readings_lie_does_not_matter",),
    ),
    7: Regression(
        "two values of one time are no error", "river#1343",
        ("daemon/core/test_windows.py::test_an_exact_repeat_is_a_duplicate_and_another_value_is_superseded",),
    ),
    8: Regression(
        "one message of two days ahead moves no clock", "metron#1197",
        ("daemon/core/test_admission.py::test_event_time_is_bounded_on_both_sides",),
    ),
    9: Regression(
        "hours of a backlog at once are no storm", "thingsboard#4207",
        (f"{_CORE}::test_hours_of_a_backlog_that_come_at_once_are_no_storm",),
    ),
    10: Regression(
        "a sensor that is gone for weeks leaves no ghosts", "elastic/ml-cpp#305",
        (f"{_CORE}::test_a_sensor_that_is_gone_for_weeks_leaves_one_silence_and_no_ghosts",
         f"{_CORE}::test_after_weeks_of_silence_the_rhythm_is_as_it_was"),
    ),
    11: Regression(
        "what cleared while the daemon was down is closed", "kapacitor#744",
        ("daemon/app/test_orphans.py::test_what_nothing_holds_any_more_is_closed_under_its_id",),
    ),
    12: Regression(
        "a restart keeps what was learnt", "elastic/ml-cpp#820",
        ("daemon/core/test_pipeline_laws.py::test_a_restart_changes_nothing",
         "daemon/app/test_recovery.py::test_a_restart_is_not_to_be_seen_in_what_comes_after"),
    ),
    13: Regression(
        "an edit that is not about a sensor is not noticed by it", "kapacitor#908",
        ("daemon/app/test_core_reload.py::test_sensors_of_an_unchanged_source_do_not_notice_an_edit_of_another",),
    ),
    14: Regression(
        "an artifact of other channels, or of another order, is refused", "opendistro anomaly-detection#132",
        ("daemon/app/test_model_library.py::test_a_model_of_the_same_channels_in_another_order_is_of_other_sensors",
         "daemon/app/test_artifacts.py::test_an_artifact_of_other_channels_is_told_with_both"),
    ),
    15: Regression(
        "damaged state is put aside and said", "elasticsearch#80791, netdata 69520c15",
        ("daemon/state/test_snapshots.py::test_a_damaged_snapshot_is_put_aside_and_the_one_before_is_used",
         "daemon/state/test_snapshot_file.py::test_a_file_cut_short_is_refused"),
    ),
    16: Regression(
        "messages flow on after restarts of the broker and half-open connections", "telegraf PR#18167",
        ("daemon/ingest/test_mqtt.py::test_a_broker_that_freezes_is_noticed",
         "daemon/ingest/test_mqtt.py::test_after_a_restart_of_the_broker_the_subscription_is_made_again"),
    ),
    17: Regression(
        "a topic that the broker denies is told of", "an access list that denies one topic",
        ("daemon/ingest/test_mqtt_answers.py::test_a_refused_subscription_is_said_with_its_topic",),
    ),
    18: Regression(
        "a session that is kept forgets old topics", "telegraf PR#14366",
        ("integration/test_reload.py::test_a_session_that_is_kept_forgets_the_topics_of_before",),
    ),
    19: Regression(
        "invalid JSON stops nothing and is counted by reason", "telegraf#13922",
        ("daemon/ingest/test_decoder.py::test_a_message_without_a_value_is_counted_by_its_reason",
         "daemon/ingest/payloads/test_json.py::test_what_is_no_json_is_one_error"),
    ),
    20: Regression(
        "a retained message is not fresh", "retained messages of weeks ago",
        ("daemon/ingest/test_decoder.py::test_retained_messages_are_left_out_unless_they_are_accepted",
         "daemon/ingest/test_mqtt.py::test_retained_messages_come_only_if_they_are_wanted"),
    ),
    21: Regression(
        "no alert before a sensor is ready", "htm.core#960",
        ("daemon/core/test_readiness.py::test_a_stranger_learns_until_it_may_raise_alerts_and_is_provisional_from_then_on",),
    ),
    22: Regression(
        "a long true fault is neither silenced nor learnt", "opendistro anomaly-detection#388",
        ("daemon/core/test_never_learns_a_fault.py::test_a_fault_in_the_middle_of_learning_is_not_learnt",
         "daemon/core/test_episodes.py::test_a_sick_sensor_never_becomes_normal"),
    ),
    23: Regression(
        "a true shift is accepted when somebody says so", "river#948",
        ("daemon/core/test_never_learns_a_fault.py::test_a_label_confirms_a_lasting_change_at_once_and_that_is_kept_over_a_restart_and_another_model",
         "daemon/learn/test_exclusions.py::test_a_confirmed_change_of_regime_is_all_that_is_learnt"),
    ),
    24: Regression(
        "a worker that dies is counted and tried again", "vmanomaly 1.29.5, 1.30.0",
        ("integration/test_learning.py::test_a_training_that_is_killed_is_counted_and_tried_again",
         "daemon/scoring/test_worker.py::test_a_failing_scorer_is_reported_and_the_thread_goes_on"),
    ),
    25: Regression(
        "an invalid reload keeps what runs", "vmanomaly 1.25.1, 1.29.0",
        ("integration/test_reload.py::test_a_configuration_that_cannot_be_had_leaves_the_old_one_alone",),
    ),
    26: Regression(
        "threads and memory are those that were asked for, however many cores the host has", "vmanomaly 1.27, 1.30.2",
        ("test_regressions_of_others.py::test_threads_are_those_of_the_configuration",
         "daemon/app/test_bounded_child.py::test_what_takes_too_much_memory_is_ended",
         "daemon/config/rules/test_limits.py::test_a_budget_of_memory_that_is_too_small_is_told"),
    ),
    27: Regression(
        "a score stays as it was told", "Elastic's initial_record_score",
        ("daemon/core/test_never_learns_a_fault.py::test_what_was_scored_stays_as_it_was_told",),
    ),
    28: Regression(
        "summer time moves no reading", "vmanomaly, tz",
        ("daemon/ingest/test_times.py::test_a_date_without_a_zone_is_in_the_configured_one",),
    ),
    29: Regression(
        "what is small does not depend on the unit", "OpenSearch, 20 % of what was expected",
        (f"{_CORE}::test_what_is_small_is_small_in_whatever_unit",),
    ),
    30: Regression(
        "documents name what there is in the code", "netdata, options of before in its documents",
        ("docs/test_names.py::test_every_option_that_prose_names_exists",
         "docs/test_reference.py::test_the_committed_reference_is_that_of_the_code"),
    ),
}  # fmt: skip


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names of the tests of a file; none where there is no such file."""
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_each_has_an_entry_with_its_origin_and_tests_that_exist(number: int) -> None:
    """A test that is renamed or removed takes its entry along, or this one fails."""
    entry = REGRESSIONS[number]
    assert entry.what
    assert entry.origin
    assert entry.tests
    for one in entry.tests:
        path, _, name = one.partition("::")
        assert name in names_in(TESTS / path), one


def test_threads_are_those_of_the_configuration(tmp_path: Path) -> None:
    """Not one for each core of a host of which a container has a part."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        build_core(configured(tmp_path, limits=LimitSettings(max_sensors=4)))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert {name: QUIET[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
