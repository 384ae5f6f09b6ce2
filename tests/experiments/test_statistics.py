"""The arithmetic of results against plain references, and how often it errs."""

from decimal import Decimal
from math import exp, log, sqrt

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import integrate, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower

from bench import experiments as simulation
from recomengine.experiments import statistics
from recomengine.experiments.schemas import Sums, Traffic

SHARES = st.floats(1e-12, 1)


def sums(y: np.ndarray, d: np.ndarray) -> Sums:  # type: ignore[type-arg]
    values = {"y": y.sum(), "d": d.sum(), "yy": y @ y, "yd": y @ d, "dd": d @ d}
    return Sums(users=len(y), **{name: Decimal(int(value)) for name, value in values.items()})


@settings(max_examples=20)  # theirs takes a third of a second
@given(st.lists(SHARES, max_size=6))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1] if p_values else []
    assert statistics.holm(p_values) == pytest.approx(list(expected))


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 99))
def test_the_sample_ratio_is_tested_as_scipy_does(control: int, variant: int, split: int) -> None:
    found = statistics.sample_ratio(control, variant, split)
    users = control + variant
    if users:
        expected = stats.chisquare([control, variant], [users * split / 100, users - users * split / 100]).pvalue
        assert found.p_value == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert found.ok == (found.p_value >= 0.001)
    else:
        assert (found.p_value, found.ok) == (None, True)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), min_size=2, max_size=40))
def test_a_ratio_has_the_variance_of_its_linearized_shares(pairs: list[tuple[int, int]]) -> None:
    y, d = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    found = statistics.estimate("ctr", sums(y, d))
    assert found is not None
    rate = y.sum() / d.sum()
    assert float(found.value) == pytest.approx(rate, rel=1e-12)
    assert float(found.variance) == pytest.approx(stats.sem((y - rate * d) / d.mean()) ** 2, rel=1e-9, abs=1e-18)


def test_large_revenues_lose_no_digit() -> None:
    cents = np.array([9_999_999_999_99, 9_999_999_999_98, 9_999_999_999_97], dtype=object)
    exact = Sums(
        users=3,
        y=Decimal(int(sum(cents))),
        d=Decimal(3),
        yy=Decimal(int(cents @ cents)),
        yd=Decimal(int(sum(cents))),
        dd=Decimal(3),
    )
    found = statistics.estimate("revenue_per_user", exact)
    assert found is not None
    assert float(found.variance * 3) == 1.0


@given(st.floats(-2, 2), st.floats(0.01, 2), st.floats(0.05, 3))
def test_the_chance_to_win_is_the_posterior_of_the_stated_prior(lift: float, error: float, pooled: float) -> None:
    prior = statistics.PRIOR_LIFT * pooled

    def badness(true: float) -> float:
        return 0.5 * ((lift - true) / error) ** 2 + 0.5 * (true / prior) ** 2

    def weight(true: float) -> float:
        return exp(badness(middle) - badness(true))

    reach = 12 * min(error, prior)
    middle = lift * prior**2 / (prior**2 + error**2)
    above = integrate.quad(weight, max(0.0, middle - reach), max(0.0, middle + reach), limit=200)[0]
    below = integrate.quad(weight, min(0.0, middle - reach), min(0.0, middle + reach), limit=200)[0]
    assert statistics.chance_to_win(lift, error**2, pooled) == pytest.approx(above / (above + below), abs=1e-6)


@given(st.integers(100, 1_000_000))
def test_the_sequential_interval_is_wider_than_the_fixed_one_and_that_of_the_paper(users: int) -> None:
    spread = 4.0  # of one user, so the variance of the estimate is spread / users
    width = statistics.sequential_width(spread / users, users)
    rho2 = (-2 * log(0.05) + log(-2 * log(0.05) + 1)) / statistics.TUNED_USERS
    paper = sqrt(spread) * sqrt(2 * (users * rho2 + 1) / (users**2 * rho2) * log(sqrt(users * rho2 + 1) / 0.05))
    assert width == pytest.approx(paper, rel=1e-12)
    assert width > 1.5 * 1.96 * sqrt(spread / users) * 0.99


def test_the_sequential_interval_is_narrowest_where_it_was_tuned() -> None:
    widths = {
        users: statistics.sequential_width(1 / users, users) * sqrt(users) for users in (200, 1000, 2000, 4000, 50_000)
    }
    assert min(widths, key=widths.__getitem__) == statistics.TUNED_USERS


@pytest.mark.parametrize("metric", [*simulation.METRICS, None])
def test_who_looks_every_day_finds_differences_that_are_none_but_not_sequentially(
    metric: simulation.Metric | None,
) -> None:
    found = simulation._shares(120, 5, metric, 0.0)
    assert found["sequential_every_day"] <= 0.05
    assert found["fixed_every_day"] > 0.12


def test_shoppers_who_all_prefer_the_same_decide() -> None:
    none, all_ = simulation._counted(0, 200), simulation._counted(200, 200)
    found = statistics.compare_preferences(none, all_)
    assert (found.absolute_lift, found.relative_lift) == (1.0, None)
    assert found.sequential_ci is not None
    assert found.sequential_ci[0] > 0.5
    assert (
        statistics.compare_preferences(simulation._counted(0, 0), simulation._counted(0, 0)) == statistics.Comparison()
    )


def test_a_real_lift_is_found_sequentially_as_well() -> None:
    assert simulation.found_lifts("ctr", 30, lift=0.5)["sequential_every_day"] > 0.9


def test_interleaving_needs_far_fewer_shoppers() -> None:
    found = simulation.shoppers_for_power(0.2, pool=10_000, experiments=50)
    assert found["ab"] > 3 * found["interleaving"]


@given(st.floats(0.02, 0.5), st.floats(0.02, 1.0), st.integers(5, 95), st.sampled_from([0.8, 0.9]))
def test_the_users_needed_are_those_of_statsmodels(rate: float, lift: float, split: int, power: float) -> None:
    users, bought = 100_000, int(rate * 100_000)
    traffic = Traffic(
        users=users,
        clickers=users,
        days=10.0,
        y=Decimal(bought),
        d=Decimal(users),
        yy=Decimal(bought),
        yd=Decimal(bought),
        dd=Decimal(users),
    )
    rate, share = bought / users, split / 100
    control = NormalIndPower().solve_power(
        lift * rate / sqrt(rate * (1 - rate)), alpha=0.05, power=power, ratio=(1 - share) / share
    )
    found = statistics.users_needed("conversion_rate", traffic, lift, split, power)
    assert found == pytest.approx(control / share, rel=1e-3, abs=1)


def test_interleaving_with_the_shoppers_needed_finds_the_lift() -> None:
    traffic = Traffic(
        users=1000, clickers=400, days=7.0, y=Decimal(), d=Decimal(), yy=Decimal(), yd=Decimal(), dd=Decimal()
    )
    needed = statistics.shoppers_needed(traffic, 0.2, 0.8)
    assert needed is not None
    deciding, share = round(needed * 0.4), 1.2 / 2.2
    wins = np.random.default_rng(7).binomial(deciding, share, 2000)
    found = 2 * stats.binom.cdf(np.minimum(wins, deciding - wins), deciding, 0.5) < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.04)
