"""What an experiment says, from the sums over its shoppers. Pure arithmetic, in exact fractions up to the last square
root.

The shopper is the unit. Each metric is a ratio R = Σy / Σd over the shoppers of an arm: clicks over impressions,
converted over 1, revenue over 1. By the delta method (Deng, Knoblich, Lu 2018, section 3.1) its variance is that of l =
(y - R d) / mean(d), divided by the users.

Tests are two-sided, intervals are of 95 % and of the difference variant - control:
- ctr: z = difference / sqrt(sum of both variances).
- conversion_rate: z test with the pooled share; the interval with each arm's own p (1 - p) / n (Wald); an arm's own
  interval is Wilson's.
- revenue_per_user: Welch's t test.
- sequentialCi: may be looked at any time, as often as one likes. Normal mixture (Robbins 1970) over the running
  difference, as in
  Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2021, "Time-uniform central limit theory and asymptotic confidence
  sequences", theorem 2.2: difference ± s sqrt((1 + 1/r) (ln(1 + r) + 2 ln(1/α))), s its standard error, r = ρ² users.
  ρ² makes it narrowest at TUNED_USERS (their appendix B.2): ρ² = (2 ln(1/α) + ln(1 + 2 ln(1/α))) / TUNED_USERS.
  Asymptotic, so nothing is said below MIN_USERS an arm.
- chanceToWin: posterior of the lift with the prior that lifts are normal around 0 with a standard deviation of
  PRIOR_LIFT of the pooled value.
- cuped (Deng, Xu, Kohavi, Walker 2013): l - θ (x - mean x), x the shopper's same numerator in the time before; θ =
  cov(l, x) / var(x), pooled.
- srm: chi-squared test of the arms' users against the split.
- guardrails: Welch's t test of revenue per user, pooled z test of the error-free share, p values adjusted together
  (Holm 1979).

Interleaving (Chapelle, Joachims, Radlinski, Yue 2012): of the shoppers who clicked more of one captain's picks than of
the other's, the share that preferred the variant, against a half by the exact binomial test; the lift is the difference
of both shares, its interval Wilson's.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, log, sqrt
from typing import NamedTuple

from scipy.special import bdtr, chdtrc, ndtr, ndtri, stdtr, stdtrit

from recomengine.experiments.schemas import (
    Arm,
    Comparison,
    Cuped,
    Guarded,
    Guardrail,
    Interval,
    Metric,
    Srm,
    Sums,
    Traffic,
)

ALPHA = 0.05
TUNED_USERS = 2_000
MIN_USERS = 50
PRIOR_LIFT = 0.3
SRM_ALPHA = 0.001
Z = float(ndtri(1 - ALPHA / 2))


class Estimate(NamedTuple):
    """A value and the variance of its estimation."""

    value: Fraction
    variance: Fraction
    users: int


class Difference(NamedTuple):
    """freedom: degrees of Student's t; None for the normal distribution. null: its variance if there is no
    difference.
    """

    lift: float
    variance: float
    null: float
    freedom: float | None = None

    @property
    def p_value(self) -> float:
        at = -abs(self.lift) / sqrt(self.null)
        return float(2 * (ndtr(at) if self.freedom is None else stdtr(self.freedom, at)))

    @property
    def ci(self) -> Interval:
        return _around(
            self.lift,
            sqrt(self.variance) * (Z if self.freedom is None else float(stdtrit(self.freedom, 1 - ALPHA / 2))),
        )


def covariance(users: int, ab: Fraction, a: Fraction, b: Fraction) -> Fraction:
    """From the sums of the products and of both; users: 2 and more."""
    return (ab - a * b / users) / (users - 1)


def estimate(metric: Metric, sums: Sums) -> Estimate | None:
    """None where there is nothing to say: fewer than two users, or no denominator."""
    if sums.users < 2 or not sums.d:
        return None
    value = Fraction(sums.y) / Fraction(sums.d)
    spread = value * (1 - value) if metric == "conversion_rate" else _spread(sums, value)
    return Estimate(value, spread / sums.users, sums.users)


def _spread(sums: Sums, value: Fraction) -> Fraction:
    """The variance of one user's l."""
    n, y, d = sums.users, Fraction(sums.y), Fraction(sums.d)
    yy, yd, dd = (
        covariance(n, Fraction(sums.yy), y, y),
        covariance(n, Fraction(sums.yd), y, d),
        covariance(n, Fraction(sums.dd), d, d),
    )
    return (yy - 2 * value * yd + value * value * dd) / (d / n) ** 2


