"""Results from events that came through the API, against SciPy and statsmodels on the same data."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from recomengine.context import Context
from recomengine.experiments import service
from tests.experiments.shop import Shop, shoppers
from tests.support.databases import execute, fetch

SPLIT = 40
EXACT = 1e-9


class Shopper(NamedTuple):
    """What one did: cards seen and clicked, each purchase as price and quantity; before the experiment likewise. Of
    both times one may have sent the first purchase back.
    """

    impressions: int
    clicks: int
    bought: list[tuple[float, int]]
    before: list[tuple[float, int]]
    clicked_before: int
    fell_back: bool = False
    sent_back: bool = False

    @property
    def revenue(self) -> float:
        return self._kept(self.bought)

    @property
    def spent_before(self) -> float:
        return self._kept(self.before)

    def _kept(self, bought: list[tuple[float, int]]) -> float:
        return float(sum(Decimal(str(price)) * quantity for price, quantity in bought[self.sent_back :]))


def made_up(rng: random.Random, better: float) -> Shopper:
    keen = rng.random()
    prices = [(round(rng.uniform(1, 90), 2), rng.choice([1, 1, 1, 2])) for _ in range(rng.choice([1, 1, 2]))]
    seen = rng.randint(1, 9)
    return Shopper(
        seen, sum(rng.random() < 0.05 + 0.3 * keen * better for _ in range(seen)),
        prices if rng.random() < 0.4 * keen * better + 0.05 else [],
        [(round(rng.uniform(1, 90), 2), 1)] if rng.random() < keen * 0.6 else [],
        sum(rng.random() < keen for _ in range(3)), rng.random() < 0.05 / better, rng.random() < 0.2,
    )  # fmt: skip


Data = dict[str, dict[str, Shopper]]


def population(experiment_id: str, seed: int, users: int = 120, better: float = 1.6) -> Data:
    rng = random.Random(seed)
    sizes = {"control": users * SPLIT // 100, "variant": users - users * SPLIT // 100}
    return {
        variant: {
            user: made_up(rng, better if variant == "variant" else 1.0) for user in islice(shoppers(experiment_id,
                SPLIT, variant), sizes[variant])
        }
        for variant in sizes
    }  # fmt: skip


def events_of(data: Data, experiment_id: str, started_ms: int) -> list[dict[str, Any]]:
    """What a shop's page and its server send; a purchase by the server does not know of the experiment."""
    strategies = {"control": "trending", "variant": "content_based"}
    events = []
    for variant, users in data.items():
        for number, (user, did) in enumerate(users.items()):
            about = {"experimentId": experiment_id, "variant": variant, "placementId": "home"}
            for card in range(did.impressions):
                shown = "collaborative" if did.fell_back and card == 0 else strategies[variant]
                events.append(event("impression", user, f"p{card}", started_ms + card, about | {"strategy": shown}))
            events += [event("click", user, f"p{card}", started_ms + 100 + card, about) for card in range(did.clicks)]
            for at, (price, quantity) in enumerate(did.bought):
                more = about if number % 2 else {"orderId": f"o{user}"}
                events.append(
                    event(
                        "purchase", user, f"p{at}", started_ms + 200 + at, {"price": price, "quantity": quantity} | more
                    )
                )
            events += [
                event("purchase", user, f"b{at}", started_ms - 86_400_000 + at, {"price": price})
                for at, (price, _) in enumerate(did.before)
            ]
            events += [
                event("click", user, f"b{at}", started_ms - 86_400_000 + at, {}) for at in range(did.clicked_before)
            ]
            if did.sent_back and did.bought:
                events.append(event("return", user, "p0", started_ms + 300, {"quantity": did.bought[0][1]}))
            if did.sent_back and did.before:
                events.append(event("return", user, "b0", started_ms - 80_000_000, {"price": did.before[0][0]}))
    return events


def event(kind: str, user: str, product: str, at_ms: int, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"eventType": kind, "userId": user, "productId": product, "timestamp": at_ms, "metadata": metadata}


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


async def run(shop: Shop, metric: str, seed: int, **more: Any) -> tuple[str, Data]:
    experiment_id = await shop.make(metric=metric, trafficSplit=SPLIT)
    data = population(experiment_id, seed, **more)
    await shop.send(events_of(data, experiment_id, now_ms()))
    return experiment_id, data


