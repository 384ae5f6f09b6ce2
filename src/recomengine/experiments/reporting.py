"""From the sums of both variants to the results that are shown, with a decision in a plain sentence and what to beware
of.
"""

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from recomengine.experiments import statistics
from recomengine.experiments.assignment import Variant
from recomengine.experiments.schemas import (
    Arm,
    Comparison,
    Decision,
    Experiment,
    Guardrail,
    Metric,
    Power,
    Results,
    Srm,
    Traffic,
    VariantResult,
)

NAMES: Mapping[Metric, str] = {
    "ctr": "click-through rate",
    "conversion_rate": "conversion rate",
    "revenue_per_user": "revenue per user",
}
GUARDED = {"revenue_per_user": "revenue per user", "error_free_share": "share of shoppers without a fallback list"}
SMALL = 100


def report(experiment: Experiment, arms: Mapping[str, Arm], computed_at: datetime) -> Results:
    control, variant = arms["control"], arms["variant"]
    interleaving = experiment.kind == "interleaving"
    comparison = (
        statistics.compare_preferences(control, variant)
        if interleaving
        else statistics.compare(experiment.metric, control, variant)
    )
    srm = (
        Srm(None, ok=True)
        if interleaving
        else statistics.sample_ratio(control.users, variant.users, experiment.traffic_split)
    )
    guards = [] if interleaving else statistics.guardrails(experiment.metric, control, variant)
    decision, summary = decide(experiment, arms, comparison, srm, guards)
    return Results(
        status=experiment.status, kind=experiment.kind, metric=experiment.metric,
        variants=[_variant(experiment, "control", control), _variant(experiment, "variant", variant)],
        comparison=comparison, cuped=None if interleaving else statistics.cuped(experiment.metric, control, variant),
        srm=srm, guardrails=guards, mismatched=control.mismatched + variant.mismatched,
        both_arms=control.both_arms + variant.both_arms, decision=decision, summary=summary,
        warnings=_warnings(experiment, control, variant, comparison), computed_at=computed_at,
    )  # fmt: skip


def _variant(experiment: Experiment, name: Variant, arm: Arm) -> VariantResult:
    value, interval = None, None
    if experiment.kind == "interleaving":
        if arm.d:
            value, interval = float(arm.y / arm.d), statistics.wilson(float(arm.y / arm.d), int(arm.d))
    elif (found := statistics.estimate(experiment.metric, arm)) is not None:
        value, interval = float(found.value), statistics.own_interval(experiment.metric, found)
    return VariantResult(
        variant=name, strategy=experiment.control_strategy if name == "control" else experiment.variant_strategy,
        users=arm.users, impressions=arm.impressions, clicks=arm.clicks, conversions=arm.conversions,
        purchases=arm.purchases, revenue=float(arm.revenue), value=value, ci=interval,
    )  # fmt: skip


def decide(
    experiment: Experiment, arms: Mapping[str, Arm], comparison: Comparison, srm: Srm, guards: list[Guardrail]
) -> tuple[Decision, str]:
    """By the sequential interval, which holds whenever one looks."""
    if not srm.ok:
        seen, split = f"{arms['control'].users} and {arms['variant'].users}", experiment.traffic_split
        return "invalid", (
            f"Do not use these figures: {seen} shoppers saw control and variant, which a split of {split} to "
            f"{100 - split} gives by chance in fewer than 1 of 1000 experiments. Something loses the events of one "
            f"variant; find it, and start a new experiment."
        )
    what = "the share of shoppers who prefer it" if experiment.kind == "interleaving" else NAMES[experiment.metric]
    if comparison.sequential_ci is None:
        return (
            "undecided",
            f"Too little is known yet: {what} is compared from {statistics.MIN_USERS} shoppers of each variant on, "
            f"once they differ.",
        )
    (low, high), lift = comparison.sequential_ci, comparison.absolute_lift or 0.0
    worse = [GUARDED[guard.metric] for guard in guards if not guard.ok]
    if low > 0 and worse:
        return (
            "undecided",
            f"The variant raises {what} ({_size(comparison)}), but it lowers {' and '.join(worse)}: decide which "
            f"counts more.",
        )
    if low > 0:
        return "variant", f"Take the variant ({experiment.variant_strategy}): it raises {what} ({_size(comparison)})."
    if high < 0:
        return (
            "control",
            f"Keep control ({experiment.control_strategy}): the variant lowers {what} ({_size(comparison)}).",
        )
    more = (
        "More shoppers would tell."
        if experiment.status != "completed"
        else "The experiment ended before it could tell."
    )
    return (
        "undecided",
        f"No difference in {what} is proven: it lies between {low:+.4g} and {high:+.4g}, measured {lift:+.4g}. {more}",
    )


def _size(comparison: Comparison) -> str:
    return f"{comparison.absolute_lift:+.4g}" + (
        f", {comparison.relative_lift:+.1%}" if comparison.relative_lift is not None else ""
    )


def _warnings(experiment: Experiment, control: Arm, variant: Arm, comparison: Comparison) -> list[str]:
    found = []
    if mismatched := control.mismatched + variant.mismatched:
        found.append(
            f"{mismatched} events name another variant than their shopper has, and were not used. Send back what the "
            f"reply's meta says."
        )
    if both := control.both_arms + variant.both_arms:
        found.append(
            f"{both} shoppers saw both variants, under ids that were joined later. Each counts once, with the variant "
            f"that came first."
        )
    if foreign := control.foreign + variant.foreign:
        found.append(f"{foreign} purchases are in another currency than the shop's and are no part of the revenue.")
    if 0 < min(control.users, variant.users) < SMALL:
        found.append(f"Fewer than {SMALL} shoppers in a variant: p values and intervals are rough.")
    if _only_fixed(comparison):
        found.append(
            "The p value is below 0.05, but the sequential interval holds 0: it proves a difference only if the end "
            "was fixed before the start."
        )
    return found


def _only_fixed(comparison: Comparison) -> bool:
    around = comparison.sequential_ci
    return (
        comparison.p_value is not None
        and comparison.p_value < statistics.ALPHA
        and around is not None
        and around[0] <= 0 <= around[1]
    )


def power_of(experiment: Experiment, traffic: Traffic, lift: float, power: float) -> Power:
    if experiment.kind == "interleaving":
        users, baseline = (
            statistics.shoppers_needed(traffic, lift, power),
            traffic.clickers / traffic.users if traffic.users else None,
        )
    else:
        users = statistics.users_needed(experiment.metric, traffic, lift, experiment.traffic_split, power)
        found = statistics.estimate(experiment.metric, traffic)
        baseline = None if found is None else float(found.value)
    days = max(traffic.days, 1.0)
    per_day = traffic.users / days
    warnings = []
    if users is None:
        warnings.append(
            "There is nothing to go by: this placement has no impressions, or none that led to what is measured. Send "
            "impressions first."
        )
    elif traffic.days < 7:
        warnings.append(f"This rests on {traffic.days:.1f} days of traffic; a week shows all days of the week.")
    return Power(
        lift=lift, power=power, baseline=baseline, users_per_day=per_day, traffic_days=traffic.days, users=users,
        days=None if users is None else ceil(users / per_day), warnings=warnings,
    )  # fmt: skip
