"""Which times nothing is learnt from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.orders import WHATS, Freeze, Label, LearningRules, Orders, PastEpisode, What
from offbeat.learn.exclusions import Exclusions, LeftOut

DAY = 86_400.0
NOW = 100 * DAY
RULES = LearningRules(margin_seconds=100.0, margin_share=0.0, regime_learn_after_seconds=2 * DAY)
TIMES = np.arange(0.0, NOW, 50.0)


def episode(
    opened: float, closed: float | None, kind: str = "level", sensor: str = "pump", id: str = "e"
) -> PastEpisode:
    """Return an episode of the pump."""
    return PastEpisode(id, sensor, kind, opened, closed)


def label(one: PastEpisode, what: What, at: float = NOW - 1) -> Label:
    """Return what somebody says of an episode."""
    return Label(one.id, one.sensor, one.kind, one.opened_at, one.closed_at, what, at)


def kept(
    *episodes: PastEpisode, labels: tuple[Label, ...] = (), freezes: tuple[Freeze, ...] = (), now: float = NOW
) -> np.ndarray:
    """Return the times of the pump that are learnt from."""
    exclusions = Exclusions.of(Orders(freezes, labels), episodes, RULES, now)
    return TIMES[exclusions.keep("pump", TIMES)]


def test_an_open_episode_is_left_out_to_the_end_with_a_margin_before_it() -> None:
    """A fault begins before it is told."""
    assert kept(episode(1000.0, None)).max() < 900.0
    assert 850.0 in kept(episode(1000.0, None))


def test_an_episode_that_nobody_confirmed_is_left_out_and_the_rest_is_not() -> None:
    """What comes after it is learnt."""
    times = kept(episode(1000.0, 2000.0))
    assert not ((times >= 900.0) & (times <= 2000.0)).any()
    assert {850.0, 2050.0} <= set(times.tolist())


@pytest.mark.parametrize("what", ["expected", "false_alarm"])
def test_what_is_said_to_be_ordinary_is_learnt(what: What) -> None:
    """Also while it is open."""
    for one in (episode(1000.0, 2000.0), episode(1000.0, None), episode(1000.0, 2000.0, "regime_change")):
        assert len(kept(one, labels=(label(one, what),))) == len(TIMES)


def test_a_fault_stays_out_and_the_last_word_counts() -> None:
    """Somebody may think better of it."""
    one = episode(1000.0, 2000.0)
    said = (label(one, "false_alarm", 10.0), label(one, "fault", 20.0))
    assert len(kept(one, labels=said)) < len(TIMES)
    assert len(kept(one, labels=said, now=15.0)) == len(TIMES), "a replay obeys what had been said by then"


def test_a_label_outlives_the_history_of_its_episode() -> None:
    """The history drops old episodes; what was a fault stays one."""
    one = episode(1000.0, 2000.0)
    assert 1500.0 not in kept(labels=(label(one, "fault"),))


def test_a_fault_that_was_open_when_it_was_labelled_ends_once_nothing_but_the_label_knows_it() -> None:
    """With its margin after what was said; else nothing of the sensor would ever be learnt again."""
    one = episode(1000.0, None)
    said = label(one, "fault", 2000.0)
    times = kept(labels=(said,))
    assert times[times > 900.0].min() == 2150.0
    assert times.max() == TIMES.max()
    assert kept(one, labels=(said,)).max() < 900.0, "the history knows that it is open"


def test_a_change_of_regime_is_not_learnt_before_it_is_confirmed() -> None:
    """Neither what it has become nor anything after it."""
    changed = episode(NOW - 3 * DAY, NOW - DAY, "regime_change")
    assert kept(changed).max() < NOW - 3 * DAY - 100.0


@pytest.mark.parametrize("confirmed", [True, False], ids=["by label", "by time"])
def test_a_confirmed_change_of_regime_is_all_that_is_learnt(confirmed: bool) -> None:
    """What was before is as it never will be again. peers.md section 6, number 23: online-ml/river#948."""
    changed = episode(NOW - 5 * DAY, NOW - (DAY if confirmed else 3 * DAY), "regime_change")
    labels = (label(changed, "new_normal"),) if confirmed else ()
    times = kept(changed, labels=labels)
    assert times.min() >= NOW - 5 * DAY
    assert times.max() == TIMES.max()


def test_a_change_of_regime_that_is_a_fault_is_left_out_until_that_was_said() -> None:
    """From there on an episode of its own goes on."""
    changed = episode(NOW - 5 * DAY, NOW - 3 * DAY, "regime_change")
    times = kept(changed, labels=(label(changed, "fault", NOW - DAY),))
    assert not ((times >= NOW - 5 * DAY) & (times <= NOW - DAY)).any()
    assert times.max() == TIMES.max()