def column(data: Data, variant: str, of: Callable[[Shopper], float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([of(did) for did in data[variant].values()], float)


def near(value: Any) -> Any:
    return pytest.approx(value, rel=EXACT, abs=EXACT)


async def test_figures_are_those_of_the_events(shop: Shop) -> None:
    experiment_id, data = await run(shop, "ctr", 1)
    found = await shop.results(experiment_id)
    for line in found["variants"]:
        did = data[line["variant"]].values()
        assert (line["users"], line["impressions"], line["clicks"]) == (
            len(did),
            sum(d.impressions for d in did),
            sum(d.clicks for d in did),
        )
        assert (line["conversions"], line["purchases"]) == (
            sum(bool(d.bought) for d in did),
            sum(len(d.bought) for d in did),
        )
        assert line["revenue"] == near(sum(d.revenue for d in did))
        assert line["strategy"] == {"control": "trending", "variant": "content_based"}[line["variant"]]
    assert (found["status"], found["metric"], found["kind"], found["mismatched"]) == ("running", "ctr", "ab", 0)


def linear(data: Data, variant: str) -> tuple[float, np.ndarray[Any, np.dtype[np.float64]]]:
    """The click-through rate, and each shopper's share in it by the delta method."""
    clicks, impressions = column(data, variant, lambda d: d.clicks), column(data, variant, lambda d: d.impressions)
    rate = clicks.sum() / impressions.sum()
    return rate, (clicks - rate * impressions) / impressions.mean()


async def test_the_click_through_rate_is_compared_as_scipy_does(shop: Shop) -> None:
    experiment_id, data = await run(shop, "ctr", 2)
    found = await shop.results(experiment_id)
    (a, one), (b, other) = linear(data, "control"), linear(data, "variant")
    error = np.sqrt(stats.sem(one) ** 2 + stats.sem(other) ** 2)
    comparison = found["comparison"]
    assert comparison["absoluteLift"] == near(b - a)
    assert comparison["relativeLift"] == near(b / a - 1)
    assert comparison["pValue"] == near(2 * stats.norm.sf(abs(b - a) / error))
    assert comparison["ci"] == near(stats.norm.interval(0.95, b - a, error))
    for line, rate, each in zip(found["variants"], (a, b), (one, other), strict=True):
        assert line["value"] == near(rate)
        assert line["ci"] == near(stats.norm.interval(0.95, rate, stats.sem(each)))


async def test_conversion_is_compared_as_statsmodels_does(shop: Shop) -> None:
    experiment_id, data = await run(shop, "conversion_rate", 3)
    found = await shop.results(experiment_id)
    (a, b), (m, n) = (
        [sum(bool(d.bought) for d in data[v].values()) for v in ("control", "variant")],
        [len(data[v]) for v in ("control", "variant")],
    )
    comparison = found["comparison"]
    assert comparison["absoluteLift"] == near(b / n - a / m)
    assert comparison["relativeLift"] == near((b / n) / (a / m) - 1)
    assert comparison["pValue"] == near(proportions_ztest([b, a], [n, m])[1])
    assert comparison["ci"] == near(confint_proportions_2indep(b, n, a, m, method="wald", compare="diff"))
    for line, count, users in zip(found["variants"], (a, b), (m, n), strict=True):
        assert line["value"] == near(count / users)
        assert line["ci"] == near(proportion_confint(count, users, method="wilson"))


async def test_revenue_is_compared_as_welch_does(shop: Shop) -> None:
    experiment_id, data = await run(shop, "revenue_per_user", 4)
    found = await shop.results(experiment_id)
    one, other = column(data, "control", lambda d: d.revenue), column(data, "variant", lambda d: d.revenue)
    comparison = found["comparison"]
    assert comparison["absoluteLift"] == near(other.mean() - one.mean())
    assert comparison["relativeLift"] == near(other.mean() / one.mean() - 1)
    assert comparison["pValue"] == near(stats.ttest_ind(other, one, equal_var=False).pvalue)
    assert comparison["ci"] == near(CompareMeans(DescrStatsW(other), DescrStatsW(one)).tconfint_diff(usevar="unequal"))
    for line, each in zip(found["variants"], (one, other), strict=True):
        assert line["value"] == near(each.mean())
        assert line["ci"] == near(stats.t.interval(0.95, len(each) - 1, each.mean(), stats.sem(each)))


@pytest.mark.parametrize("metric", ["ctr", "conversion_rate", "revenue_per_user"])
async def test_what_the_past_explains_is_taken_out(metric: str, shop: Shop) -> None:
    experiment_id, data = await run(shop, metric, 5)
    found = (await shop.results(experiment_id))["cuped"]
    if metric == "ctr":
        (a, one), (b, other) = linear(data, "control"), linear(data, "variant")
        before = [column(data, v, lambda d: d.clicked_before) for v in ("control", "variant")]
    else:
        y: Callable[[Shopper], float] = (
            (lambda d: d.revenue) if metric == "revenue_per_user" else (lambda d: bool(d.bought))
        )
        x: Callable[[Shopper], float] = (
            (lambda d: d.spent_before) if metric == "revenue_per_user" else (lambda d: bool(d.before))
        )
        one, other = column(data, "control", y), column(data, "variant", y)
        a, b = one.mean(), other.mean()
        before = [column(data, v, x) for v in ("control", "variant")]
    centred = np.concatenate([each - each.mean() for each in before])
    theta = np.concatenate([one - one.mean(), other - other.mean()]) @ centred / (centred @ centred)
    left, right = one - theta * before[0], other - theta * before[1]
    lift = b - a - theta * (before[1].mean() - before[0].mean())
    error = np.sqrt(stats.sem(left) ** 2 + stats.sem(right) ** 2)
    assert found["absoluteLift"] == near(lift)
    assert found["ci"] == near(stats.norm.interval(0.95, lift, error))
    assert found["pValue"] == near(2 * stats.norm.sf(abs(lift) / error))
    assert found["varianceReduction"] == near(1 - error**2 / (stats.sem(one) ** 2 + stats.sem(other) ** 2))


async def test_guardrails_are_adjusted_as_statsmodels_does(shop: Shop) -> None:
    experiment_id, data = await run(shop, "ctr", 6, better=1.2)
    guards = {each["metric"]: each for each in (await shop.results(experiment_id))["guardrails"]}
    one, other = column(data, "control", lambda d: d.revenue), column(data, "variant", lambda d: d.revenue)
    clean, sizes = (
        [sum(not d.fell_back for d in data[v].values()) for v in ("control", "variant")],
        [len(data[v]) for v in ("control", "variant")],
    )
    plain = [stats.ttest_ind(other, one, equal_var=False).pvalue, proportions_ztest(clean[::-1], sizes[::-1])[1]]
    adjusted = multipletests(plain, method="holm")[1]
    for name, p_value, level in zip(("revenue_per_user", "error_free_share"), plain, adjusted, strict=True):
        assert (guards[name]["pValue"], guards[name]["adjustedPValue"]) == (near(p_value), near(level))
    assert guards["error_free_share"]["control"] == near(clean[0] / sizes[0])


async def test_the_metric_itself_is_no_guardrail(shop: Shop) -> None:
    experiment_id, _ = await run(shop, "revenue_per_user", 6)
    assert [each["metric"] for each in (await shop.results(experiment_id))["guardrails"]] == ["error_free_share"]


async def test_events_that_contradict_the_hash_are_counted_and_not_used(shop: Shop) -> None:
    experiment_id, _ = await run(shop, "conversion_rate", 7)
    before = await shop.results(experiment_id)
    liar = next(shoppers(experiment_id, SPLIT, "control", prefix="liar"))
    honest = next(shoppers(experiment_id, SPLIT, "variant", prefix="honest"))
    wrong = {"experimentId": experiment_id, "variant": "variant"}
    at = now_ms()
    await shop.send([
        event("impression", liar, "p", at, wrong), event("click", liar, "p", at, wrong),
        event("purchase", liar, "p", at, wrong | {"price": 5}),
        event("impression", honest, "p", at, {"experimentId": experiment_id, "variant": "variant"}),
        event("purchase", honest, "p", at, {"experimentId": experiment_id, "variant": "control", "price": 5}),
        event("impression", "nobody", "p", at, {"experimentId": experiment_id}),
    ])  # fmt: skip
    after = await shop.results(experiment_id)
    assert after["mismatched"] == 5
    assert after["variants"][0] == before["variants"][0]
    assert after["variants"][1]["users"] == before["variants"][1]["users"] + 1
    assert after["variants"][1]["conversions"] == before["variants"][1]["conversions"]
    assert any("5 events name another variant" in warning for warning in after["warnings"])


async def test_only_what_a_shopper_bought_after_the_first_impression_counts(shop: Shop) -> None:
    experiment_id = await shop.make(metric="conversion_rate")
    user = next(shoppers(experiment_id, 50, "variant"))
    about = {"experimentId": experiment_id, "variant": "variant"}
    at = now_ms()
    clicked = event("click", user, "a", at, about)
    await shop.send(
        [event("purchase", user, "a", at - 1, {"price": 1}), clicked, event("purchase", "b", "a", at, about)]
    )
    assert [line["users"] for line in (await shop.results(experiment_id))["variants"]] == [0, 0], (
        "a click or a purchase is no exposure"
    )
    await shop.send([event("impression", user, "a", at, about)])
    assert (await shop.results(experiment_id))["variants"][1]["conversions"] == 0
    await shop.send([
        event("purchase", user, "b", at, {"price": 2.5, "quantity": 2, "experimentId": "another",
            "variant": "control"}),
        event("purchase", user, "c", at + 1, {"price": 9, "currency": "JPY"}), event("purchase", user, "d", at + 2, {}),
    ])  # fmt: skip
    found = await shop.results(experiment_id)
    line = found["variants"][1]
    assert (line["users"], line["conversions"], line["purchases"], line["revenue"]) == (1, 1, 3, 5.0)
    assert any("1 purchases are in another currency" in warning for warning in found["warnings"])


async def test_a_lost_variant_makes_the_experiment_invalid(shop: Shop) -> None:
    experiment_id = await shop.make()
    at = now_ms()
    sizes = {"control": 60, "variant": 18}
    await shop.send([
        event("impression", user, "p", at, {"experimentId": experiment_id, "variant": variant})
        for variant, size in sizes.items() for user in islice(shoppers(experiment_id, 50, variant), size)
    ])  # fmt: skip
    found = await shop.results(experiment_id)
    assert found["srm"]["pValue"] == near(stats.chisquare([60, 18]).pvalue)
    assert (found["srm"]["ok"], found["decision"]) == (False, "invalid")
    assert "60 and 18 shoppers" in found["summary"]


async def test_nothing_is_said_of_nothing(shop: Shop) -> None:
    for start in (False, True):
        for metric in ("ctr", "conversion_rate", "revenue_per_user"):
            found = await shop.results(await shop.make(start=start, metric=metric, placementId=f"{start}-{metric}"))
            assert found["comparison"] == dict.fromkeys(
                ("absoluteLift", "relativeLift", "ci", "pValue", "chanceToWin", "sequentialCi")
            )
            assert [line["value"] for line in found["variants"]] == [None, None]
            assert (found["srm"], found["decision"], found["cuped"], found["guardrails"]) == (
                {"pValue": None, "ok": True},
                "undecided",
                None,
                [],
            )


async def test_shoppers_who_all_do_the_same_are_compared_without_a_test(shop: Shop) -> None:
    experiment_id = await shop.make(metric="conversion_rate")
    at = now_ms()
    await shop.send([
        event("impression", user, "p", at, {"experimentId": experiment_id, "variant": variant})
        for variant in ("control", "variant") for user in islice(shoppers(experiment_id, 50, variant), 5)
    ])  # fmt: skip
    comparison = (await shop.results(experiment_id))["comparison"]
    assert (comparison["absoluteLift"], comparison["relativeLift"], comparison["pValue"], comparison["ci"]) == (
        0,
        None,
        None,
        None,
    )


async def test_a_completed_experiment_keeps_its_numbers_when_its_events_are_gone(shop: Shop, context: Context) -> None:
    experiment_id, _ = await run(shop, "revenue_per_user", 8)
    running = await shop.results(experiment_id)
    await shop.move(experiment_id, "complete")
    late = next(shoppers(experiment_id, SPLIT, "control", prefix="late"))
    await shop.send([event("impression", late, "p", now_ms(), {"experimentId": experiment_id, "variant": "control"})])
    url = context.settings.database_url
    await execute(url, "DELETE FROM events WHERE tenant_id = $1", UUID(shop.id))
    kept = await shop.results(experiment_id)
    for name in ("variants", "comparison", "cuped", "srm", "guardrails", "mismatched", "decision"):
        assert kept[name] == running[name], name
    assert kept["status"] == "completed"
    rows = await fetch(
        url, "SELECT * FROM experiment_results WHERE experiment_id::text = $1 ORDER BY variant", experiment_id
    )
    for row, line in zip(rows, kept["variants"], strict=True):
        assert (row["variant"], row["sample_size"], row["impressions"]) == (
            line["variant"],
            line["users"],
            line["impressions"],
        )
        assert (row["clicks"], row["conversions"], float(row["revenue"])) == (
            line["clicks"],
            line["conversions"],
            line["revenue"],
        )


async def test_figures_that_could_not_be_kept_at_the_end_are_kept_at_the_next_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    experiment_id, _ = await run(shop, "ctr", 9)
    running = await shop.results(experiment_id)

    async def away(*_: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(service.queries, "keep_result", away)
        await shop.move(experiment_id, "complete")
    count = "SELECT count(*) FROM experiment_results WHERE experiment_id::text = $1"
    assert (await fetch(context.settings.database_url, count, experiment_id))[0][0] == 0
    assert (await shop.results(experiment_id))["comparison"] == running["comparison"]
    assert (await fetch(context.settings.database_url, count, experiment_id))[0][0] == 2


async def test_interleaving_credits_the_click_and_what_was_bought_after_it(shop: Shop) -> None:
    experiment_id = await shop.make(kind="interleaving")
    rng, at, events = random.Random(10), now_ms(), []
    prefer = {"control": 0, "variant": 0, "none": 0}
    for number in range(160):
        user, clicks = f"s{number}", {"control": 0, "variant": 0}
        for card in range(8):
            team = "control" if card % 2 else "variant"
            about = {"experimentId": experiment_id, "variant": team}
            events.append(event("impression", user, f"p{card}", at, about))
            if rng.random() < (0.05 if team == "control" else 0.25):
                clicks[team] += 1
                events.append(event("click", user, f"p{card}", at + 1, about))
        prefer["none" if clicks["control"] == clicks["variant"] else max(clicks, key=clicks.__getitem__)] += 1
    buyer = {"experimentId": experiment_id}
    events += [
        event("impression", "buyer", "x", at, buyer | {"variant": "control"}),
        event("click", "buyer", "x", at + 1, buyer | {"variant": "control"}),
        event("click", "buyer", "x", at + 2, buyer | {"variant": "variant"}),
        event("purchase", "buyer", "x", at + 3, {"price": 7.5}),
        event("purchase", "buyer", "unclicked", at + 3, {"price": 100}), event("click", "buyer", "y", at, buyer),
    ]  # fmt: skip
    await shop.send(events)
    found = await shop.results(experiment_id)
    wins, losses = prefer["variant"], prefer["control"]
    test = stats.binomtest(wins, wins + losses)
    low, high = proportion_confint(wins, wins + losses, method="wilson")
    comparison = found["comparison"]
    assert comparison["absoluteLift"] == near((wins - losses) / (wins + losses))
    assert comparison["relativeLift"] == near(wins / losses - 1)
    assert comparison["pValue"] == near(test.pvalue)
    assert comparison["ci"] == near((2 * low - 1, 2 * high - 1))
    assert [line["value"] for line in found["variants"]] == near([losses / (wins + losses), wins / (wins + losses)])
    assert [(line["users"], line["conversions"], line["revenue"]) for line in found["variants"]] == [
        (161, 0, 0),
        (161, 1, 7.5),
    ]
    assert (found["decision"], found["mismatched"], found["srm"], found["cuped"]) == (
        "variant",
        1,
        {"pValue": None, "ok": True},
        None,
    )
    await shop.move(experiment_id, "complete")
    assert (await shop.results(experiment_id))["comparison"] == comparison


async def test_power_tells_users_and_days_of_the_placements_own_traffic(shop: Shop) -> None:
    experiment_id = await shop.make(start=False, metric="conversion_rate", trafficSplit=30)
    path = f"{shop.path}/{experiment_id}/power"
    nothing = (await shop.person.call("GET", f"{path}?lift=0.1")).json()["data"]
    assert (nothing["users"], nothing["days"], nothing["baseline"]) == (None, None, None)
    assert "Send impressions first" in nothing["warnings"][0]
    rng, at, events, bought = random.Random(11), now_ms() - 10 * 86_400_000, [], 0
    for number in range(200):
        events.append(event("impression", f"t{number}", "p", at + number * 4_000_000, {"placementId": "home"}))
        if rng.random() < 0.2:
            bought += 1
            events.append(event("purchase", f"t{number}", "p", at + number * 4_000_000 + 1, {"price": 3}))
    events += [event("impression", f"else{number}", "p", at, {"placementId": "cart"}) for number in range(50)]
    await shop.send(events)
    found = (await shop.person.call("GET", f"{path}?lift=0.1&power=0.9")).json()["data"]
    rate = bought / 200
    wanted = (
        (stats.norm.ppf(0.975) + stats.norm.ppf(0.9)) ** 2 * rate * (1 - rate) * (1 / 0.3 + 1 / 0.7) / (0.1 * rate) ** 2
    )
    assert found["baseline"] == near(rate)
    assert found["users"] == np.ceil(wanted)
    assert found["trafficDays"] == pytest.approx(10, abs=0.01)
    assert found["days"] == np.ceil(found["users"] / (200 / found["trafficDays"]))
    assert found["warnings"] == []
    for query in ("", "?lift=x", "?lift=-1", "?lift=0.1&power=1", "?lift=0.1&more=1"):
        assert (await shop.person.call("GET", path + query)).status_code == 422
    assert (await shop.person.call("GET", f"{path}?lift=0")).json()["data"]["users"] is None
