"""What experiments say of shops that are made up, where the truth is known: `python -m bench experiments`.

A/A: both variants are the same, and somebody looks every day for four weeks and stops at the first difference. Of the fixed test
that finds far more than 5 % of them; of the sequential interval at most 5 %. A/B: how many shoppers find a lift that is there, by an
A/B test and by interleaving. Shoppers differ in how keen they are, come back, and click several times: nothing is as independent as
the formulas would like. The sums of a day go through the product's own `compare`.
"""

from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.results import write_result
from recomengine.experiments.schemas import Arm, Comparison, Metric
from recomengine.experiments.statistics import ALPHA, compare, compare_preferences

DAYS, PER_DAY, CARDS = 28, 100, 8
EXPERIMENTS = 2000
COMES_BACK = 0.15
CTR, BUYS = 0.05, 0.03
METRICS: tuple[Metric, ...] = ("ctr", "conversion_rate", "revenue_per_user")
LIFT = 0.1
POWER = 0.8
POWER_EXPERIMENTS = 400
Column = NDArray[np.int64]


def main() -> dict[str, Any]:
    figures = {
        "experiments": EXPERIMENTS, "days": DAYS, "shoppers_a_day": PER_DAY, "aa": false_positives(EXPERIMENTS),
        "ab": {metric: found_lifts(metric, POWER_EXPERIMENTS) for metric in METRICS[:2]},
        "shoppers_for_80_percent": {"lift_of_each_click": LIFT, **shoppers_for_power()},
    }  # fmt: skip
    print(figures)
    print(f"written to {write_result('experiments', figures)}")
    return figures


def false_positives(experiments: int, seed: int = 1) -> dict[str, dict[str, float]]:
    """Of A/A experiments, the share in which a difference is found: at the end alone, at any day by the fixed test, at any day sequentially."""
    return {metric or "interleaving": _shares(experiments, seed, metric, 0.0) for metric in (*METRICS, None)}


def found_lifts(metric: Metric, experiments: int, lift: float = 0.3, seed: int = 2) -> dict[str, float]:
    """The same of experiments in which the variant is better by `lift`."""
    return {"lift": lift, **_shares(experiments, seed, metric, lift)}


def _shares(experiments: int, seed: int, metric: Metric | None, lift: float) -> dict[str, float]:
    """metric: None for interleaving."""
    rng = np.random.default_rng(seed)
    at_end = peeked = sequential = 0
    for _ in range(experiments):
        days = interleaving_days(rng, lift) if metric is None else ab_days(rng, metric, lift)
        proofs = [each.p_value is not None and each.p_value < ALPHA for each in days]
        at_end += proofs[-1]
        peeked += any(proofs)
        sequential += any(_proves(each) for each in days)
    return {"fixed_at_the_end": at_end / experiments, "fixed_every_day": peeked / experiments, "sequential_every_day": sequential / experiments}


def _proves(comparison: Comparison) -> bool:
    around = comparison.sequential_ci
    return around is not None and not around[0] <= 0 <= around[1]


def _visits(rng: np.random.Generator, users: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether each shopper comes on each day, and how keen they are (mean 1)."""
    arrival = np.arange(users) // PER_DAY
    day = np.arange(DAYS)
    comes = (day == arrival[:, None]) | ((day > arrival[:, None]) & (rng.random((users, DAYS)) < COMES_BACK))
    return comes, rng.gamma(2.0, 0.5, users)


def ab_days(rng: np.random.Generator, metric: Metric, lift: float) -> list[Comparison]:
    """What the results would say at the end of each day."""
    users = DAYS * PER_DAY
    comes, keen = _visits(rng, users)
    variant = rng.random(users) < 0.5
    keen = keen * np.where(variant, 1 + lift, 1)
    seen = np.cumsum(comes * CARDS, axis=1)
    if metric == "ctr":
        y = np.cumsum(rng.binomial(comes * CARDS, np.minimum(CTR * keen, 1)[:, None]), axis=1)
    else:
        buys = comes & (rng.random((users, DAYS)) < np.minimum(BUYS * keen, 1)[:, None])
        cents = np.cumsum(buys * np.round(100 * rng.lognormal(3.5, 0.8, (users, DAYS))).astype(np.int64), axis=1)
        y = (cents > 0).astype(np.int64) if metric == "conversion_rate" else cents
    d = seen if metric == "ctr" else (seen > 0).astype(np.int64)
    return [compare(metric, *(_arm(y[of, day], d[of, day]) for of in (~variant, variant))) for day in range(DAYS)]


def interleaving_days(rng: np.random.Generator, lift: float) -> list[Comparison]:
    users = DAYS * PER_DAY
    comes, keen = _visits(rng, users)
    clicks = [np.cumsum(rng.binomial(comes * CARDS // 2, np.minimum(CTR * keen * of, 1)[:, None]), axis=1) for of in (1, 1 + lift)]
    return [_preferences(clicks[0][:, day], clicks[1][:, day]) for day in range(DAYS)]


def _preferences(control: Column, variant: Column) -> Comparison:
    wins, deciding = int((variant > control).sum()), int((variant != control).sum())
    return compare_preferences(_counted(deciding - wins, deciding), _counted(wins, deciding))


def _arm(y: Column, d: Column) -> Arm:
    y, d = y[d > 0], d[d > 0]
    return _arm_of(len(y), y.sum(), d.sum(), y @ y, y @ d, d @ d)


def _counted(wins: int, deciding: int) -> Arm:
    return _arm_of(deciding, wins, deciding, wins, wins, deciding)


def _arm_of(users: int, *sums: Any) -> Arm:
    y, d, yy, yd, dd = (Decimal(int(each)) for each in sums)
    nothing = {"impressions": 0, "clicks": 0, "conversions": 0, "purchases": 0, "error_free": 0, "foreign": 0, "mismatched": 0}
    return Arm(users=users, y=y, d=d, yy=yy, yd=yd, dd=dd, revenue=Decimal(), revenue_squares=Decimal(), **nothing)


def shoppers_for_power(seed: int = 3) -> dict[str, int]:
    """How many shoppers find LIFT in 80 % of the experiments, by click-through rate and by interleaving; steps of a tenth."""
    return {"ab": _first_enough(seed, interleaving=False), "interleaving": _first_enough(seed, interleaving=True)}


def _first_enough(seed: int, *, interleaving: bool) -> int:
    users = 500
    while _power(np.random.default_rng(seed), users, interleaving=interleaving) < POWER:
        users = int(users * 1.1)
    return users


def _power(rng: np.random.Generator, users: int, *, interleaving: bool) -> float:
    found = 0
    for _ in range(POWER_EXPERIMENTS):
        keen = CTR * rng.gamma(2.0, 0.5, users)
        if interleaving:
            comparison = _preferences(*(rng.binomial(CARDS // 2, np.minimum(keen * of, 1)) for of in (1, 1 + LIFT)))
        else:
            variant = rng.random(users) < 0.5
            clicks = rng.binomial(CARDS, np.minimum(keen * np.where(variant, 1 + LIFT, 1), 1))
            comparison = compare("ctr", *(_arm(clicks[of], np.full(of.sum(), CARDS)) for of in (~variant, variant)))
        found += comparison.p_value is not None and comparison.p_value < ALPHA and (comparison.absolute_lift or 0) > 0
    return found / POWER_EXPERIMENTS


if __name__ == "__main__":
    main()
