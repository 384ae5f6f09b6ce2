"""Histories against plain Python: what SQL packs and what the shares say."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.models import queries
from recomengine.models.grouping import MIN_ORDERS, baskets
from recomengine.models.histories import (
    ADD_TO_CART,
    CLICK,
    DAY_MS,
    DISLIKE,
    EVENT_TYPES,
    IMPRESSION,
    PURCHASE,
    VIEW,
    Histories,
    newest_per_user,
)
from tests.support.apps import MakeTenant
from tests.support.matrices import examples, pairs
from tests.support.shops import Event, fill_catalog, product, read_histories, send

START_MS = 1_700_000_000_000


class Did(NamedTuple):
    user: int
    type: int
    item: int
    time_ms: int
    group: int


deeds = st.lists(
    st.builds(
        Did,
        user=st.integers(0, 3),
        type=st.sampled_from([IMPRESSION, VIEW, CLICK, ADD_TO_CART, PURCHASE]),
        item=st.integers(0, 5),
        time_ms=st.integers(0, 4 * DAY_MS - 1).map(lambda ms: START_MS + ms // (DAY_MS // 4) * (DAY_MS // 4)),
        group=st.integers(0, 3),
    ),
    max_size=40,
)


def histories_of(deeds: Sequence[Did], users: int = 4) -> Histories:
    ordered = sorted(deeds, key=lambda did: (did.user, did.time_ms, did.type, did.item))
    counts = np.bincount([did.user for did in ordered], minlength=users) if ordered else np.zeros(users, np.int64)
    return Histories(
        [f"u{user}" for user in range(users)],
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([did.item for did in ordered], np.int32),
        np.array([did.type for did in ordered], np.uint8),
        np.array([did.time_ms for did in ordered], np.int64),
        np.array([did.group for did in ordered], np.int64),
    )


async def test_histories_read_from_sql_equal_a_plain_grouping_of_the_events(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant, other = await make_tenant(), await make_tenant()
    ids = [f"p{number}" for number in range(6)]
    for each in (tenant, other):
        await fill_catalog(context, each.id, [product(key) for key in ids])
    draw = random.Random(5)
    events: list[Event] = [
        {
            "eventType": draw.choice([*EVENT_TYPES, "search"]), "userId": draw.choice(["ann", "bob", "Zoë", "李"]),
            "productId": draw.choice([*ids, "unknown"]), "sessionId": draw.choice(["s1", "s2", None]),
            "timestamp": START_MS + draw.randrange(10_000) * 60_000,
            "metadata": draw.choice([None, {"orderId": "o1", "lineId": f"{at}"}, {"orderId": "o2", "lineId": f"{at}"}]),
        }
        for at in range(300)
    ]  # fmt: skip
    await send(context, tenant.id, events)
    await send(context, other.id, [{"eventType": "view", "userId": "ann", "productId": "p1", "timestamp": START_MS}])

    found = await read_histories(context, tenant.id, datetime.now(UTC) + timedelta(days=1))

    expected: dict[str, set[tuple[int, int, int]]] = defaultdict(set)
    groups: dict[str, set[int]] = defaultdict(set)
    for event in events:
        if event["eventType"] in EVENT_TYPES and event["productId"] in ids:
            expected[event["userId"]].add(
                (event["timestamp"], EVENT_TYPES.index(event["eventType"]), ids.index(event["productId"]))
            )
    assert found.users == sorted(expected, key=lambda user: user.encode())
    for number, user in enumerate(found.users):
        span = slice(found.indptr[number], found.indptr[number + 1])
        rows = list(
            zip(found.times_ms[span].tolist(), found.types[span].tolist(), found.items[span].tolist(), strict=True)
        )
        assert rows == sorted(expected[user])
    named = {
        (event["userId"], event["timestamp"], event["eventType"], event["productId"]):
            "o" + event["metadata"]["orderId"] if event["metadata"]
            else "s" + event["sessionId"] if event["sessionId"] else ""
        for event in reversed(events)
    }  # fmt: skip
    for owner, time_ms, code, item, group in zip(
        found.owners, found.times_ms, found.types, found.items, found.groups, strict=True
    ):
        groups[named[found.users[owner], int(time_ms), EVENT_TYPES[code], ids[item]]].add(int(group))
    assert all(len(codes) == 1 for codes in groups.values()), "one code an order or session"
    assert groups[""] == {0}
    assert len({next(iter(codes)) for codes in groups.values()}) == len(groups) == 5


async def test_events_stored_from_the_watermark_on_are_left_to_the_trail(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("p")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "before", "productId": "p"}])
    async with tenant_transaction(context.pool, tenant.id) as connection:
        through = await queries.events_watermark(connection, tenant.id)
    await send(context, tenant.id, [{"eventType": "view", "userId": "after", "productId": "p"}])

    assert (await read_histories(context, tenant.id, through)).users == ["before"]


@examples
@given(deeds, st.integers(1, 12))
def test_of_every_shopper_the_newest_deeds_all_purchases_and_dislikes_stay_known(deeds: list[Did], limit: int) -> None:
    histories = histories_of(deeds)

    indptr, kept = newest_per_user(histories, limit)

    events = list(zip(histories.items.tolist(), histories.types.tolist(), strict=True))
    stayed = [event for event, stays in zip(events, kept, strict=True) if stays]
    for user in range(len(histories.users)):
        done = [
            event for event in events[histories.indptr[user] : histories.indptr[user + 1]] if event[1] != IMPRESSION
        ]
        older, newest = done[:-limit], done[-limit:]
        lasting = [event for event in older if event[1] in (PURCHASE, DISLIKE)]
        assert stayed[indptr[user] : indptr[user + 1]] == lasting + newest


def plain_baskets(deeds: Sequence[Did], types: set[int]) -> list[list[int]]:
    """Each order, session or day; what one shopper put together again on the day is there once."""
    found: dict[tuple[int, str, int], list[Did]] = defaultdict(list)
    for did in deeds:
        if did.type in types:
            found[did.user, "group" if did.group else "day", did.group or did.time_ms // DAY_MS].append(did)
    once = {
        (group[0].user, min(did.time_ms for did in group) // DAY_MS, tuple(sorted({did.item for did in group})))
        for group in found.values()
    }  # fmt: skip
    return sorted(list(items) for _, _, items in once if len(items) >= 2)


@examples
@given(deeds)
def test_where_orders_are_few_baskets_are_orders_and_carts_by_order_session_or_day(deeds: list[Did]) -> None:
    made = baskets(histories_of(deeds))

    assert sorted([item for item, _ in row] for row in pairs(made)) == plain_baskets(deeds, {PURCHASE, ADD_TO_CART})


def test_where_orders_are_many_what_was_only_put_in_the_cart_is_no_basket() -> None:
    orders = [
        Did(order, PURCHASE, item, START_MS, 10 + order) for order in range(MIN_ORDERS) for item in (order % 3, 3)
    ]
    carts = [Did(0, ADD_TO_CART, item, START_MS, 5) for item in (4, 5)]

    made = baskets(histories_of(orders + carts, MIN_ORDERS))

    assert made.rows == MIN_ORDERS
    assert not {4, 5} & set(made.indices.tolist())


def test_purchases_without_an_order_are_one_basket_a_day() -> None:
    bought = [
        Did(0, PURCHASE, 0, START_MS, 0),
        Did(0, PURCHASE, 1, START_MS + 3_600_000, 0),
        Did(0, PURCHASE, 2, START_MS + DAY_MS, 0),
    ]
    bought += [Did(1, PURCHASE, 3, START_MS, 0)]

    assert [[item for item, _ in row] for row in pairs(baskets(histories_of(bought)))] == [[0, 1]]
