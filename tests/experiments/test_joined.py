"""A shopper keeps the variant of the id that was seen first: through the login, on other devices, before and after a
build.
"""

from itertools import count
from typing import Any
from uuid import UUID

import httpx
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.joined import person_key
from recomengine.experiments.assignment import draft
from tests.experiments.shop import Shop, shoppers
from tests.support.apps import bearer, client_of
from tests.support.databases import fetch
from tests.support.processes import PATIENCE_S
from tests.support.shops import build
from tests.support.stored import now_ms

MINUTE_MS = 60_000


async def join(shop: Shop, user: str, anonymous: str) -> None:
    made = await shop.person.client.post(
        f"/api/v1/users/{user}/aliases", json={"anonymousId": anonymous}, headers=bearer(shop.key)
    )
    assert made.status_code == 201, made.text


async def undo(shop: Shop, user: str, anonymous: str) -> None:
    undone = await shop.person.client.delete(f"/api/v1/users/{user}/aliases/{anonymous}", headers=bearer(shop.key))
    assert undone.status_code == 204, undone.text


async def variants(shop: Shop, *users: str, client: httpx.AsyncClient | None = None) -> list[str]:
    return [(await shop.recommend(client, userId=user, placementId="home"))["meta"]["variant"] for user in users]


def shown(user: str, experiment_id: str, variant: str, ago_ms: int) -> dict[str, Any]:
    said = {"placementId": "home", "experimentId": experiment_id, "variant": variant}
    return {"eventType": "impression", "userId": user, "productId": "boot1", "timestamp": now_ms() - ago_ms,
            "metadata": said}  # fmt: skip


def view(user: str, ago_ms: int) -> dict[str, Any]:
    return {"eventType": "view", "userId": user, "productId": "boot1", "timestamp": now_ms() - ago_ms}


async def running(shop: Shop) -> tuple[str, str, str, str]:
    """An experiment, an account that the hash gives the variant, and two visitors to whom it gives control."""
    experiment_id = await shop.make()
    await shop.serves(experiment_id, userId="u1", placementId="home")
    visitors = shoppers(experiment_id, 50, "control", "visitor")
    return experiment_id, next(shoppers(experiment_id, 50, "variant", "account")), next(visitors), next(visitors)


async def test_a_login_changes_no_variant_of_who_was_shown_the_experiment_before_it(stocked: Shop) -> None:
    experiment_id, account, visitor, phone = await running(stocked)
    await stocked.send([view(account, 9 * MINUTE_MS), shown(visitor, experiment_id, "control", MINUTE_MS)])
    assert await variants(stocked, visitor, account) == ["control", "variant"]
    await join(stocked, account, visitor)
    assert await variants(stocked, visitor, account) == ["control", "control"]
    await join(stocked, account, phone)
    assert await variants(stocked, visitor, account, phone) == ["control"] * 3


async def test_a_device_that_joins_later_takes_the_variant_of_the_account(stocked: Shop) -> None:
    experiment_id, account, visitor, phone = await running(stocked)
    await stocked.send([
        shown(account, experiment_id, "variant", 5 * MINUTE_MS), shown(visitor, experiment_id, "control", MINUTE_MS),
        view(visitor, 9 * MINUTE_MS),
    ])  # fmt: skip
    for device in (visitor, phone):
        await join(stocked, account, device)
    assert await variants(stocked, account, visitor, phone) == ["variant"] * 3


async def test_among_shoppers_whom_no_experiment_was_shown_who_came_first_decides(stocked: Shop) -> None:
    _, account, visitor, phone = await running(stocked)
    await stocked.send([view(account, 5 * MINUTE_MS), view(visitor, MINUTE_MS)])
    await join(stocked, account, visitor)
    assert await variants(stocked, account, visitor) == ["variant", "variant"]
    await join(stocked, "unseen", phone)
    assert await variants(stocked, "unseen", phone) == ["control", "control"]


