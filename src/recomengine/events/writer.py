"""The group-commit writer: events of concurrent requests go into one statement, and each caller is answered after the
commit that holds its event.

There is no timer: an idle writer sends what one turn of the loop brings; while a small batch is under way the next one
gathers. So one event waits for one round trip, and a thousand a second share a few. A large batch gains nothing by more
events: beside a small one others may be under way, MAX_IN_FLIGHT in all, and no single event waits for an import. Twice
the same event in one batch is stored once; across batches, processes and months, store_events (migrations/) sees to it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from time import time
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

from recomengine.events import queries
from recomengine.events.comparing import compare, content_digest
from recomengine.events.counters import counter_commands
from recomengine.events.feed import feed_commands
from recomengine.events.returns import returned_by
from recomengine.events.schemas import Event
from recomengine.events.trail import RETURN, TRAIL_LENGTH, TRAIL_TTL_S, Trail, since_key, trail_entry, trail_key
from recomengine.infra.database import DATABASE_AWAY, Pool
from recomengine.infra.logs import said
from recomengine.infra.metrics import EVENTS_DROPPED, EVENTS_INGESTED, FALLBACKS
from recomengine.infra.redis import Command, RedisClient, RedisUnavailable
from recomengine.shop import EVENT_TRAITS
from recomengine.web.problems import Unavailable, invalid

MAX_BATCH = 2000
MAX_IN_FLIGHT = 3
SMALL = 200
"""A batch of fewer events gains by more: most of its cost is that of one statement and one commit."""
MAX_PENDING = 50_000
DEDUP_TTL_S = 24 * 3600
TRAIL_MAX_AGE_MS = 24 * 3_600_000
UNSTORABLE = (
    "expected values that the database can hold, got one that it cannot, such as the character U+0000 in a text. "
    "Take it out and send the rest again"
)

log = structlog.get_logger()


class _Wait(NamedTuple):
    """One caller: its events, and the future of which of them were new."""

    events: Sequence[Event]
    future: "asyncio.Future[list[bool]]"


def dedup_key(tenant: str, identity: UUID) -> str:
    return f"reco:dedup:{{{tenant}}}:{identity.hex}"


class EventWriter:
    def __init__(self, pool: Pool, redis: RedisClient) -> None:
        self._pool = pool
        self._redis = redis
        self._waiting: deque[_Wait] = deque()
        self._gathered = 0
        """Events that wait for a batch."""
        self._pending = 0
        """These, and those under way."""
        self._flights: set[asyncio.Task[None]] = set()
        self._sizes: list[int] = []
        """Of the batches whose statements are under way."""
        self._untold: set[UUID] = set()
        """Tenants of whose events Redis has not heard since the last time that it heard any."""
        self._launching = False
        self._closed = False

    async def store(self, events: Sequence[Event]) -> list[bool]:
        """Store `events` (at most MAX_BATCH); which of them were new. Returns after the commit.

        Raises Unavailable when too much waits or the database is away: nothing is known to be stored then, and
        sending again is safe.
        """
        if self._closed:
            raise Unavailable("The server is stopping. Send the events again.", code="stopping")
        if self._pending + len(events) > MAX_PENDING:
            EVENTS_DROPPED.labels("overloaded").inc(len(events))
            raise Unavailable(
                f"More than {MAX_PENDING} events wait to be stored. Send them again in a second.", code="overloaded"
            )
        wait = _Wait(events, asyncio.get_running_loop().create_future())
        self._waiting.append(wait)
        self._gathered += len(events)
        self._pending += len(events)
        self._launch_soon()
        return await wait.future

    async def store_or_compare(self, events: Sequence[Event]) -> list[tuple[str, ...] | None]:
        """Store events of one tenant; None for each that was new, for a duplicate the members in which it differs from
        what is stored.
        """
        new = await self.store(events)
        duplicates = [event for event, is_new in zip(events, new, strict=True) if not is_new]
        if not duplicates:
            return [None] * len(events)
        found = iter(await compare(self._pool, duplicates[0].tenant_id, duplicates))
        return [None if is_new else next(found) for is_new in new]

    async def close(self) -> None:
        """Store what was accepted, and take no more."""
        self._closed = True
        self._launch()
        while self._flights:
            await asyncio.gather(*self._flights, return_exceptions=True)

    def _launch_soon(self) -> None:
        """At the end of this turn of the loop, in which others may come."""
        if self._waiting and not self._launching:
            self._launching = True
            asyncio.get_running_loop().call_soon(self._launch)

    def _launch(self) -> None:
        self._launching = False
        while self._waiting and len(self._sizes) < MAX_IN_FLIGHT:
            if self._gathered < SMALL and any(size < SMALL for size in self._sizes):
                return
            flight = asyncio.create_task(self._fly(self._begin(self._next_batch())))
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

    def _begin(self, batch: Sequence[_Wait]) -> Sequence[_Wait]:
        self._sizes.append(_size(batch))
        return batch

    def _end(self, batch: Sequence[_Wait]) -> None:
        self._sizes.remove(_size(batch))
        self._launch_soon()

    def _next_batch(self) -> list[_Wait]:
        batch = [self._waiting.popleft()]
        size = len(batch[0].events)
        while self._waiting and size + len(self._waiting[0].events) <= MAX_BATCH:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].events)
        self._gathered -= size
        return batch

    async def _fly(self, batch: Sequence[_Wait]) -> None:
        """Store one batch and answer its callers, each with its own result or failure."""
        try:
            await self._commit(batch)
        except asyncpg.DataError as error:
            await self._divide(batch, error)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("events not stored", error=said(error), events=_size(batch))
            self._fail(batch, Unavailable("The database is away. Send the events again.", code="database_unavailable"))
        except BaseException:
            self._fail(batch, Unavailable("The server is stopping. Send the events again.", code="stopping"))
            raise

    async def _commit(self, batch: Sequence[_Wait]) -> None:
        unique: dict[UUID, Event] = {}
        for wait in batch:
            for event in wait.events:
                unique.setdefault(event.id, event)
        rows = list(unique.values())
        tenants = {row.tenant_id for row in rows}
        try:
            stored, moment = await queries.store_events(self._pool, list(tenants), _columns(rows))
        finally:
            self._end(batch)  # the next one is stored while Redis is told of this
        new = set(unique) if stored is None else set(stored)
        fresh = rows if stored is None else [row for row in rows if row.id in new]
        EVENTS_INGESTED.inc(len(fresh))
        await self._tell_redis(fresh, tenants, moment)
        for wait in batch:
            self._pending -= len(wait.events)
            if not wait.future.done():
                wait.future.set_result([_take(new, event.id) for event in wait.events])

    async def _divide(self, batch: Sequence[_Wait], error: asyncpg.DataError) -> None:
        """PostgreSQL refused a value: store the others, so that one caller's poison is its own."""
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._fly(self._begin(batch[:middle]))
            await self._fly(self._begin(batch[middle:]))
            return
        EVENTS_DROPPED.labels("refused").inc(len(batch[0].events))
        log.warning("events refused by the database", error=said(error), events=len(batch[0].events))
        self._fail(batch, invalid("$", UNSTORABLE))

    def _fail(self, batch: Sequence[_Wait], problem: Exception) -> None:
        for wait in batch:
            self._pending -= len(wait.events)
            if not wait.future.done():
                wait.future.set_exception(problem)

    async def _tell_redis(self, fresh: Sequence[Event], tenants: set[UUID], moment: datetime) -> None:
        """After the commit: trails, feeds, live counters, remembered identities. Without Redis only warmth is lost."""
        created_ms = int(moment.timestamp() * 1000)
        of_shoppers = [row for row in fresh if not row.bot]
        commands = [*_trail_commands(of_shoppers, created_ms), *feed_commands(of_shoppers, created_ms)]
        commands += await self._return_commands(of_shoppers)
        commands += counter_commands(of_shoppers)
        commands += [
            ("SET", dedup_key(str(row.tenant_id), row.id), content_digest(row), "EX", DEDUP_TTL_S)
            for row in fresh
            if row.single
        ]
        try:
            await self._redis.call(*commands, *self._since_commands(tenants))
        except RedisUnavailable:
            FALLBACKS.labels("recents").inc()
            self._untold |= tenants
        else:
            self._untold -= tenants

    async def _return_commands(self, fresh: Sequence[Event]) -> list[Command]:
        """What was returned, in the trails of those who bought it. Without the database their trails count as lost."""
        if not any(event.event_type == RETURN for event in fresh):
            return []
        try:
            returned = await returned_by(self._pool, fresh)
        except DATABASE_AWAY as error:
            FALLBACKS.labels("recents").inc()
            log.warning("returns not in trails", error=said(error))
            self._untold |= {event.tenant_id for event in fresh if event.event_type == RETURN}
            return []
        return [
            command
            for (tenant_id, user_id), entries in returned.items()
            for command in _push(trail_key(str(tenant_id), user_id), entries)
        ]

    def _since_commands(self, tenants: set[UUID]) -> list[Command]:
        """Since when the trails of these tenants miss nothing: as it stands, or from now on."""
        now_ms = int(time() * 1000)
        return [
            ("SET", since_key(str(each)), now_ms, "EX", TRAIL_TTL_S, *(() if each in self._untold else ("NX",)))
            for each in tenants
        ]


