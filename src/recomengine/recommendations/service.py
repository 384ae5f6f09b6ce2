"""From a query to a reply: one coalesced Redis read, a kernel over the mapped model, pre-encoded product fragments.

No PostgreSQL on this path, unless Redis is down and the shopper's newest events must come from the truth. A cached list
is good only for the model, the catalog and the shopper's newest event that it was made from: each change of any of them
invalidates all lists it touches, at no cost.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import numpy as np

from recomengine._core.csr import Int32
from recomengine._core.score import NO_SOURCE, Workspace, recommend
from recomengine.catalog.live import Catalogs, LiveCatalog
from recomengine.events.queries import recent_from_database
from recomengine.events.trail import Trail, parse_trail, trail_key
from recomengine.infra.database import Pool
from recomengine.infra.metrics import FALLBACKS, RECOMMENDATION_MS, RECOMMENDATION_REQUESTS
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models.model import Model
from recomengine.models.registry import ModelRegistry
from recomengine.recommendations.cache import Cached, Item, cache_key, decode_cached, encode_cached, ttl_s
from recomengine.recommendations.schemas import Query, least_cents, most_cents
from recomengine.recommendations.shopper import NOBODY, Shopper, look_up
from recomengine.recommendations.strategies import (
    OWN_EVIDENCE,
    REPEAT_SHOP,
    REVISIT_SHOP,
    STRATEGY_OF,
    Evidence,
    Plan,
    choose_seeds,
    make_plan,
    reason_of,
)
from recomengine.web.caller import Caller

TRAIL_LENGTH = 100
NOTHING = np.empty(0, np.int32)

_encode = msgspec.json.Encoder().encode


class Known(NamedTuple):
    """What Redis (or, without it, PostgreSQL) says before a request is computed."""

    trail: list[Trail]
    newest: str
    cached: bytes | None


class Recommender:
    def __init__(self, pool: Pool, redis: RedisClient, catalogs: Catalogs, models: ModelRegistry) -> None:
        self._pool = pool
        self._redis = redis
        self._catalogs = catalogs
        self._models = models
        self._workspace = Workspace()

    def look(self, caller: Caller, query: Query) -> "asyncio.Future[list[Any]]":
        """Ask Redis now for what the request needs, so that it shares the round trip of the limiter."""
        commands: list[tuple[str | int, ...]] = [("GET", cache_key(caller, query))]
        if query.user_id is not None:
            commands.append(("LRANGE", trail_key(caller.tenant, query.user_id), 0, TRAIL_LENGTH - 1))
        return self._redis.call(*commands)

    async def answer(self, caller: Caller, query: Query, looked: "asyncio.Future[list[Any]]") -> bytes:
        """The whole reply, `{"data": […], "meta": {…}}`."""
        known = await self._know(caller, query, looked)
        catalog = await self._catalogs.get(caller.tenant_id)
        model = await self._models.get(caller.tenant_id)
        stamp = f"{model.version if model else ''}|{catalog.version}|{known.newest}"
        cached = decode_cached(known.cached, stamp)
        RECOMMENDATION_REQUESTS.labels("yes" if cached else "no").inc()
        if cached is None:
            started = perf_counter()
            made = self._compute(caller, query, catalog, model, known.trail, stamp)
            RECOMMENDATION_MS.observe((perf_counter() - started) * 1000)
            self._remember(cache_key(caller, query), made, query)
            return reply(caller, query, catalog, model, made, hit=False)
        return reply(caller, query, catalog, model, cached, hit=True)

    async def _know(self, caller: Caller, query: Query, looked: "asyncio.Future[list[Any]]") -> Known:
        try:
            replies = await looked
        except RedisUnavailable:
            FALLBACKS.labels("cache").inc()
            if query.user_id is None:
                return Known([], "", None)
            FALLBACKS.labels("recents").inc()
            return Known(await recent_from_database(self._pool, caller.tenant_id, query.user_id, TRAIL_LENGTH), "", None)
        entries = replies[1] if len(replies) > 1 else []
        return Known(parse_trail(entries), entries[0].decode() if entries else "", replies[0])

    def _compute(self, caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, trail: Sequence[Trail], stamp: str) -> Cached:
        shopper = look_up(model, catalog, query.user_id, trail, query.session_id) if query.user_id else NOBODY
        products = numbers(catalog, query.products)
        strategy = query.strategy or caller.config.default_strategy
        live = query.session_id is not None or bool(trail)
        seeds = choose_seeds(query.page, products, shopper, live=live)
        repeats = _purchased_stay(caller, query, model)
        plan = make_plan(strategy, model, seeds, shopper, buy_again=repeats) if model else Plan([], [])
        never = _excluded(query, catalog, shopper, products, repeats=repeats)
        seen = seeds.items if seeds.context == "session" and (model is None or model.revisit_share < REVISIT_SHOP) else NOTHING
        items, scores, sources, because = self._best(query, query.limit, catalog, model, plan, np.concatenate([never, seen]))
        if len(seen) and len(items) < query.limit:  # rather again what was seen in this session than too few
            more = self._best(query, query.limit - len(items), catalog, model, plan, np.concatenate([never, np.array(items, np.int32)]))
            items, sources, because = items + more[0], sources + more[2], because + more[3]
            scores += [0.0] * len(more[0])
        kinds = [Evidence.POPULAR if source == NO_SOURCE else plan.kinds[source] for source in sources]
        did = dict(zip(shopper.items.tolist(), shopper.kinds.tolist(), strict=True))
        lines = [
            _line(catalog, number, score, kind, seed, seeds.context, did)
            for number, score, kind, seed in zip(items, scores, kinds, because, strict=True)
        ]
        own = OWN_EVIDENCE.get(strategy)
        fallback = bool(kinds) and (own not in kinds if own else all(kind in (Evidence.POPULAR, Evidence.TRENDING) for kind in kinds))
        return Cached(stamp, STRATEGY_OF[kinds[0]] if fallback and own else strategy, fallback, lines)

    def _best(
        self, query: Query, limit: int, catalog: LiveCatalog, model: Model | None, plan: Plan, excluded: Int32
    ) -> tuple[list[int], list[float], list[int], list[int]]:
        """The kernel's answer to `plan` under the query's filters."""
        return recommend(
            self._workspace, plan.sources, limit,
            available=catalog.available, price_cents=catalog.price_cents, categories=catalog.categories,
            fallback=model.popular if model else NOTHING, excluded=excluded,
            category_mask=None if query.category is None else catalog.category_mask(query.category),
            min_price_cents=least_cents(query.min_price), max_price_cents=most_cents(query.max_price),
        )  # fmt: skip

    def _remember(self, key: str, made: Cached, query: Query) -> None:
        """Put the list into Redis without waiting for it."""
        self._redis.call(("SET", key, encode_cached(made), "EX", ttl_s(query))).add_done_callback(_count_failure)


def _count_failure(done: "asyncio.Future[list[Any]]") -> None:
    if not done.cancelled() and done.exception() is not None:
        FALLBACKS.labels("cache").inc()


def numbers(catalog: LiveCatalog, product_ids: Sequence[str]) -> Int32:
    """The product numbers of those ids that the catalog knows."""
    found = [catalog.number(product_id) for product_id in product_ids]
    return np.array([number for number in found if number >= 0], np.int32)


def _purchased_stay(caller: Caller, query: Query, model: Model | None) -> bool:
    """Whether products that the shopper bought may be offered again."""
    if query.exclude_purchased is not None:
        return not query.exclude_purchased
    if caller.config.exclude_purchased != "auto":
        return caller.config.exclude_purchased == "never"
    return model is not None and model.repeat_share >= REPEAT_SHOP


def _excluded(query: Query, catalog: LiveCatalog, shopper: Shopper, products: Int32, *, repeats: bool) -> Int32:
    """What must not come, whatever else there is: the page's products, those named, and those bought."""
    parts = [products, numbers(catalog, query.excluded)]
    if not repeats:
        parts.append(shopper.purchased)
    return np.concatenate(parts)


