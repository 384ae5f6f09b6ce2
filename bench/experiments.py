"""What experiments say of shops that are made up, where the truth is known: `python -m bench experiments`.

A/A: both variants are the same, and somebody looks every day for four weeks and stops at the first difference. Of the
fixed test that finds far more than 5 % of them; of the sequential interval at most 5 %. A/B: how many shoppers find a
lift that is there, by an A/B test and by interleaving. Shoppers differ in how keen they are, come back, and click
several times: nothing is as independent as the formulas would like. The sums of a day go through the product's own
`compare`.
"""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.results import write_result
from recomengine.experiments.assignment import draft
from recomengine.experiments.schemas import Arm, Comparison, Metric
from recomengine.experiments.statistics import ALPHA, compare, compare_preferences

DAYS, PER_DAY, CARDS = 28, 100, 8
EXPERIMENTS = 2000
COMES_BACK = 0.15
CTR, BUYS = 0.05, 0.03
METRICS: tuple[Metric, ...] = ("ctr", "conversion_rate", "revenue_per_user")
PRODUCTS, WANTED, NOISE, INTERESTED, READS_ON = 100, 10, (0.8, 0.65), (1.0, 0.2), 0.9
POWER = 0.8
POWER_EXPERIMENTS = 400
Column = NDArray[np.int64]


def main() -> dict[str, Any]:
    figures = {
        "experiments": EXPERIMENTS, "days": DAYS, "shoppers_a_day": PER_DAY, "aa": false_positives(EXPERIMENTS),
        "ab": {metric: found_lifts(metric, POWER_EXPERIMENTS) for metric in METRICS[:2]},
        "shoppers_for_80_percent": {f"{share:.0%} read the list": shoppers_for_power(share) for share in INTERESTED},
    }  # fmt: skip
    print(figures)
    print(f"written to {write_result('experiments', figures)}")
    return figures


def false_positives(experiments: int, seed: int = 1) -> dict[str, dict[str, float]]:
    """Of A/A experiments, the share in which a difference is found: at the end alone, at any day by the fixed test, at
    any day sequentially.
    """
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
    return {
        "fixed_at_the_end": at_end / experiments,
        "fixed_every_day": peeked / experiments,
        "sequential_every_day": sequential / experiments,
    }


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
    clicks = [
        np.cumsum(rng.binomial(comes * CARDS // 2, np.minimum(CTR * keen * of, 1)[:, None]), axis=1)
        for of in (1, 1 + lift)
    ]
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
    nothing = {
        "impressions": 0,
        "clicks": 0,
        "conversions": 0,
        "purchases": 0,
        "error_free": 0,
        "foreign": 0,
        "mismatched": 0,
    }
    return Arm(users=users, y=y, d=d, yy=yy, yd=yd, dd=dd, revenue=Decimal(), revenue_squares=Decimal(), **nothing)


class Clicks(NamedTuple):
    """Of each shopper of a pool: whether control's list and the variant's would be clicked, and whose pick in a list of
    both (0: nobody's).
    """

    control: NDArray[np.bool_]
    variant: NDArray[np.bool_]
    preferred: NDArray[np.int8]


def shoppers_for_power(
    interested: float, pool: int = 40_000, experiments: int = POWER_EXPERIMENTS, seed: int = 3
) -> dict[str, float]:
    """How many shoppers find the better variant in 80 % of the experiments, by click-through rate and by interleaving;
    steps of a fifth.
    interested: which share of the shoppers reads the list at all."""
    rng = np.random.default_rng(seed)
    clicks = clicking(rng, pool, interested)
    return {
        "ctr_lift": float(clicks.variant.mean() / clicks.control.mean() - 1),
        **{
            kind: _first_enough(rng, clicks, experiments, interleaving=kind == "interleaving")
            for kind in ("ab", "interleaving")
        },
    }


def clicking(rng: np.random.Generator, shoppers: int, interested: float) -> Clicks:
    """A shopper wants WANTED of PRODUCTS. Each strategy scores products by that and noise, the variant with less of it.
    Of all shoppers the share `interested` reads a list from the top, goes on with a probability of READS_ON a line, and
    clicks the first wanted product, if any."""
    wanted = np.zeros((shoppers, PRODUCTS))
    wanted[:, :WANTED] = 1
    lists = [
        np.argsort(-wanted - noise * rng.standard_normal((shoppers, PRODUCTS)), axis=1)[:, :CARDS] for noise in NOISE
    ]
    reads = np.where(rng.random(shoppers) < interested, rng.geometric(1 - READS_ON, shoppers), 0)
    clicked = [((each < WANTED) & (np.arange(CARDS) < reads[:, None])).any(axis=1) for each in lists]
    preferred = np.zeros(shoppers, np.int8)
    for shopper in range(shoppers):
        one, other = ([str(product) for product in each[shopper]] for each in lists)
        for place, team in draft(one, other, min(CARDS, int(reads[shopper])), f"{shopper}", "bench"):
            if int((one if team == "control" else other)[place]) < WANTED:
                preferred[shopper] = 1 if team == "variant" else -1
                break
    return Clicks(clicked[0], clicked[1], preferred)


def _first_enough(rng: np.random.Generator, clicks: Clicks, experiments: int, *, interleaving: bool) -> int:
    users = 100
    while _power(rng, clicks, users, experiments, interleaving=interleaving) < POWER:
        users = int(users * 1.2)
    return users


def _power(rng: np.random.Generator, clicks: Clicks, users: int, experiments: int, *, interleaving: bool) -> float:
    found = 0
    for _ in range(experiments):
        of = rng.integers(0, len(clicks.preferred), users)
        if interleaving:
            wins, losses = int((clicks.preferred[of] > 0).sum()), int((clicks.preferred[of] < 0).sum())
            comparison = compare_preferences(_counted(losses, wins + losses), _counted(wins, wins + losses))
        else:
            half = users // 2
            arms = clicks.control[of[:half]].astype(np.int64), clicks.variant[of[half:]].astype(np.int64)
            comparison = compare("ctr", *(_arm(each, np.full(len(each), CARDS)) for each in arms))
        found += comparison.p_value is not None and comparison.p_value < ALPHA and (comparison.absolute_lift or 0) > 0
    return found / experiments


if __name__ == "__main__":
    main()