def difference(metric: Metric, control: Estimate, variant: Estimate) -> Difference | None:
    """None where no shopper differs from another."""
    lift, variance = variant.value - control.value, control.variance + variant.variance
    null, freedom = variance, None
    if metric == "conversion_rate":
        pooled = (control.value * control.users + variant.value * variant.users) / (control.users + variant.users)
        null = pooled * (1 - pooled) * (Fraction(1, control.users) + Fraction(1, variant.users))
    if not variance or not null:
        return None
    if metric == "revenue_per_user":
        freedom = float(
            variance**2 / (control.variance**2 / (control.users - 1) + variant.variance**2 / (variant.users - 1))
        )
    return Difference(float(lift), float(variance), float(null), freedom)


def own_interval(metric: Metric, of: Estimate) -> Interval:
    if metric == "conversion_rate":
        return wilson(float(of.value), of.users)
    width = Z if metric == "ctr" else float(stdtrit(of.users - 1, 1 - ALPHA / 2))
    return _around(float(of.value), width * sqrt(of.variance))


def wilson(share: float, users: int) -> Interval:
    middle, width = (share + Z * Z / (2 * users)), Z * sqrt(share * (1 - share) / users + Z * Z / (4 * users * users))
    return (middle - width) / (1 + Z * Z / users), (middle + width) / (1 + Z * Z / users)


def sequential_width(variance: float, users: int) -> float:
    """Half of the sequential interval; users: of both arms."""
    peeks = 2 * log(1 / ALPHA)
    r = users * (peeks + log(1 + peeks)) / TUNED_USERS
    return sqrt(variance * (1 + 1 / r) * (log(1 + r) + peeks))


def chance_to_win(lift: float, variance: float, pooled: float) -> float:
    prior = (PRIOR_LIFT * pooled) ** 2
    return float(ndtr(lift * sqrt(prior / (variance * (variance + prior)))))


def compare(metric: Metric, control: Arm, variant: Arm) -> Comparison:
    one, other = estimate(metric, control), estimate(metric, variant)
    if one is None or other is None:
        return Comparison()
    lift = float(other.value - one.value)
    relative = float(other.value / one.value - 1) if one.value else None
    found = difference(metric, one, other)
    if found is None:
        return Comparison(absolute_lift=lift, relative_lift=relative)
    pooled = float(Fraction(control.y + variant.y) / Fraction(control.d + variant.d))
    return _compared(
        found, relative, pooled, control.users + variant.users, enough=min(control.users, variant.users) >= MIN_USERS
    )


def _compared(found: Difference, relative: float | None, pooled: float, users: int, *, enough: bool) -> Comparison:
    return Comparison(
        absolute_lift=found.lift, relative_lift=relative, ci=found.ci, p_value=found.p_value,
        chance_to_win=chance_to_win(found.lift, found.variance, pooled) if pooled else None,
        sequential_ci=_around(found.lift, sequential_width(found.variance, users)) if enough else None,
    )  # fmt: skip


def compare_preferences(control: Arm, variant: Arm) -> Comparison:
    """Of interleaving; y: who preferred this one, d: who preferred any."""
    wins, deciding = int(variant.y), int(variant.d)
    if not deciding:
        return Comparison()
    share = wins / deciding
    low, high = wilson(share, deciding)
    lift, variance = (
        2 * share - 1,
        (4 * share * (1 - share) or 1.0) / deciding,
    )  # where all agree, that of the null hypothesis
    enough = deciding >= 2 * MIN_USERS
    return Comparison(
        absolute_lift=lift, relative_lift=share / (1 - share) - 1 if share < 1 else None,
        ci=(2 * low - 1, 2 * high - 1),
        p_value=float(min(1.0, 2 * bdtr(min(wins, deciding - wins), deciding, 0.5))),
        chance_to_win=chance_to_win(lift, 1 / deciding, 0.5),
        sequential_ci=_around(lift, sequential_width(variance, deciding)) if enough else None,
    )  # fmt: skip


