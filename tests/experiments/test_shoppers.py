"""In an experiment a person is one unit, under whatever ids; robots are none; what comes back is no revenue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomengine.context import Context
from recomengine.experiments import service
from recomengine.experiments.assignment import bucket
from tests.experiments.shop import Shop, shoppers
from tests.support.shoppers import Shoppers
from tests.support.shops import send

SPLIT = 50
ARMS = ("control", "variant")


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


class Trial:
    """A running experiment, and the events of its shoppers, one after the other."""

    def __init__(self, shop: Shop, experiment_id: str, ids: Shoppers) -> None:
        self.shop, self.id, self.ids = shop, experiment_id, ids
        self.clock = count(now_ms() - 60_000)

    def name(self, variant: str, prefix: str) -> str:
        """An id that the hash gives `variant`."""
        return next(shoppers(self.id, SPLIT, variant, prefix))

    async def send(self, kind: str, user: str, variant: str | None = None, product: str = "lamp", **more: Any) -> None:
        about = {"experimentId": self.id, "variant": variant} if variant else {}
        event = {"eventType": kind, "userId": user, "productId": product, "timestamp": next(self.clock)}
        await self.shop.send([event | {"metadata": about | more}])

    async def lines(self) -> list[tuple[int, int, int, int, float]]:
        found = await self.shop.results(self.id)
        columns = ("users", "impressions", "clicks", "conversions", "revenue")
        return [tuple(line[column] for column in columns) for line in found["variants"]]  # type: ignore[misc]


@pytest.fixture
async def trial(shop: Shop, context: Context) -> Trial:
    ids = Shoppers(context.settings.database_url, UUID(shop.id))
    return Trial(shop, await shop.make(metric="revenue_per_user", trafficSplit=SPLIT), ids)


async def test_who_saw_both_variants_before_logging_in_counts_once_with_the_first(trial: Trial) -> None:
    guest, account = trial.name("control", "guest"), trial.name("variant", "account")
    await trial.send("impression", guest, "control")
    await trial.send("impression", account, "variant")
    await trial.send("click", account, "variant")
    await trial.send("purchase", account, price=20, orderId="A1")
    assert await trial.lines() == [(1, 1, 0, 0, 0), (1, 1, 1, 1, 20)]
    await trial.ids.join(guest, account, first_seen=guest)
    await trial.send("impression", account, "control")
    assert await trial.lines() == [(1, 2, 0, 1, 20), (0, 0, 0, 0, 0)]
    found = await trial.shop.results(trial.id)
    assert (found["bothArms"], found["mismatched"]) == (1, 0)
    assert any("1 shoppers saw both variants" in warning for warning in found["warnings"])
    await trial.ids.part(guest)
    assert (await trial.lines())[1] == (1, 1, 1, 1, 20)
    assert (await trial.shop.results(trial.id))["bothArms"] == 0


async def test_two_devices_of_one_person_in_the_same_variant_are_one_shopper(trial: Trial) -> None:
    phone, tablet = trial.name("variant", "phone"), trial.name("variant", "tablet")
    await trial.send("impression", phone, "variant")
    await trial.send("impression", tablet, "variant")
    await trial.send("purchase", phone, price=5)
    await trial.send("purchase", tablet, price=7)
    await trial.ids.join(phone, "account")
    await trial.ids.join(tablet, "account")
    assert await trial.lines() == [(0, 0, 0, 0, 0), (1, 2, 0, 1, 12)]
    assert (await trial.shop.results(trial.id))["bothArms"] == 0


async def test_a_completed_experiment_keeps_how_many_saw_both_variants(trial: Trial) -> None:
    guest, account = trial.name("control", "guest"), trial.name("variant", "account")
    await trial.send("impression", guest, "control")
    await trial.send("impression", account, "variant")
    await trial.ids.join(guest, account, first_seen=guest)
    await trial.shop.move(trial.id, "complete")
    await trial.ids.part(guest)
    assert (await trial.shop.results(trial.id))["bothArms"] == 1


async def test_robots_and_bots_take_no_part(trial: Trial) -> None:
    crawler, honest = trial.name("variant", "crawler"), trial.name("variant", "honest")
    for _ in range(3):
        await trial.send("impression", crawler, "variant")
    await trial.send("purchase", crawler, price=500)
    await trial.send("impression", honest, "variant")
    await trial.send("click", honest, "variant", bot=True)
    await trial.send("purchase", honest, price=400, bot=True)
    await trial.ids.mark(crawler)
    assert (await trial.lines())[1] == (1, 1, 0, 0, 0)
    await trial.ids.clear(crawler)
    assert (await trial.lines())[1] == (2, 4, 0, 1, 500)


async def test_what_comes_back_is_no_revenue_of_the_shopper_who_bought_it(trial: Trial) -> None:
    user = trial.name("variant", "user")
    await trial.send("purchase", user, product="rug", price=90, orderId="A0")
    await trial.send("impression", user, "variant")
    await trial.send("purchase", user, price=20, quantity=3, orderId="A1")
    await trial.send("return", user, quantity=1, orderId="A1")
    assert (await trial.lines())[1] == (1, 1, 0, 1, 40)
    await trial.send("return", user, product="rug", price=90, orderId="A0")
    assert (await trial.lines())[1] == (1, 1, 0, 1, 40), "bought before the first impression"
    await trial.send("return", user, price=100, orderId="A1", lineId="rest")
    assert (await trial.lines())[1] == (1, 1, 0, 1, 0), "a conversion stays one"
    await trial.shop.move(trial.id, "complete")
    assert (await trial.lines())[1] == (1, 1, 0, 1, 0)


async def test_what_comes_back_after_the_end_changes_nothing(trial: Trial) -> None:
    user = trial.name("control", "user")
    await trial.send("impression", user, "control")
    await trial.send("purchase", user, price=20, orderId="A1")
    await trial.shop.move(trial.id, "complete")
    await trial.send("return", user, price=20, orderId="A1")
    assert (await trial.lines())[0] == (1, 1, 0, 1, 20)


async def test_interleaving_takes_all_ids_of_a_person_as_one_and_deducts_what_came_back(
    shop: Shop, trial: Trial
) -> None:
    trial.id = await shop.make(kind="interleaving", placementId="cart")
    await trial.send("impression", "guest", "variant")
    await trial.send("click", "guest", "variant")
    await trial.send("impression", "account", "control")
    await trial.send("impression", "crawler", "control")
    await trial.send("purchase", "account", price=30, orderId="A1")
    await trial.send("return", "account", price=10, orderId="A1")
    assert await trial.lines() == [(3, 2, 0, 0, 0), (3, 1, 1, 0, 0)]
    await trial.ids.join("guest", "account")
    await trial.ids.mark("crawler")
    assert await trial.lines() == [(1, 1, 0, 0, 0), (1, 1, 1, 1, 20)]


async def test_power_counts_persons_and_what_they_kept(trial: Trial) -> None:
    for user in ("guest", "account", "other", "crawler"):
        await trial.send("impression", user, placementId="home")
    await trial.send("purchase", "account", price=30, orderId="A1")
    await trial.send("return", "account", price=10, orderId="A1")
    await trial.ids.join("guest", "account")
    await trial.ids.mark("crawler")
    found = await trial.shop.person.call("GET", f"{trial.shop.path}/{trial.id}/power?lift=0.1")
    assert found.json()["data"]["baseline"] == 10, "20 of two shoppers"


NAMES = ("a", "b", "c", "d")
STEP = st.tuples(
    st.sampled_from(["impression", "impression", "click", "purchase"]), st.sampled_from(NAMES),
    st.sampled_from([*ARMS, "own", "own", "own", None]), st.integers(0, 20), st.booleans(),
)  # fmt: skip
"""Kind, id, the variant that it names (own: the hash's), price, whether it says that it is a bot's."""


class Did(NamedTuple):
    kind: str
    user: str
    variant: str | None
    at: int
    price: int
    bot: bool


def plainly(
    did: Sequence[Did], hashed: Mapping[str, str], people: Mapping[str, str], robots: Collection[str]
) -> dict[str, list[Any]]:
    """users, impressions, clicks, conversions, purchases, revenue of each variant; hashed: the variant of each id."""
    left_out = {people[robot] for robot in robots}
    did = [each for each in did if people[each.user] not in left_out and not each.bot]
    rightly = [each for each in did if each.variant in (hashed[each.user], hashed[people[each.user]])]
    found: dict[str, list[Any]] = {arm: [0, 0, 0, 0, 0, Decimal()] for arm in ARMS}
    for person in sorted({people[each.user] for each in rightly}):
        seen = [each for each in rightly if people[each.user] == person and each.kind == "impression"]
        if not seen:
            continue
        first = min(seen, key=lambda each: (each.at, each.variant))
        bought = [
            each for each in did if each.kind == "purchase" and people[each.user] == person and each.at >= first.at
            and (each.variant is None or each in rightly)
        ]  # fmt: skip
        arm = found[first.variant or ""]
        arm[0] += 1
        arm[1] += sum(each.variant == first.variant for each in seen)
        arm[2] += sum(
            (each.kind, each.variant, people[each.user]) == ("click", first.variant, person) for each in rightly
        )
        arm[3] += bool(bought)
        arm[4] += len(bought)
        arm[5] += sum(each.price for each in bought)
    return found


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    steps=st.lists(STEP, min_size=1, max_size=25),
    joined=st.dictionaries(st.sampled_from(NAMES[:3]), st.just("d")),
    robots=st.sets(st.sampled_from(NAMES), max_size=1),
)
async def test_results_are_those_of_a_plain_count(
    steps: Any, joined: dict[str, str], robots: set[str], shop: Shop, context: Context
) -> None:
    prefix = str(now_ms())
    experiment_id = await shop.make(trafficSplit=SPLIT, placementId=prefix)
    names = {name: f"{prefix}-{name}" for name in NAMES}
    hashed = {name: "control" if bucket(names[name], experiment_id) < SPLIT else "variant" for name in NAMES}
    did = [
        Did(kind, name, hashed[name] if variant == "own" else variant, now_ms() - 1000 + at, price, bot)
        for at, (kind, name, variant, price, bot) in enumerate(steps)
    ]
    await send(context, UUID(shop.id), [
        {"eventId": f"{prefix}-{number}", "eventType": each.kind, "userId": names[each.user], "productId": "p",
         "timestamp": each.at, "metadata": {"price": each.price, "bot": each.bot} | ({} if each.variant is None
         else {"experimentId": experiment_id, "variant": each.variant})}
        for number, each in enumerate(did)
    ])  # fmt: skip
    ids = Shoppers(context.settings.database_url, UUID(shop.id))
    for name, user in joined.items():
        await ids.join(names[name], names[user])
    for robot in robots:
        await ids.mark(names[robot])
    found = await service.results(context.pool, UUID(shop.id), UUID(experiment_id))
    await shop.move(experiment_id, "complete")
    people = {name: joined.get(name, name) for name in NAMES}
    assert {
        line.variant: [line.users, line.impressions, line.clicks, line.conversions, line.purchases, line.revenue]
        for line in found.variants
    } == plainly(did, hashed, people, robots)
