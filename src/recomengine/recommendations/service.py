"""From a query to a reply: one coalesced Redis read, a kernel over the mapped model, pre-encoded product fragments.

No PostgreSQL on this path, unless Redis is down or has lost something: then the shopper's newest events come from the
truth. A cached list is good only for the model, the catalog and the shopper's newest event that it was made from: each
change of any of them invalidates all lists it touches, at no cost.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter, time
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import msgspec
import numpy as np

from recomengine._core.candidates import Workspace
from recomengine._core.csr import Int32
from recomengine._core.ranking import NO_SOURCE, Ranker, rank
from recomengine.catalog.live import Catalogs, LiveCatalog
from recomengine.events.trail import (
    TRAIL_LENGTH,
    Trail,
    aliases_in,
    join_trails,
    may_miss,
    parse_trail,
    recent_from_database,
    since_key,
    trail_entry,
    trail_key,
)  # fmt: skip
from recomengine.infra.database import DATABASE_AWAY, Pool
from recomengine.infra.metrics import FALLBACKS, RECOMMENDATION_MS, count_recommendation
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.infra.tracing import span
from recomengine.models.backtest import REPEAT_SHARE, of_moment
from recomengine.models.evidence import KIND_OF_STRATEGY
from recomengine.models.model import Model
from recomengine.models.registry import ModelRegistry
from recomengine.models.shopper import NO_ITEMS, NOBODY, Shopper, moment
from recomengine.recommendations.cache import Cached, Item, cache_key, decode_cached, encode_cached, ttl_s
from recomengine.recommendations.diversity import in_variety, wider
from recomengine.recommendations.schemas import Query, least_cents, most_cents
from recomengine.recommendations.served import Served, asked_for, interleaved
from recomengine.recommendations.shopper import is_live, look_up
from recomengine.recommendations.strategies import KIND_OF_SOURCE, NEWCOMER, STRATEGY_OF_KIND, UNRANKED, reason_of, shown_scores, weights_of
from recomengine.web.caller import Caller

Column = TypeVar("Column", int, float)

SEEDED = ("collaborative", "bought_together", "similar")
"""Kinds of evidence that start from a product, which the reason names."""
NO_EVIDENCE = Ranker([], np.zeros((0, 5), np.float32))
NO_WEIGHTS = np.zeros(NO_EVIDENCE.width, np.float32)

_encode = msgspec.json.Encoder().encode


class Known(NamedTuple):
    """What Redis (or, without it, PostgreSQL) says before a request is computed."""

    trail: list[Trail]
    aliases: list[str]
    newest: str
    cached: Sequence[bytes | None]
    """Of each query."""


class Recommender:
    def __init__(self, pool: Pool, redis: RedisClient, catalogs: Catalogs, models: ModelRegistry) -> None:
        self._pool = pool
        self._redis = redis
        self._catalogs = catalogs
        self._models = models
        self._workspace = Workspace()

    def look(self, caller: Caller, served: Served) -> "asyncio.Future[list[Any]]":
        """Ask Redis now for what the request needs, so that it shares the round trip of the limiter."""
        commands: list[tuple[str | int, ...]] = [("GET", cache_key(caller, query)) for query in served.queries]
        user_id = served.queries[0].user_id
        if user_id is not None:
            commands += [("LRANGE", trail_key(caller.tenant, user_id), 0, TRAIL_LENGTH - 1), ("GET", since_key(caller.tenant))]
        return self._redis.call(*commands)

    async def answer(self, caller: Caller, served: Served, looked: "asyncio.Future[list[Any]]") -> bytes:
        """The whole reply, `{"data": […], "meta": {…}}`."""
        catalog = await self._catalogs.get(caller.tenant_id)
        model = await self._models.get(caller.tenant_id)
        known = await self._know(caller, served, model, looked)
        stamp = _stamp(caller, catalog, model, known)
        lists, hit = [], True
        for query, value in zip(served.queries, known.cached, strict=True):
            made = decode_cached(value, stamp)
            count_recommendation(cached=made is not None)
            if made is None:
                hit = False
                made = self._make(caller, query, catalog, model, known, stamp)
            lists.append(made)
        return reply(caller, served, catalog, model, lists, hit=hit)

    async def _know(self, caller: Caller, served: Served, model: Model | None, looked: "asyncio.Future[list[Any]]") -> Known:
        user_id, nothing = served.queries[0].user_id, [None] * len(served.queries)
        try:
            replies = await looked
            if user_id is None:
                return Known([], [], "", replies)
            *cached, entries, since = replies
            trail = parse_trail(entries)
            if aliases := aliases_in(trail):
                trail = join_trails([trail, *await self._trails_of(caller, aliases)])
        except RedisUnavailable:
            FALLBACKS.labels("cache").inc()
            if user_id is None:
                return Known([], [], "", nothing)
            FALLBACKS.labels("recents").inc()
            whole = await recent_from_database(self._pool, caller.tenant_id, user_id, TRAIL_LENGTH)
            return Known(join_trails([whole]), aliases_in(whole), "", nothing)
        if model is not None and may_miss(entries, since, model.through_ms) and (whole := await self._whole_trail(caller, user_id)):
            trail, aliases = join_trails([whole]), aliases_in(whole)
        return Known(trail, aliases, "|".join([*map(trail_entry, trail[:1]), *aliases]), cached)

    async def _trails_of(self, caller: Caller, users: Sequence[str]) -> list[list[Trail]]:
        replies = await self._redis.call(*(("LRANGE", trail_key(caller.tenant, user), 0, TRAIL_LENGTH - 1) for user in users))
        return [parse_trail(entries) for entries in replies]

    async def _whole_trail(self, caller: Caller, user_id: str) -> list[Trail]:
        """The shopper's newest events, and aliases, where Redis has lost some; none where PostgreSQL is away too."""
        FALLBACKS.labels("recents").inc()
        try:
            return await recent_from_database(self._pool, caller.tenant_id, user_id, TRAIL_LENGTH)
        except DATABASE_AWAY:
            return []

    def _make(self, caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, known: Known, stamp: str) -> Cached:
        started = perf_counter()
        made = self._compute(caller, query, catalog, model, known.trail, stamp, known.aliases)
        RECOMMENDATION_MS.observe((perf_counter() - started) * 1000)
        self._remember(caller, query, made)
        return made

    def _compute(
        self, caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, trail: Sequence[Trail], stamp: str,
        aliases: Sequence[str] = (),
    ) -> Cached:
        shopper = look_up(model, catalog, query.user_id, trail, query.session_id, aliases) if query.user_id else NOBODY
        products = numbers(catalog, query.products)
        strategy = query.strategy or caller.config.default_strategy
        now = moment(query.page, products, shopper, live=is_live(trail, query.session_id, int(time() * 1000)))
        repeats = _purchased_stay(caller, query, model)
        context = "home_new" if now.context == "home" and not repeats else now.context
        never = _excluded(query, catalog, shopper, products, repeats=repeats)
        weights = weights_of(model, strategy, context, now.seeds) if model else NO_WEIGHTS
        strength = 0.0 if model is None else caller.config.diversity if query.diversity is None else query.diversity
        with span("rank"):
            items, scores, sources, because = rank(
                self._workspace, model.ranker if model else NO_EVIDENCE, weights, wider(query.limit) if strength else query.limit,
                **of_moment(now), available=catalog.available, price_cents=catalog.price_cents, categories=catalog.categories,
                fallback=model.fallback if model else NO_ITEMS, excluded=never,
                category_mask=None if query.category is None else catalog.category_mask(query.category),
                min_price_cents=least_cents(query.min_price), max_price_cents=most_cents(query.max_price),
            )  # fmt: skip
        shown = shown_scores(strategy, scores)
        if model is not None and strength:
            places = in_variety(items, shown, catalog.categories, model, query.limit, strength)
            items, shown, sources, because = _at(items, places), _at(shown, places), _at(sources, places), _at(because, places)
        kinds = ["popular" if source == NO_SOURCE else KIND_OF_SOURCE[source] for source in sources]
        did = dict(zip(shopper.items.tolist(), shopper.kinds.tolist(), strict=True))
        lines = [
            _line(catalog, number, score, kind, seed, now.context, did)
            for number, score, kind, seed in zip(items, shown, kinds, because, strict=True)
        ]
        if model is None:
            lines = [msgspec.structs.replace(line, reason=UNRANKED) for line in lines]
        elif model.newcomers:
            new = [kind == "popular" and number in model.newcomers for number, kind in zip(items, kinds, strict=True)]
            lines = [msgspec.structs.replace(line, reason=NEWCOMER) if is_new else line for line, is_new in zip(lines, new, strict=True)]
        own = KIND_OF_STRATEGY.get(strategy)
        fallback = bool(kinds) and (own not in kinds if own else all(kind in ("popular", "trending") for kind in kinds))
        return Cached(stamp, STRATEGY_OF_KIND[kinds[0]] if fallback and own else strategy, fallback, lines)

    def _remember(self, caller: Caller, query: Query, made: Cached) -> None:
        """Put the list into Redis without waiting for it."""
        self._redis.call(("SET", cache_key(caller, query), encode_cached(made), "EX", ttl_s(caller, query))).add_done_callback(_count_failure)


