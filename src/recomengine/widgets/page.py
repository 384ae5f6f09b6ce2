"""All lists of a page in one request: each is asked of the Recommender as a request of its own would be, and what the
page must know to show it stands beside it.

The strategies and sizes of the widgets come with the caller, so Redis is asked for the looks and for the lists in one
write.
"""

import asyncio
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from recomengine.infra.database import DATABASE_AWAY, Pool
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient
from recomengine.recommendations.schemas import Query
from recomengine.recommendations.service import Looked, Recommender
from recomengine.web.caller import Caller, PlacedWidget
from recomengine.widgets.legible import legible
from recomengine.widgets.looks import AskedLooks, ask_looks, looks_in_database, looks_in_redis
from recomengine.widgets.schemas import Look, PageIn, PlacementIn, WidgetIn, WidgetView, look_of

LIMIT_S = 0.25
"""No list waits longer for how it is to look."""
YIELD_EVERY = 10
NO_WIDGET = PlacedWidget("", None, WidgetIn(placement_id="").max_items, 0)

_encode = msgspec.json.Encoder().encode


class AskedPage(NamedTuple):
    looks: AskedLooks | None
    """None where no placement of the page has a widget."""
    lists: list[Looked]


def ask_page(redis: RedisClient, recommender: Recommender, caller: Caller, page: PageIn) -> AskedPage:
    placed = list(dict.fromkeys(one.placement_id for one in page.placements if one.placement_id in caller.widgets))
    looks = ask_looks(redis, caller, placed) if placed else None
    return AskedPage(looks, [recommender.look(caller, _query(caller, page, one)) for one in page.placements])


async def answer_page(
    pool: Pool, redis: RedisClient, recommender: Recommender, caller: Caller, asked: AskedPage
) -> bytes:
    """The whole reply, `{"data": [{"placementId", "widget", "data", "meta"} …]}`."""
    looks = {} if asked.looks is None else await _looks(pool, redis, caller, asked.looks)
    parts = []
    for position, looked in enumerate(asked.lists):
        placement_id = looked.query.placement_id
        assert placement_id is not None  # each of a page has one
        look = looks.get(placement_id) or _plain_look(caller, placement_id)
        parts.append(placed_list(caller, look, await recommender.answer(caller, looked)))
        if position % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)  # let other requests in
    return b'{"data":[' + b",".join(parts) + b"]}"


def placed_list(caller: Caller, look: Look, answer: bytes) -> bytes:
    """answer: as the Recommender gives it."""
    head = _encode({"placementId": look.placement_id, "widget": view_of(caller, look)})
    return head[:-1] + b"," + answer[1:]


def view_of(caller: Caller, look: Look) -> WidgetView:
    shown = {name: getattr(look, name) for name in Look.__struct_fields__} | {"theme": legible(look.theme)}
    return WidgetView(**shown, currency=caller.config.currency)


def _query(caller: Caller, page: PageIn, one: PlacementIn) -> Query:
    return Query(
        user_id=page.user_id, session_id=page.session_id, placement_id=one.placement_id, product_id=one.product_ids,
        strategy=one.strategy, limit=one.limit or caller.widgets.get(one.placement_id, NO_WIDGET).max_items,
        category=one.category[0] if len(one.category) == 1 else one.category or None,
        min_price=one.min_price, max_price=one.max_price, exclude=one.exclude, context=one.context,
    )  # fmt: skip


async def _looks(pool: Pool, redis: RedisClient, caller: Caller, asked: AskedLooks) -> dict[str, Look]:
    found = await looks_in_redis(caller, asked)
    missing = [placement_id for placement_id in asked.placement_ids if placement_id not in found]
    if not missing:
        return found
    try:
        return found | await looks_in_database(pool, redis, caller, missing, LIMIT_S)
    except DATABASE_AWAY:
        FALLBACKS.labels("looks").inc()
        return found


def _plain_look(caller: Caller, placement_id: str) -> Look:
    """As by default, with what the caller knows of a widget whose look cannot be read."""
    widget = caller.widgets.get(placement_id, NO_WIDGET)
    return replace(look_of(WidgetIn(placement_id=placement_id)), strategy=widget.strategy, max_items=widget.max_items)
