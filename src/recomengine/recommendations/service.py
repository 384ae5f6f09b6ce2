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
from recomengine.events.joined import JoinedIds, alone, decode_joined, person_key
from recomengine.events.trail import (
    TRAIL_LENGTH,
    Trail,
    join_trails,
    may_miss,
    parse_trail,
    since_key,
    trail_entry,
    trail_key,
)  # fmt: skip
from recomengine.infra.database import Pool
from recomengine.infra.metrics import FALLBACKS, RECOMMENDATION_MS, count_recommendation
from recomengine.infra.redis import Command, RedisClient, RedisUnavailable
from recomengine.models.model import Model
from recomengine.models.registry import ModelRegistry
from recomengine.models.shopper import NOBODY, moment
from recomengine.recommendations.cache import Cached, cache_key, decode_cached, encode_cached, ttl_s
from recomengine.recommendations.explaining import NEAR, AtTheMoment, bought_with, encode_related, explanation
from recomengine.recommendations.lines import lines_of
from recomengine.recommendations.lost_trails import LostTrails
from recomengine.recommendations.ranked import numbers, ranked_for
from recomengine.recommendations.reply import reply
from recomengine.recommendations.schemas import Query
from recomengine.recommendations.served import Served, serve
from recomengine.recommendations.shopper import look_up
from recomengine.recommendations.strategies import counts_as
from recomengine.web.caller import Caller
from recomengine.web.notes import Notes


class Looked(NamedTuple):
    """What was asked for before it is known whose the id is, which is the question's own unless it was joined."""

    query: Query
    served: Served
    replies: "asyncio.Future[list[Any]]"


class Known(NamedTuple):
    """What Redis (or, without it, PostgreSQL) says before a request is computed. others: ids of the shopper beside the
    one that the request names. cached: of each query that is served. parted: ids were the shopper's at the build that
    are no longer, so the trail alone is theirs.
    """

    served: Served
    trail: list[Trail]
    others: list[str]
    cached: Sequence[bytes | None]
    parted: bool = False


class Recommender:
    def __init__(self, pool: Pool, redis: RedisClient, catalogs: Catalogs, models: ModelRegistry, notes: Notes) -> None:
        self._redis = redis
        self._catalogs = catalogs
        self._models = models
        self._workspace = Workspace()
        self._lost_trails = LostTrails(pool)
        self._notes = notes

    def look(self, caller: Caller, query: Query) -> Looked:
        """Ask Redis now for what the request needs, so that it shares the round trip of the limiter."""
        self._notes.count(caller.tenant, "list_asked", query.placement_id or "")
        return self._ask(caller, query)

    def _ask(self, caller: Caller, query: Query) -> Looked:
        served, tenant, user_id = serve(caller, query, query.user_id), caller.tenant, query.user_id
        keys = _keys_of_lists(caller, served)
        if user_id is None:
            return Looked(query, served, self._redis.call(("MGET", *keys)))
        read = ("MGET", *keys, since_key(tenant), person_key(tenant, user_id))
        return Looked(query, served, self._redis.call(read, _read_trail(tenant, user_id)))

    async def answer(self, caller: Caller, looked: Looked) -> bytes:
        """The whole reply, `{"data": […], "meta": {…}}`."""
        catalog = await self._catalogs.get(caller.tenant_id)
        model = await self._models.get(caller.tenant_id)
        known = await self._know(caller, looked, model)
        stamp = _stamp(caller, catalog, model, known)
        lists, hit = [], True
        for query, value in zip(known.served.queries, known.cached, strict=True):
            made = decode_cached(value, stamp)
            count_recommendation(cached=made is not None)
            if made is None:
                hit = False
                made = self._make(caller, query, catalog, model, known, stamp)
            lists.append(made)
        return reply(caller, known.served, catalog, model, lists, hit=hit)

    async def explain(self, caller: Caller, queries: Sequence[Query]) -> list[bytes]:
        """A list for each, computed now, with what it starts from in its `meta`. It counts as asked or served nowhere,
        and is not remembered.
        """
        each = [self._ask(caller, query) for query in queries]
        catalog = await self._catalogs.get(caller.tenant_id)
        model = await self._models.get(caller.tenant_id)
        explained = []
        for query, looked in zip(queries, each, strict=True):
            known = await self._know(caller, looked, model)
            moment = _moment(query, catalog, model, known)
            made = self._compute(caller, query, catalog, model, moment, "")
            explained.append(explanation(caller, query, catalog, model, made, moment, known.others))
            await asyncio.sleep(0)  # let other requests in
        return explained

    async def related(self, caller: Caller, product_id: str, limit: int) -> bytes:
        """What is near a product, as `Related`."""
        queries = [Query(product_id=product_id, strategy=strategy, limit=limit) for strategy in NEAR]
        lists = await self.explain(caller, queries)
        catalog, model = await self._catalogs.get(caller.tenant_id), await self._models.get(caller.tenant_id)
        return encode_related(lists, bought_with(catalog, model, product_id))

    async def _know(self, caller: Caller, looked: Looked, model: Model | None) -> Known:
        user_id, nothing = looked.query.user_id, [None] * len(looked.served.queries)
        try:
            values, *trails = await looked.replies
            if user_id is None:
                return Known(looked.served, [], [], values)
            (*cached, since, mark), (entries,) = values, trails
            joined = _newest(mark, model, user_id)
            known = Known(looked.served, parse_trail(entries), [], cached, joined.parted and model is not None)
            known = await self._joined(caller, looked.query, known, joined)
            lost = known.parted or (model is not None and may_miss(entries, since, model.through_ms))
        except RedisUnavailable:
            FALLBACKS.labels("cache").inc()
            known, lost = Known(looked.served, [], [], nothing), True
            if user_id is None:
                return known
            known = _as_of(caller, looked.query, _newest(None, model, user_id), known)
        if lost and (found := await self._lost_trails.read(caller.tenant_id, user_id)):
            joined, trail = found
            known = _as_of(caller, looked.query, joined, known._replace(trail=join_trails([trail])))
        return known

    async def _joined(self, caller: Caller, query: Query, known: Known, joined: JoinedIds) -> Known:
        """What is known of the shopper under all of their ids: one more round trip, where there is another."""
        others = joined.besides(query.user_id)
        if not others:
            return known
        served = serve(caller, query, joined.first_seen)
        same = served.queries == known.served.queries
        commands = [_read_trail(caller.tenant, other) for other in others]
        if not same:
            commands.append(("MGET", *_keys_of_lists(caller, served)))
        replies = await self._redis.call(*commands)
        cached = known.cached if same else replies.pop()
        trail = join_trails([known.trail, *map(parse_trail, replies)])
        return known._replace(served=served, trail=trail, others=others, cached=cached)

    def _make(
        self, caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, known: Known, stamp: str
    ) -> Cached:
        started = perf_counter()
        made = self._compute(caller, query, catalog, model, _moment(query, catalog, model, known), stamp)
        RECOMMENDATION_MS.observe((perf_counter() - started) * 1000)
        self._remember(caller, query, made)
        return made

    def _compute(
        self,
        caller: Caller,
        query: Query,
        catalog: LiveCatalog,
        model: Model | None,
        of: AtTheMoment,
        stamp: str,
    ) -> Cached:
        ranked = ranked_for(self._workspace, caller, query, catalog, model, of.shopper, of.moment)
        lines = lines_of(ranked, catalog, model, of.moment.context, of.shopper)
        strategy, fallback = counts_as(query.strategy or caller.config.default_strategy, ranked.sources)
        return Cached(stamp, strategy, fallback, lines)

    def _remember(self, caller: Caller, query: Query, made: Cached) -> None:
        """Put the list into Redis without waiting for it."""
        self._redis.call(
            ("SET", cache_key(caller, query), encode_cached(made), "EX", ttl_s(caller, query))
        ).add_done_callback(_count_failure)


