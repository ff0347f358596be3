"""Tails of what comes in bouts."""

from __future__ import annotations

import numpy as np

from offbeat.core import tail
from offbeat.core.bout_tail import PastBouts, with_bout_tails
from offbeat.core.calibration import FrozenCalibration


def law_of(*samples: np.ndarray) -> tuple[FrozenCalibration, FrozenCalibration]:
    """Return the law of the rows and that of their bouts."""
    columns = [sample[:, None].astype(np.float32) for sample in samples]
    plain = FrozenCalibration.fit(columns, 1, shape=tail.SURPRISE)
    return plain, with_bout_tails(plain, columns)[0]


def echoing(seed: int, rows: int = 2000, every: int = 100, lasts: int = 20) -> np.ndarray:
    """Return rows of which every so many one is strange, and what follows it fades."""
    random = np.random.default_rng(seed)
    said = random.uniform(0.0, 0.5, rows)
    for first in range(every, rows - lasts, every):
        said[first : first + lasts] += random.exponential(2.0) * 0.9 ** np.arange(lasts)
    return said


def chance(law: FrozenCalibration, at: float) -> float:
    """Return the chance of a row as strange, of the first sensor."""
    return float(10.0 ** -law.surprise(np.array([1]), np.array([[at]], np.float32))[0, 0])


def test_a_bout_counts_once_by_its_strangest_row() -> None:
    """Rows beyond the threshold that lie no more than five rows apart are one bout."""
    said = np.array([0, 3, 1, 4, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 9, 0.5], np.float32)
    found = PastBouts.beyond(1.0, said)
    assert found.peaks.tolist() == [3.0, 8.0]
    assert found.rows == 4
    assert PastBouts.beyond(9.0, said).rows == 0


def test_of_bouts_the_next_one_goes_as_far_as_it_should() -> None:
    """Strangest rows of fresh bouts, not of those learnt from, are believed as often as they come."""
    _, law = law_of(echoing(0))
    threshold = float(law.knots[1, 0, -1])
    fresh = np.concatenate(
        [PastBouts.beyond(threshold, echoing(seed).astype(np.float32)).peaks for seed in range(1, 40)]
    )
    for share in (0.1, 0.01):
        far = float(np.quantile(fresh, 1.0 - share))
        of_those_beyond = chance(law, threshold + far) / chance(law, threshold * 1.0001)
        assert share / 3 < of_those_beyond < 3 * share


def test_rows_that_come_together_have_a_wider_tail_than_the_same_rows_apart() -> None:
    """The same rows in another order: what comes in ten bouts is less certain than what comes in hundreds."""
    together = echoing(0)
    apart = np.random.default_rng(5).permutation(together)
    plain, of_bouts = law_of(together)
    _, of_rows = law_of(apart)
    assert chance(of_bouts, 9.0) > 3 * chance(plain, 9.0)
    assert of_bouts.sigma[1, 0] > of_rows.sigma[1, 0]


def test_what_lies_within_the_threshold_is_as_it_was() -> None:
    """Only the tail is widened, and never narrowed."""
    plain, law = law_of(echoing(0), echoing(1))
    inside = np.linspace(0.0, float(plain.knots[1, 0, -1]), 50, dtype=np.float32)[:, None]
    row = np.ones(50, np.intp)
    assert np.array_equal(plain.surprise(row, inside), law.surprise(row, inside))
    assert (law.sigma >= plain.sigma).all()


def test_of_few_bouts_is_believed_what_the_fleet_has() -> None:
    """Four that went far are no reason for a tail as wide as they are, nor small ones for one as thin."""
    far, near = 40 * echoing(9, every=450, lasts=30), echoing(9, every=5000)
    _, law = law_of(*(echoing(seed) for seed in range(9)), far, near)
    middle = float(np.median(law.sigma[1:10, 0]))
    of_far, of_near = (
        PastBouts.beyond(float(law.knots[row, 0, -1]), said.astype(np.float32)).peaks.mean()
        for row, said in ((10, far), (11, near))
    )
    assert middle < law.sigma[10, 0] < of_far
    assert of_near < law.sigma[11, 0] < middle


def test_the_fleet_is_as_uncertain_as_its_sensors_in_the_middle() -> None:
    """A newcomer is not believed to have a thinner tail than those that are known."""
    _, law = law_of(*(echoing(seed) for seed in range(3)))
    assert law.sigma[0, 0] >= np.median(law.sigma[1:, 0])


def test_a_sensor_with_too_few_rows_has_the_tail_of_the_others() -> None:
    """Ten rows say nothing of a tail, and are no reason to believe in a thin one; nor is a fleet of such sensors."""
    _, law = law_of(echoing(0), *(np.arange(10.0) for _ in range(5)))
    assert (law.sigma[[0, 2, 6], 0] == law.sigma[1, 0]).all()


def test_as_many_bouts_cross_a_boundary_as_it_was_placed_for() -> None:
    """Placed for one bout in ten: on fresh rows within a factor two, whatever the number of rows of a bout."""
    columns = [echoing(0, rows=20_000)[:, None].astype(np.float32)]
    law, rows = with_bout_tails(FrozenCalibration.fit(columns, 1, shape=tail.SURPRISE), columns)
    allowed = 20.0
    p = allowed / 20_000 * rows[1, 0]
    crossed = []
    for seed in range(1, 11):
        said = echoing(seed, rows=20_000).astype(np.float32)
        surprise = law.surprise(np.ones(len(said), np.intp), said[:, None])[:, 0]
        crossed.append(len(PastBouts.beyond(float(-np.log10(p)), surprise).peaks))
    assert allowed / 2 < np.mean(crossed) < 2 * allowed
