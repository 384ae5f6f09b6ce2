"""The sample shop as `recomengine demo` loads it: what was planted is found again, and what is printed works as it
stands.
"""

import asyncio
import json
import shlex
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
import structlog

from recomengine.demo.app import create_app_from_environment
from recomengine.demo.catalog import demo_products
from recomengine.demo.planted import GroundTruth, ground_truth
from recomengine.demo.prepare import DEMO_FILE, prepare_demo, storefront_origins
from recomengine.demo.simulation import regulars
from recomengine.infra.migrations import migrate
from recomengine.settings import Settings
from tests.support.apps import SECRET, Servers, bearer, client_of
from tests.support.databases import fetch, fetchval, fresh_database
from tests.support.shops import until

API = "/api/v1"
LIMIT = 8
SHOPPERS = 100


class Demo(NamedTuple):
    settings: Settings
    greeting: str

    @property
    def made(self) -> dict[str, str]:
        made: dict[str, str] = json.loads((self.settings.data_dir / DEMO_FILE).read_text(encoding="utf-8"))
        return made


@pytest.fixture(scope="module")
def demo(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The shop loaded once, with its model."""
    with fresh_database(servers.database_url) as url:
        settings = Settings(
            database_url=url, redis_url=servers.redis_url, data_dir=tmp_path_factory.mktemp("demo"), port=5999,
            jwt_secret=SECRET, api_key_hmac_secret=SECRET, internal_api_key=SECRET, log_level="error",
        )  # fmt: skip
        asyncio.run(migrate(url))
        yield Demo(settings, asyncio.run(prepare_demo(settings, print)))


@pytest.fixture
async def shop(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The demo's own app, made from the environment as `up` gives it."""
    for name in (
        "database_url",
        "redis_url",
        "data_dir",
        "port",
        "jwt_secret",
        "api_key_hmac_secret",
        "internal_api_key",
        "log_level",
    ):
        monkeypatch.setenv(name.upper(), str(getattr(demo.settings, name)))
    app = create_app_from_environment()
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def truth() -> GroundTruth:
    return ground_truth(demo_products())


async def recommended(shop: httpx.AsyncClient, demo: Demo, **query: Any) -> list[dict[str, Any]]:
    answer = await shop.get(
        f"{API}/recommendations", params={"limit": LIMIT} | query, headers=bearer(demo.made["read"])
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["data"]
    return items


def curl_lines(greeting: str) -> list[str]:
    return [line for line in greeting.splitlines() if line.startswith("curl ")]


async def curl(shop: httpx.AsyncClient, line: str) -> httpx.Response:
    """What curl would send, as the shell splits the line."""
    _, url, *rest = shlex.split(line)
    options = list(zip(rest[::2], rest[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
    body = [value for option, value in options if option == "-d"]
    assert {option for option, _ in options} <= {"-H", "-d"}
    assert url.startswith("http://127.0.0.1:5999/")
    return await shop.request("POST" if body else "GET", url, headers=headers, content="".join(body))


async def test_every_product_and_event_is_loaded_and_the_model_knows_them(shop: httpx.AsyncClient, demo: Demo) -> None:
    listed = await shop.get(f"{API}/catalog", params={"limit": 100}, headers=bearer(demo.made["read"]))
    model = (
        await shop.get(f"{API}/tenants/{demo.made['tenantId']}/model", headers=bearer(demo.made["readWrite"]))
    ).json()["data"]
    events = await fetchval(demo.settings.database_url, "SELECT count(*) FROM events")

    assert listed.json()["meta"]["nextCursor"] is not None
    assert model["status"] == "ready"
    assert (model["items"], model["events"]) == (240, events)
    assert events > 150_000


async def test_planted_pairs_surface_as_bought_together(
    shop: httpx.AsyncClient, demo: Demo, truth: GroundTruth
) -> None:
    found = []
    for wanted, added in truth.pairs:
        first = await recommended(
            shop,
            demo,
            userId="somebody",
            productId=wanted,
            strategy="frequently_bought_together",
            excludePurchased=False,
        )
        if added in [item["productId"] for item in first[:2] if item["evidence"]["kind"] == "bought_together"]:
            found.append((wanted, added))

    assert len(found) >= 0.95 * len(truth.pairs), set(truth.pairs) - set(found)


async def test_planted_pairs_surface_in_auto_too(shop: httpx.AsyncClient, demo: Demo, truth: GroundTruth) -> None:
    found = [
        added in [item["productId"] for item in await recommended(shop, demo, productId=wanted)]
        for wanted, added in truth.pairs
    ]

    assert sum(found) >= 0.95 * len(truth.pairs)


async def test_planted_tastes_show_in_collaborative_recommendations(
    shop: httpx.AsyncClient, demo: Demo, truth: GroundTruth
) -> None:
    taste_of = {product: taste for taste, products in truth.tastes.items() for product in products}
    views = await fetch(
        demo.settings.database_url, "SELECT user_id, product_id FROM events WHERE event_type = 'view' ORDER BY user_id"
    )
    tastes: dict[str, Counter[str]] = defaultdict(Counter)
    for user, product in views:
        tastes[user][taste_of[product]] += 1
    shares = []
    for user, seen in islice(((user, seen) for user, seen in tastes.items() if seen.total() >= 20), SHOPPERS):
        items = await recommended(shop, demo, userId=user, strategy="collaborative")
        shares.append(sum(taste_of[item["productId"]] == seen.most_common(1)[0][0] for item in items) / len(items))

    by_chance = max(len(products) for products in truth.tastes.values()) / len(taste_of)
    assert len(shares) == SHOPPERS
    assert sum(shares) / len(shares) > max(0.5, 4 * by_chance)


async def test_nothing_durable_is_offered_because_it_was_bought_before(
    shop: httpx.AsyncClient, demo: Demo, truth: GroundTruth
) -> None:
    bought = "SELECT user_id, product_id FROM events WHERE event_type = 'purchase'"
    owned = await fetch(demo.settings.database_url, bought)
    strategies = ("auto", "collaborative", "trending", "buy_again", "recently_viewed", "popular")
    places: list[dict[str, Any]] = [{"strategy": strategy} for strategy in strategies]
    again: Counter[str] = Counter()
    for user, _ in regulars():
        pages = [{"productId": product} for product in {product for owner, product in owned if owner == user}]
        for query in places + pages + [page | {"context": "cart"} for page in pages]:
            items = await recommended(shop, demo, userId=user, limit=100, **query)
            again.update(item["productId"] for item in items if item["evidence"]["kind"] == "buy_again")
            offered = {item["productId"] for item in items}
            assert not offered & ({product for owner, product in owned if owner == user} - set(truth.consumables))

    assert set(again) <= set(truth.consumables)
    assert again.total() > len(regulars())


async def test_each_click_of_a_stranger_brings_the_list_nearer_to_their_taste(
    shop: httpx.AsyncClient, demo: Demo, truth: GroundTruth
) -> None:
    lists: dict[str, list[list[str]]] = {}
    for number, (taste, products) in enumerate(truth.tastes.items()):
        visit = {"userId": f"stranger-{number}", "sessionId": f"visit-{number}"}
        lists[taste] = [[item["productId"] for item in await recommended(shop, demo, **visit)]]
        for product in products[::9][:3]:
            sent = await shop.post(
                f"{API}/events",
                json=visit | {"eventType": "view", "productId": product},
                headers=bearer(demo.made["readWrite"]),
            )
            assert sent.status_code == 202
            lists[taste].append([item["productId"] for item in await recommended(shop, demo, **visit)])

    of_taste = [
        sum(len(set(listed[clicks]) & set(truth.tastes[taste])) for taste, listed in lists.items()) / len(lists)
        for clicks in range(4)
    ]
    changed = [LIMIT - len(set(listed[2]) & set(listed[3])) for listed in lists.values()]
    assert of_taste[0] < 2
    assert of_taste[1] > 5
    assert of_taste[3] > 0.9 * LIMIT
    assert min(changed) >= 1
    assert sum(changed) / len(changed) >= 2


async def test_a_product_of_this_minute_is_in_its_categorys_lists(shop: httpx.AsyncClient, demo: Demo) -> None:
    mugs = [product["productId"] for product in demo_products() if product["category"] == "Kitchen > Mugs"]
    mug = {
        "name": "Ash-Glazed Stoneware Mug", "category": "Kitchen > Mugs", "price": 19,
        "description": "A hand-thrown stoneware mug for coffee and tea, with a wide handle. Dishwasher safe.",
    }  # fmt: skip
    path, headers = f"{API}/catalog/ash-glazed-stoneware-mug", bearer(demo.made["readWrite"])
    await recommended(shop, demo)
    assert (await shop.put(path, json=mug, headers=headers)).status_code in (200, 201)
    try:

        async def offered() -> bool:
            listed = await recommended(shop, demo, category="Kitchen > Mugs")
            return "ash-glazed-stoneware-mug" in [item["productId"] for item in listed]

        await until(offered)
        item = next(
            item
            for item in await recommended(shop, demo, category="Kitchen > Mugs")
            if item["productId"] == "ash-glazed-stoneware-mug"
        )
        assert item["reason"] == "New in this shop"
        alike = [
            [item["productId"] for item in await recommended(shop, demo, productId=each, strategy="content_based")]
            for each in mugs
        ]
        assert sum("ash-glazed-stoneware-mug" in listed for listed in alike) >= len(mugs) // 2
        page = await recommended(shop, demo, productId="ash-glazed-stoneware-mug")
        assert sum(item["productId"] in mugs for item in page) > LIMIT // 2
    finally:
        await shop.delete(path, headers=headers)


async def test_rising_products_lead_what_is_trending(shop: httpx.AsyncClient, demo: Demo, truth: GroundTruth) -> None:
    items = await recommended(shop, demo, userId="somebody", strategy="trending")

    assert {item["productId"] for item in items[: len(truth.rising)]} == set(truth.rising)


async def test_the_printed_curl_lines_work_as_they_stand(shop: httpx.AsyncClient, demo: Demo) -> None:
    personal, together, event, login = curl_lines(demo.greeting)

    for line in (personal, together):
        answer = await curl(shop, line)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["data"]) == 4
    answer = await curl(shop, event)
    assert (answer.status_code, answer.json()["data"]["status"]) == (202, "accepted")
    access = (await curl(shop, login)).json()["data"]["accessToken"]
    (own,) = (await shop.get(f"{API}/tenants", headers=bearer(access))).json()["data"]
    assert own["id"] == demo.made["tenantId"]


async def test_the_event_of_the_third_line_shows_in_the_next_answer(shop: httpx.AsyncClient, demo: Demo) -> None:
    event = curl_lines(demo.greeting)[2]
    sent = json.loads(shlex.split(event)[-1]) | {"userId": "newcomer"}

    before = await recommended(shop, demo, userId="newcomer")
    await shop.post(f"{API}/events", json=sent, headers=bearer(demo.made["readWrite"]))
    after = await recommended(shop, demo, userId="newcomer")

    assert all(item["evidence"]["productIds"] == [] for item in before)
    assert after[0]["evidence"]["productIds"] == [sent["productId"]]


async def test_the_printed_storefront_works_with_its_publish_key(shop: httpx.AsyncClient, demo: Demo) -> None:
    address = next(line.split()[1] for line in demo.greeting.splitlines() if line.split()[:1] == ["storefront"])
    page = await shop.get(address)
    shown = await shop.get(f"{API}/recommendations", params={"userId": regulars()[0][0], "key": demo.made["publish"]})
    event = {
        "key": demo.made["publish"],
        "eventType": "view",
        "userId": "visitor",
        "productId": demo_products()[0]["productId"],
    }

    def sent_from(origin: str) -> Awaitable[httpx.Response]:
        return shop.post(
            f"{API}/events", content=json.dumps(event), headers={"Content-Type": "text/plain", "Origin": origin}
        )

    seen = [
        (await sent_from(f"http://{host}")).status_code
        for host in ("127.0.0.1:5999", "localhost:5999", "127.0.0.1:6000")
    ]

    assert page.status_code == 200
    assert f'data-key="{demo.made["publish"]}"' in page.text
    assert (shown.status_code, len(shown.json()["data"])) == (200, 8)
    for item in shown.json()["data"]:
        assert (await shop.get(item["imageUrl"])).headers["content-type"] == "image/svg+xml"
    assert seen == [202, 202, 403]


async def test_a_restart_prints_the_same_and_loads_nothing_again(shop: httpx.AsyncClient, demo: Demo) -> None:
    before = await fetchval(demo.settings.database_url, "SELECT count(*) FROM events")

    assert await prepare_demo(demo.settings, print) == demo.greeting
    assert await fetchval(demo.settings.database_url, "SELECT count(*) FROM events") == before


@pytest.mark.parametrize(
    ("settings", "origins"),
    [
        (Settings(port=5008), ("http://127.0.0.1:5008", "http://localhost:5008")),
        (Settings(host="0.0.0.0", port=80), ("http://0.0.0.0", "http://127.0.0.1", "http://localhost")),
        (
            Settings(public_url="https://Shop.example/reco/"),
            ("https://shop.example", "http://127.0.0.1:5008", "http://localhost:5008"),
        ),
    ],
)
def test_the_storefront_may_be_called_by_every_name_it_has(settings: Settings, origins: tuple[str, ...]) -> None:
    assert storefront_origins(settings) == origins


async def test_a_restart_on_another_port_takes_events_from_there(shop: httpx.AsyncClient, demo: Demo) -> None:
    moved = msgspec.structs.replace(demo.settings, port=6001)
    greeting = await prepare_demo(moved, print)
    event = {"key": demo.made["publish"], "eventType": "view", "userId": "visitor", "productId": "pocket-torch"}
    seen = await shop.post(f"{API}/events", json=event, headers={"Origin": "http://localhost:6001"})

    assert "http://127.0.0.1:6001/shop" in greeting
    assert seen.status_code == 202


def test_the_keys_are_kept_where_only_their_owner_reads_them(demo: Demo) -> None:
    file: Path = demo.settings.data_dir / DEMO_FILE

    assert file.stat().st_mode & 0o777 == 0o600
    for key in ("read", "readWrite", "publish", "tenantId"):
        assert demo.made[key] in demo.greeting