def _size(batch: Sequence[_Wait]) -> int:
    return sum(len(wait.events) for wait in batch)


def _columns(rows: Sequence[Event]) -> list[list[object]]:
    return [
        [row.id for row in rows], [row.tenant_id for row in rows], [row.event_type for row in rows],
        [row.user_id for row in rows],
        [row.product_id for row in rows], [row.session_id for row in rows], [row.client_event_id for row in rows],
        [row.metadata for row in rows], [row.timestamp_ms for row in rows],
    ]  # fmt: skip


def _take(new: set[UUID], identity: UUID) -> bool:
    """Whether this is the first to ask for a new event; the second caller's copy is a duplicate."""
    if identity in new:
        new.remove(identity)
        return True
    return False


def _trail_commands(fresh: Sequence[Event], created_ms: int) -> list[Command]:
    trails: dict[str, list[Trail]] = {}
    for event in fresh:
        if (
            event.product_id
            and EVENT_TRAITS[event.event_type].seen
            and (event.live or created_ms - event.timestamp_ms < TRAIL_MAX_AGE_MS)
        ):
            key = trail_key(str(event.tenant_id), event.user_id)
            trails.setdefault(key, []).append(
                Trail(created_ms, event.timestamp_ms, event.event_type, event.product_id, event.session_id or "")
            )
    return [command for key, trail in trails.items() for command in _push(key, trail)]


def _push(key: str, entries: Sequence[Trail]) -> list[Command]:
    return [
        ("LPUSH", key, *map(trail_entry, sorted(entries, key=lambda entry: entry.timestamp_ms))),
        ("LTRIM", key, 0, TRAIL_LENGTH - 1),
        ("EXPIRE", key, TRAIL_TTL_S),
    ]