async def test_every_process_gives_the_same_variant_with_redis_and_without_it(
    stocked: Shop, other_process: str, without_redis: Starlette
) -> None:
    experiment_id, account, visitor, phone = await running(stocked)
    await stocked.send([shown(visitor, experiment_id, "control", MINUTE_MS)])
    for device in (phone, visitor):
        await join(stocked, account, device)
    async with (
        httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as process,
        client_of(without_redis) as alone,
    ):
        for client in (stocked.person.client, process, alone):
            await stocked.serves(experiment_id, client, userId=account, placementId="home")
            assert await variants(stocked, account, visitor, phone, client=client) == ["control"] * 3


async def test_every_process_that_has_the_next_build_gives_the_same_variant_by_it(
    stocked: Shop, context: Context, neighbour: Starlette
) -> None:
    experiment_id, account, visitor, _ = await running(stocked)
    await stocked.send([shown(visitor, experiment_id, "control", MINUTE_MS)])
    await join(stocked, account, visitor)
    await build(context, UUID(stocked.id))
    await context.redis.call(*(("UNLINK", person_key(stocked.id, user)) for user in (account, visitor)))
    async with client_of(neighbour) as other:
        for client in (stocked.person.client, other):
            await stocked.serves(experiment_id, client, userId=account, placementId="home")
            assert await variants(stocked, account, visitor, client=client) == ["control", "control"]


async def test_a_shopper_of_several_ids_finds_the_variants_list_in_the_cache(stocked: Shop) -> None:
    experiment_id, account, visitor, _ = await running(stocked)
    await stocked.send([shown(visitor, experiment_id, "control", MINUTE_MS)])
    await join(stocked, account, visitor)
    params = {"userId": account, "placementId": "home", "productId": "boot2"}
    first, again = await stocked.recommend(**params), await stocked.recommend(**params)
    assert (first["meta"]["cached"], again["meta"]["cached"]) == (False, True)
    assert first["meta"]["strategy"] == again["meta"]["strategy"] == "trending"
    assert first["data"] == again["data"]


async def test_an_interleaved_list_is_drafted_the_same_under_every_id(stocked: Shop) -> None:
    experiment_id = await stocked.make(kind="interleaving")
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    lists = [[f"c{number}" for number in range(20)], [f"v{number}" for number in range(20)]]
    teams = {"ann": draft(*lists, 8, "ann", experiment_id)}
    anonymous = next(
        name for name in map("anon{}".format, count()) if draft(*lists, 8, name, experiment_id) != teams["ann"]
    )
    await stocked.send([shown(anonymous, experiment_id, "control", MINUTE_MS)])
    params = {"placementId": "home", "productId": "boot2"}
    alone = await stocked.recommend(userId=anonymous, **params)
    await join(stocked, "ann", anonymous)
    for user in ("ann", anonymous):
        after = await stocked.recommend(userId=user, **params)
        assert [(each["productId"], each["variant"]) for each in after["data"]] == [
            (each["productId"], each["variant"]) for each in alone["data"]
        ]


async def test_an_undone_join_gives_each_the_variant_of_its_own(stocked: Shop) -> None:
    experiment_id, account, visitor, phone = await running(stocked)
    await stocked.send([
        shown(visitor, experiment_id, "control", 9 * MINUTE_MS), shown(account, experiment_id, "variant", MINUTE_MS),
    ])  # fmt: skip
    for device in (visitor, phone):
        await join(stocked, account, device)
    assert await variants(stocked, account, visitor, phone) == ["control"] * 3
    await undo(stocked, account, visitor)
    assert await variants(stocked, account, phone, visitor) == ["variant", "variant", "control"]
    await undo(stocked, account, phone)
    assert await variants(stocked, account, phone, visitor) == ["variant", "control", "control"]


async def test_the_database_names_for_every_id_the_shopper_and_the_id_that_is_hashed(
    stocked: Shop, context: Context
) -> None:
    experiment_id, account, visitor, phone = await running(stocked)
    await stocked.send([shown(visitor, experiment_id, "control", MINUTE_MS), view(account, 9 * MINUTE_MS)])
    for device in (visitor, phone):
        await join(stocked, account, device)
    rows = await fetch(
        context.settings.database_url,
        "SELECT id, user_id, first_seen_id FROM joined_ids WHERE tenant_id::text = $1",
        stocked.id,
    )
    assert sorted(map(tuple, rows)) == sorted((each, account, visitor) for each in (account, visitor, phone))