def cuped(metric: Metric, control: Arm, variant: Arm) -> Cuped | None:
    """None where nothing is known of the time before, or where it explains nothing."""
    arms = [(arm, found) for arm in (control, variant) if (found := estimate(metric, arm)) is not None]
    if len(arms) < 2:
        return None
    spreads = [_spreads(arm, found.value) for arm, found in arms]
    of_x = sum(each.xx * (each.users - 1) for each in spreads)
    if not of_x:
        return None
    theta = sum(each.lx * (each.users - 1) for each in spreads) / of_x
    plain = sum(each.ll / each.users for each in spreads)
    variance = sum((each.ll - 2 * theta * each.lx + theta**2 * each.xx) / each.users for each in spreads)
    if not theta or not variance:
        return None
    (one, other), means = (found for _, found in arms), [Fraction(arm.x) / arm.users for arm, _ in arms]
    less = Difference(float(other.value - one.value - theta * (means[1] - means[0])), float(variance), float(variance))
    return Cuped(less.lift, less.ci, less.p_value, 1 - float(variance / plain))


class _Spreads(NamedTuple):
    """Variances of one user's l and x, and their covariance."""

    users: int
    ll: Fraction
    lx: Fraction
    xx: Fraction


def _spreads(arm: Arm, value: Fraction) -> _Spreads:
    n, x, y, d = arm.users, Fraction(arm.x), Fraction(arm.y), Fraction(arm.d)
    yx, dx = covariance(n, Fraction(arm.xy), x, y), covariance(n, Fraction(arm.xd), x, d)
    return _Spreads(n, _spread(arm, value), (yx - value * dx) / (d / n), covariance(n, Fraction(arm.xx), x, x))


def sample_ratio(control: int, variant: int, split: int) -> Srm:
    users = control + variant
    if not users:
        return Srm(None, ok=True)
    expected = users * split / 100
    p_value = float(
        chdtrc(1, (control - expected) ** 2 / expected + (variant - users + expected) ** 2 / (users - expected))
    )
    return Srm(p_value, p_value >= SRM_ALPHA)


def guardrails(metric: Metric, control: Arm, variant: Arm) -> list[Guardrail]:
    """What must not get worse while the metric gets better; the metric itself is none."""
    both = (control, variant)
    watched: list[tuple[Guarded, Metric, list[Sums]]] = []
    if metric != "revenue_per_user":
        watched.append(
            (
                "revenue_per_user",
                "revenue_per_user",
                [_plain(arm.users, arm.revenue, arm.revenue_squares) for arm in both],
            )
        )
    watched.append(
        (
            "error_free_share",
            "conversion_rate",
            [_plain(arm.users, Decimal(arm.error_free), Decimal(arm.error_free)) for arm in both],
        )
    )
    rows = []
    for name, test, arms in watched:
        one, other = (estimate(test, arm) for arm in arms)
        if one is not None and other is not None:
            found = difference(test, one, other)
            rows.append((name, float(one.value), float(other.value), None if found is None else found.p_value))
    adjusted = holm([1.0 if p_value is None else p_value for *_, p_value in rows])
    return [
        Guardrail(
            metric=name, control=one, variant=other, p_value=p_value,
            adjusted_p_value=None if p_value is None else level, ok=level >= ALPHA or other >= one,
        )
        for (name, one, other, p_value), level in zip(rows, adjusted, strict=True)
    ]  # fmt: skip


def _plain(users: int, total: Decimal, squares: Decimal) -> Sums:
    return Sums(users=users, y=total, yy=squares, d=Decimal(users), yd=total, dd=Decimal(users))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that all of them together err with the probability that is asked of one."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def users_needed(metric: Metric, traffic: Traffic, lift: float, split: int, power: float) -> int | None:
    """Of both arms together, to find `lift` of the present value with `power`; None when there is nothing to go by."""
    found = estimate(metric, traffic)
    if found is None or not found.value or not found.variance or not lift:
        return None
    share = split / 100
    wanted = (Z + float(ndtri(power))) / (lift * float(found.value))
    return ceil(wanted**2 * float(found.variance) * found.users * (1 / share + 1 / (1 - share)))


def shoppers_needed(traffic: Traffic, lift: float, power: float) -> int | None:
    """The same for interleaving: one preference for the variant comes on 1 + lift, of those who click at all."""
    if not traffic.clickers or not lift:
        return None
    away = abs((1 + lift) / (2 + lift) - 0.5)
    return ceil((Z + float(ndtri(power))) ** 2 * 0.25 / away**2 * traffic.users / traffic.clickers)


def _around(middle: float, width: float) -> Interval:
    return middle - width, middle + width