def test_freezes_of_a_sensor_of_its_group_and_of_all() -> None:
    """Each from its beginning to its end; of others nothing."""
    freezes = (
        Freeze(1, "sensor", "pump", 1000.0, 2000.0),
        Freeze(2, "group", "value", 3000.0, 4000.0),
        Freeze(3, "all", "", 5000.0),
        Freeze(4, "sensor", "fan", 100.0),
    )
    exclusions = Exclusions.of(Orders(freezes), (), RULES, NOW)
    keep = exclusions.keep("pump", TIMES, "value")
    out = TIMES[~keep]
    assert {1000.0, 2000.0, 3500.0, 5000.0} <= set(out.tolist())
    assert {950.0, 2050.0, 4050.0} <= set(TIMES[keep].tolist())
    assert exclusions.count("pump", TIMES, "value") == {"frozen": len(out)}
    assert exclusions.keep("pump", np.array([3500.0]))[0]


def test_a_slow_fault_has_a_wider_margin_up_to_a_bound() -> None:
    """A drift of four days began long before it was told."""
    rules = LearningRules()
    assert rules.margin_of(60.0) == 600.0
    assert rules.margin_of(2 * DAY) == DAY / 2
    assert rules.margin_of(30 * DAY) == DAY


def test_the_word_of_a_young_law_does_not_count_that_of_rules_and_people_does() -> None:
    """A law of minutes finds the first evening strange: were that left out, the sensor would never be learnt."""
    episodes = [
        episode(1000.0, 1100.0, id="a"),
        episode(2000.0, None, id="b"),
        episode(3000.0, 3100.0, "rule", id="c"),
        episode(4000.0, 4100.0, id="d"),
        episode(NOW - 2 * DAY, NOW - DAY, "regime_change", id="e"),
    ]
    exclusions = Exclusions.of(Orders((), (label(episodes[3], "fault"),)), episodes, RULES, NOW)
    assert TIMES[exclusions.by_law(lambda _: RULES.mature_seconds, RULES).keep("pump", TIMES)].max() < 2000.0
    young = exclusions.by_law(lambda _: RULES.mature_seconds - 1.0, RULES)
    assert set(young.count("pump", TIMES)) == {"broken rule", "labelled fault"}
    assert {1050.0, 2500.0, 6000.0, NOW - DAY} <= set(TIMES[young.keep("pump", TIMES)].tolist())
    assert young.weighed("pump", TIMES) == young, "most of the time is no accident"


def test_what_a_young_law_calls_strange_is_left_out_where_it_is_rare() -> None:
    """As a doubtful row is: up to a fifth of the past."""
    young = Exclusions.of(Orders(), [episode(1000.0, 1900.0)], RULES, NOW).by_law(lambda _: 0.0, RULES)
    assert young.keep("pump", TIMES).all()
    rare, often = np.arange(0.0, 10_000.0, 10.0), np.arange(0.0, 4000.0, 10.0)
    assert young.weighed("pump", rare).count("pump", rare) == {"episode": 101}
    assert young.weighed("pump", often).keep("pump", often).all()


def test_an_episode_reaches_on_while_its_sensor_is_not_as_it_was_learnt() -> None:
    """Up to the first block of rows that is; a frozen time does not, and what is labelled ordinary does not either."""
    times = np.arange(0.0, 1000.0)
    values = np.zeros((1000, 1), np.float32)
    values[300:500] = 5.0
    values[700:] = 5.0
    law = (np.zeros(1, np.float32), np.ones(1, np.float32))
    one = episode(300.0, 330.0)
    frozen = Orders((Freeze(1, "sensor", "pump", 690.0, 710.0),))
    exclusions = Exclusions.of(frozen, [one], RULES, NOW).reaching_on("pump", times, values, law)
    out = times[~exclusions.keep("pump", times)]
    assert {330.0, 331.0, 490.0} <= set(out.tolist())
    assert not (out > 522.0)[out < 690.0].any()
    assert 720.0 not in out
    assert exclusions.count("pump", times)["still off after an episode"] >= 160
    expected = Exclusions.of(Orders((), (label(one, "expected"),)), [one], RULES, NOW)
    assert expected.reaching_on("pump", times, values, law).keep("pump", times).all()


LAW = (np.zeros(1, np.float32), np.ones(1, np.float32))
CHANGED, TOLD, BACK = NOW - 8 * DAY, NOW - 7 * DAY, NOW - 6 * DAY


def looked_at(values: np.ndarray, *more: PastEpisode) -> np.ndarray:
    """Return the times that are learnt from once a change that time confirmed was held against what was heard."""
    changed = episode(CHANGED, TOLD, "regime_change")
    told = Exclusions.of(Orders(), [changed, *more], RULES, NOW).by_law(lambda _: RULES.mature_seconds, RULES)
    exclusions = told.lasting("pump", TIMES, values[:, None].astype(np.float32), LAW)
    return TIMES[exclusions.keep("pump", TIMES)]