def _at(column: Sequence[Column], places: Sequence[int]) -> list[Column]:
    return [column[place] for place in places]


def _count_failure(done: "asyncio.Future[list[Any]]") -> None:
    if not done.cancelled() and done.exception() is not None:
        FALLBACKS.labels("cache").inc()


def numbers(catalog: LiveCatalog, product_ids: Sequence[str]) -> Int32:
    """The product numbers of those ids that the catalog knows."""
    found = [catalog.number(product_id) for product_id in product_ids]
    return np.array([number for number in found if number >= 0], np.int32)


def _stamp(caller: Caller, catalog: LiveCatalog, model: Model | None, known: Known) -> str:
    """All that a list is made from beside the query."""
    built = f"{model.version}+{model.folded}" if model else ""
    return f"{built}|{catalog.version}|{caller.config.exclude_purchased}|{caller.config.diversity}|{known.newest}"


def _purchased_stay(caller: Caller, query: Query, model: Model | None) -> bool:
    """Whether products that the shopper bought may be offered again."""
    if query.exclude_purchased is not None:
        return not query.exclude_purchased
    if caller.config.exclude_purchased != "auto":
        return caller.config.exclude_purchased == "never"
    return model is not None and model.repeat_share >= REPEAT_SHARE


def _excluded(query: Query, catalog: LiveCatalog, shopper: Shopper, products: Int32, *, repeats: bool) -> Int32:
    """What must not come, whatever else there is: the page's products, those named, and those bought."""
    parts = [products, numbers(catalog, query.excluded)]
    if not repeats:
        parts.append(shopper.purchased)
    return np.concatenate(parts)