def _moment(query: Query, catalog: LiveCatalog, model: Model | None, known: Known) -> AtTheMoment:
    built, user_id = None if known.parted else model, query.user_id
    if user_id is None:
        shopper = NOBODY
    else:
        now_ms = int(time() * 1000)
        shopper = look_up(built, catalog, user_id, known.trail, query.session_id, known.others, now_ms=now_ms)
    learned: frozenset[str] = frozenset() if model is None else model.learned
    return AtTheMoment(shopper, moment(query.page, numbers(catalog, query.products), shopper, learned))


def _count_failure(done: "asyncio.Future[list[Any]]") -> None:
    if not done.cancelled() and done.exception() is not None:
        FALLBACKS.labels("cache").inc()


def _as_of(caller: Caller, query: Query, joined: JoinedIds, known: Known) -> Known:
    """`known` of this shopper, and its cached lists where they are of what this shopper is served."""
    served = serve(caller, query, joined.first_seen)
    cached = known.cached if served.queries == known.served.queries else [None] * len(served.queries)
    return known._replace(served=served, others=joined.besides(query.user_id), cached=cached)


def _keys_of_lists(caller: Caller, served: Served) -> list[str]:
    return [cache_key(caller, query) for query in served.queries]


def _read_trail(tenant: str, user_id: str) -> Command:
    return ("LRANGE", trail_key(tenant, user_id), 0, TRAIL_LENGTH - 1)


def _newest(mark: bytes | None, model: Model | None, user_id: str) -> JoinedIds:
    """Whose the id is, by the build or by what was joined and undone since then."""
    marked = alone(user_id) if mark is None else decode_joined(mark)
    if model is None or marked.at_ms >= model.through_ms:
        return marked
    return model.people.find(user_id) or alone(user_id)


def _stamp(caller: Caller, catalog: LiveCatalog, model: Model | None, known: Known) -> str:
    """All that a list is made from beside the query."""
    built = f"{model.version}+{model.folded}" if model else ""
    newest = "|".join([*map(trail_entry, known.trail[:1]), *known.others, *["parted"][: known.parted]])
    return f"{built}|{catalog.version}|{caller.config.exclude_purchased}|{caller.config.diversity}|{newest}"