def test_a_passing_fault_that_was_told_of_as_a_change_is_never_learnt() -> None:
    """It went back by itself: the healthy past is learnt, and what came after, and no row of the fault."""
    values = np.where((TIMES >= CHANGED) & (TIMES < BACK), 6.0, 0.0)
    times = looked_at(values)
    assert not ((times >= CHANGED - 100.0) & (times < BACK)).any()
    left_out = len(TIMES) - len(times)
    assert left_out <= (BACK - CHANGED + 100.0) / 50.0 + 128, "two blocks of rows more at most"
    assert len(looked_at(values, episode(NOW - 10_000.0, None, id="later"))) > 0.9 * len(times)


def test_a_later_fault_does_not_make_a_passing_one_a_change_that_lasted() -> None:
    """It is strange now, but not for the change."""
    strange = ((TIMES >= CHANGED) & (TIMES < BACK)) | (TIMES >= NOW - 10_000.0)
    times = looked_at(np.where(strange, 6.0, 0.0), episode(NOW - 10_000.0, None, id="later"))
    assert times.min() == 0.0
    assert not ((times >= CHANGED) & (times < BACK)).any()
    assert times.max() < NOW - 10_000.0


@pytest.mark.parametrize("law", ["of before", "of after"])
def test_a_change_that_lasted_is_all_that_is_learnt(law: str) -> None:
    """A law that was learnt after it finds the newest rows ordinary, but the change as well."""
    before, after = (0.0, 6.0) if law == "of before" else (6.0, 0.0)
    values = np.where(TIMES >= CHANGED, after, before)
    values[(TIMES >= BACK) & (TIMES < BACK + 10_000.0)] = 9.0
    assert np.array_equal(looked_at(values), TIMES[TIMES >= CHANGED])


def test_without_a_law_that_could_tell_a_change_that_time_confirmed_has_lasted() -> None:
    """As without a model in service."""
    changed = episode(CHANGED, TOLD, "regime_change")
    told = Exclusions.of(Orders(), [changed], RULES, NOW).by_law(lambda _: 0.0, RULES)
    assert told.keep("pump", TIMES).all(), "not before it was looked at"
    settled = told.lasting("pump", TIMES, np.zeros((len(TIMES), 1), np.float32), None)
    assert TIMES[settled.keep("pump", TIMES)].min() >= CHANGED


def test_what_was_left_out_is_counted_once_by_why() -> None:
    """Of two reasons the first."""
    one = episode(1000.0, 2000.0)
    exclusions = Exclusions.of(Orders((Freeze(1, "all", "", 1500.0, 3000.0),)), [one], RULES, NOW)
    counts = exclusions.count("pump", TIMES)
    assert counts == {"episode": 23, "frozen": 20}
    left = LeftOut({"pump": counts, "fan": {"frozen": 9}}, ("fan",))
    assert left.total == 52
    assert list(left.by_reason()) == ["frozen", "episode"]
    assert left.to_dict()["nothing_left"] == ["fan"]


EPISODES = st.lists(
    st.builds(
        lambda number, opened, lasted, kind, what: (
            PastEpisode(str(number), "pump", kind, opened, None if lasted is None else opened + lasted),
            what,
        ),
        st.integers(0, 10**6),
        st.floats(0, NOW),
        st.one_of(st.none(), st.floats(0, 10 * DAY)),
        st.sampled_from(["level", "silent", "rule", "regime_change"]),
        st.one_of(st.none(), st.sampled_from(WHATS)),
    ),
    max_size=6,
    unique_by=lambda pair: pair[0].id,
)


@given(EPISODES)
def test_no_row_of_an_episode_is_learnt_unless_somebody_said_so(
    drawn: list[tuple[PastEpisode, What | None]],
) -> None:
    """Whatever else is there: neither order nor number of episodes matters, and the counts add up."""
    labels = tuple(label(one, what) for one, what in drawn if what is not None)
    rules = LearningRules(regime_learn_after_seconds=math.inf)
    exclusions = Exclusions.of(Orders((), labels), [one for one, _ in drawn], rules, NOW)
    keep = exclusions.keep("pump", TIMES)
    for one, what in drawn:
        if what in (None, "fault"):
            end = math.inf if one.closed_at is None else one.closed_at
            inside = (one.opened_at <= TIMES) & (end >= TIMES)
            assert not keep[inside].any()
    again = Exclusions.of(Orders((), labels[::-1]), [one for one, _ in drawn[::-1]], rules, NOW)
    assert np.array_equal(again.keep("pump", TIMES), keep)
    assert sum(exclusions.count("pump", TIMES).values()) == np.count_nonzero(~keep)
    assert exclusions.keep("another", TIMES).all()


@given(EPISODES)
def test_without_labels_all_that_is_told_later_only_leaves_out_more(
    drawn: list[tuple[PastEpisode, What | None]],
) -> None:
    """An episode more never gives back a row that another one holds."""
    episodes = [one for one, _ in drawn if one.kind != "regime_change"]
    all_of_them = Exclusions.of(Orders(), episodes, RULES, NOW).keep("pump", TIMES)
    fewer = Exclusions.of(Orders(), episodes[1:], RULES, NOW).keep("pump", TIMES)
    assert not (all_of_them & ~fewer).any()