def _line(catalog: LiveCatalog, number: int, score: float, kind: Evidence, seed: int, context: str, did: dict[int, int]) -> Item:
    named = kind in (Evidence.COLLABORATIVE, Evidence.TOGETHER, Evidence.CONTENT) and seed < catalog.size
    name = catalog.names[seed] if named else None
    because = (catalog.ids[seed],) if named else (catalog.ids[number],) if kind is Evidence.BUY_AGAIN else ()
    return Item(catalog.ids[number], round(score, 6), reason_of(kind, context, name, did.get(seed)), kind.value, because)


def reply(caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, made: Cached, *, hit: bool) -> bytes:
    """The product's pre-encoded members, and beside them what this list says of it."""
    rows = []
    for item in made.items:
        number = catalog.number(item.product_id)
        if number < 0:
            continue
        said = _encode({"score": item.score, "reason": item.reason, "evidence": {"kind": item.kind, "productIds": item.because}})
        rows.append(b"{" + catalog.fragment(number, caller.config.currency) + b"," + said[1:])
    meta = {
        "recommendationId": uuid4().hex, "strategy": made.strategy,
        "requestedStrategy": query.strategy or caller.config.default_strategy, "experimentId": None, "variant": None,
        "cached": hit, "modelVersion": model.version if model else None, "fallback": made.fallback,
    }  # fmt: skip
    return b'{"data":[' + b",".join(rows) + b'],"meta":' + _encode(meta) + b"}"

