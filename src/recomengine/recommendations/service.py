"""From a query to a reply: one coalesced Redis read, a kernel over the mapped model, pre-encoded product fragments.

No PostgreSQL on this path, unless Redis is down or has lost something: then the shopper's newest events come from the
truth, where it answers soon. A cached list is good only for the model, the catalog and the shopper's newest event that
it was made from: each change of any of them invalidates all lists it touches, at no cost.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter, time
from typing import Any, NamedTuple

from recomengine._core.candidates import Workspace
from recomengine.catalog.live import Catalogs, LiveCatalog
from recomengine.events.trail import (
    TRAIL_LENGTH,
    Trail,
    aliases_in,
    join_trails,
    may_miss,
    parse_trail,
    since_key,
    trail_entry,
    trail_key,
)  # fmt: skip
from recomengine.infra.database import Pool
from recomengine.infra.metrics import FALLBACKS, RECOMMENDATION_MS, count_recommendation
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models.model import Model
from recomengine.models.registry import ModelRegistry
from recomengine.models.shopper import NOBODY, moment
from recomengine.recommendations.cache import Cached, cache_key, decode_cached, encode_cached, ttl_s
from recomengine.recommendations.lines import lines_of
from recomengine.recommendations.lost_trails import LostTrails
from recomengine.recommendations.ranked import numbers, ranked_for
from recomengine.recommendations.reply import reply
from recomengine.recommendations.schemas import Query
from recomengine.recommendations.served import Served
from recomengine.recommendations.shopper import is_live, look_up
from recomengine.recommendations.strategies import counts_as
from recomengine.web.caller import Caller


class Known(NamedTuple):
    """What Redis (or, without it, PostgreSQL) says before a request is computed."""

    trail: list[Trail]
    aliases: list[str]
    newest: str
    cached: Sequence[bytes | None]
    """Of each query."""


class Recommender:
    def __init__(self, pool: Pool, redis: RedisClient, catalogs: Catalogs, models: ModelRegistry) -> None:
        self._redis = redis
        self._catalogs = catalogs
        self._models = models
        self._workspace = Workspace()
        self._lost_trails = LostTrails(pool)

    def look(self, caller: Caller, served: Served) -> "asyncio.Future[list[Any]]":
        """Ask Redis now for what the request needs, so that it shares the round trip of the limiter."""
        commands: list[tuple[str | int, ...]] = [("GET", cache_key(caller, query)) for query in served.queries]
        user_id = served.queries[0].user_id
        if user_id is not None:
            commands += [
                ("LRANGE", trail_key(caller.tenant, user_id), 0, TRAIL_LENGTH - 1),
                ("GET", since_key(caller.tenant)),
            ]
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

    async def _know(
        self, caller: Caller, served: Served, model: Model | None, looked: "asyncio.Future[list[Any]]"
    ) -> Known:
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
            whole = await self._lost_trails.read(caller.tenant_id, user_id)
            return Known(join_trails([whole]), aliases_in(whole), "", nothing)
        lost = model is not None and may_miss(entries, since, model.through_ms)
        if lost and (whole := await self._lost_trails.read(caller.tenant_id, user_id)):
            trail, aliases = join_trails([whole]), aliases_in(whole)
        return Known(trail, aliases, "|".join([*map(trail_entry, trail[:1]), *aliases]), cached)

    async def _trails_of(self, caller: Caller, users: Sequence[str]) -> list[list[Trail]]:
        replies = await self._redis.call(
            *(("LRANGE", trail_key(caller.tenant, user), 0, TRAIL_LENGTH - 1) for user in users)
        )
        return [parse_trail(entries) for entries in replies]

    def _make(
        self, caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, known: Known, stamp: str
    ) -> Cached:
        started = perf_counter()
        made = self._compute(caller, query, catalog, model, known.trail, stamp, known.aliases)
        RECOMMENDATION_MS.observe((perf_counter() - started) * 1000)
        self._remember(caller, query, made)
        return made

    def _compute(
        self,
        caller: Caller,
        query: Query,
        catalog: LiveCatalog,
        model: Model | None,
        trail: Sequence[Trail],
        stamp: str,
        aliases: Sequence[str] = (),
    ) -> Cached:
        shopper = look_up(model, catalog, query.user_id, trail, query.session_id, aliases) if query.user_id else NOBODY
        live = is_live(trail, query.session_id, int(time() * 1000))
        now = moment(query.page, numbers(catalog, query.products), shopper, live=live)
        ranked = ranked_for(self._workspace, caller, query, catalog, model, shopper, now)
        lines = lines_of(ranked, catalog, model, now.context, shopper)
        strategy, fallback = counts_as(query.strategy or caller.config.default_strategy, ranked.sources)
        return Cached(stamp, strategy, fallback, lines)

    def _remember(self, caller: Caller, query: Query, made: Cached) -> None:
        """Put the list into Redis without waiting for it."""
        self._redis.call(
            ("SET", cache_key(caller, query), encode_cached(made), "EX", ttl_s(caller, query))
        ).add_done_callback(_count_failure)


def _count_failure(done: "asyncio.Future[list[Any]]") -> None:
    if not done.cancelled() and done.exception() is not None:
        FALLBACKS.labels("cache").inc()


def _stamp(caller: Caller, catalog: LiveCatalog, model: Model | None, known: Known) -> str:
    """All that a list is made from beside the query."""
    built = f"{model.version}+{model.folded}" if model else ""
    return f"{built}|{catalog.version}|{caller.config.exclude_purchased}|{caller.config.diversity}|{known.newest}"