def _line(catalog: LiveCatalog, number: int, score: float, kind: str, seed: int, context: str, did: dict[int, int]) -> Item:
    named = kind in SEEDED and 0 <= seed < catalog.size
    name = catalog.names[seed] if named else None
    because = (catalog.ids[seed],) if named else (catalog.ids[number],) if kind == "buy_again" else ()
    return Item(catalog.ids[number], round(score, 6), reason_of(kind, context, name, did.get(seed)), kind, because)


def reply(caller: Caller, served: Served, catalog: LiveCatalog, model: Model | None, lists: Sequence[Cached], *, hit: bool) -> bytes:
    """The product's pre-encoded members, and beside them what this list says of it; of an interleaved one also whose pick it is."""
    made, teams = interleaved(lists, served) if len(lists) > 1 else (lists[0], None)
    rows = []
    for place, item in enumerate(made.items):
        number = catalog.number(item.product_id)
        if number < 0:
            continue
        said: dict[str, Any] = {"score": item.score, "reason": item.reason, "evidence": {"kind": item.kind, "productIds": item.because}}
        if teams is not None:
            said["variant"] = teams[place]
        rows.append(b"{" + catalog.fragment(number, caller.config.currency) + b"," + _encode(said)[1:])
    meta = {
        "recommendationId": uuid4().hex, "strategy": made.strategy, "requestedStrategy": asked_for(caller, served),
        "experimentId": served.experiment_id, "variant": served.variant,
        "cached": hit, "modelVersion": model.version if model else None, "fallback": made.fallback,
    }  # fmt: skip
    return b'{"data":[' + b",".join(rows) + b'],"meta":' + _encode(meta) + b"}"
