"""Series by group: some of their own, one for all others."""

from __future__ import annotations

from offbeat.app.group_series import MOST_GROUPS, OTHERS, models_by_group, series_by_group, soonest

MANY = {f"group{i}": float(i) for i in range(MOST_GROUPS + 3)}


def test_few_groups_have_a_series_each() -> None:
    """And there are no others."""
    assert series_by_group({"a": 1.0, "b": 0.0}, max) == {("a",): 1.0, ("b",): 0.0}
    assert series_by_group({}, min) == {}
    assert models_by_group({"a": ("lstm_vae", "12ab")}, "cpu") == {("a", "lstm_vae", "12ab", "cpu"): 1.0}


def test_further_groups_share_one() -> None:
    """By what is worth knowing of all of them."""
    found = series_by_group(MANY, max)
    assert list(found)[:MOST_GROUPS] == [(name,) for name in list(MANY)[:MOST_GROUPS]]
    assert found[OTHERS,] == MOST_GROUPS + 2
    assert series_by_group(MANY, min)[OTHERS,] == MOST_GROUPS


def test_models_of_further_groups_are_named_without_their_versions() -> None:
    """A version each would be a series each."""
    models = {name: ("pca" if name == f"group{MOST_GROUPS + 2}" else "lstm_vae", name) for name in MANY}
    found = models_by_group(models, "cpu")
    assert len(found) == MOST_GROUPS + 1
    assert found[OTHERS, "lstm_vae, pca", "", "cpu"] == 1


def test_the_next_training_of_further_groups_is_the_first_that_is_planned() -> None:
    """0 is none."""
    assert soonest([0.0, 30.0, 20.0]) == 20
    assert soonest([0.0]) == soonest([]) == 0
