"""Shoppers: what is said of them kept, their data given out and erased.

An erasure is a transaction in PostgreSQL that deletes the events and leaves a tombstone. Whatever copies events
elsewhere holds
itself to the tombstones: Redis is cleaned at once, and again when what was under way has arrived; the log of events and
the models at the next build; an archive when it is restored. The worker finishes what a process could not
(`finish_erasures`).
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from recomengine.events.identity import shopper_digest
from recomengine.events.places import FROM_THE_START, Place, cursor_at
from recomengine.events.schemas import recorded
from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models.service import erasures_in_model, request_refresh
from recomengine.robots.service import forget
from recomengine.users import queries
from recomengine.users.joining import person_of
from recomengine.users.schemas import (
    MAX_PROPERTIES,
    Described,
    Erased,
    ErasedInRedis,
    Export,
    Following,
    Person,
    Properties,
    Receipt,
)
from recomengine.users.warmth import erase_warmth
from recomengine.web.problems import NotFound

EVENTS_A_PAGE = 10_000
NOTHING = "Nothing is stored of this user. Check the id."
SETTLE = timedelta(minutes=1)
"""By then an event that was committed before an erasure is in Redis, or never will be."""
KEPT = "Sums that name no shopper: daily figures, results of experiments, counters of the day."

log = structlog.get_logger()


async def export(pool: Pool, tenant_id: UUID, user_id: str, after: Place | None) -> tuple[Export, str | None]:
    """(a page of all that is stored of the shopper, the cursor of the next one); raises NotFound when there is
    nothing.
    """
    async with tenant_transaction(pool, tenant_id) as connection:
        person = await person_of(connection, tenant_id, user_id.strip())
        place, ids = after or FROM_THE_START, _spelled(person, user_id)
        rows = await queries.read_events(connection, tenant_id, ids, place, EVENTS_A_PAGE + 1)
        properties = await properties_of(connection, tenant_id, person)
        archived = await queries.archived_months(connection, tenant_id)
    if not rows and not person.aliases and not properties and after is None:
        raise NotFound(NOTHING + (f" The archive was not searched: {', '.join(archived)}." if archived else ""))
    page = rows[:EVENTS_A_PAGE]
    exported = Export(person.user_id, person.aliases, properties, [recorded(row) for row in page], archived)
    return exported, cursor_at(Place(page[-1]["created_at"], page[-1]["id"])) if len(rows) > len(page) else None


async def put_properties(pool: Pool, tenant_id: UUID, user_id: str, properties: Properties) -> Described:
    """These in place of what was said of the shopper before, whichever of their ids is named."""
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_people(connection, tenant_id)
        person = await person_of(connection, tenant_id, user_id)
        await queries.put_properties(connection, tenant_id, person.user_id, properties)
        return Described(person.user_id, await properties_of(connection, tenant_id, person))


async def add_properties(pool: Pool, tenant_id: UUID, user_id: str, said: Properties) -> int:
    """Keep what is said beside what was said of the shopper before, the newer of one name; null ends it. How many of
    them there was no room for.
    """
    async with tenant_transaction(pool, tenant_id) as connection:
        person = await person_of(connection, tenant_id, user_id)
        before = await properties_of(connection, tenant_id, person)
        if all(before.get(name) == value for name, value in said.items()):
            return 0  # as on every page that a shopper opens while signed in
        await queries.lock_people(connection, tenant_id)
        person = await person_of(connection, tenant_id, user_id)
        both = await properties_of(connection, tenant_id, person) | said
        kept = {name: value for name, value in both.items() if value is not None}
        await queries.put_properties(connection, tenant_id, person.user_id, dict(list(kept.items())[:MAX_PROPERTIES]))
        return max(0, len(kept) - MAX_PROPERTIES)


async def properties_of(connection: Connection, tenant_id: UUID, person: Person) -> Properties:
    """What was said of each id before it was joined, the user's own before that of aliases, newer before older."""
    said = await queries.properties_of(connection, tenant_id, person.ids)
    return {name: value for each in (*person.aliases, person.user_id) for name, value in said.get(each, {}).items()}


def _spelled(person: Person, given: str) -> list[str]:
    """Their ids, and the one that was given with its blanks: events from before these were cut stand under it."""
    return person.ids if given == given.strip() else [*person.ids, given]


async def erase(pool: Pool, redis: RedisClient, bus: Bus, tenant_id: UUID, user_id: str) -> Receipt:
    """Erase what is stored of the shopper. What comes later is new: the shopper may come back."""
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_people(connection, tenant_id)
        person = await person_of(connection, tenant_id, user_id.strip())
        ids = _spelled(person, user_id)
        before = await queries.watermark(connection)
        events, lately = await queries.delete_events(connection, tenant_id, ids, before)
        await queries.delete_said(connection, tenant_id, ids)
        await forget(connection, tenant_id, ids)
        digests = [shopper_digest(tenant_id.bytes, each) for each in ids]
        receipt_id = await queries.insert_erasure(connection, tenant_id, digests, before, events, ids)
    in_redis = await _erase_now(redis, tenant_id, ids, before, lately)
    await bus.publish("erased", tenant_id)
    await request_refresh(pool, tenant_id)
    log.info("shopper erased", tenant=str(tenant_id), receipt=str(receipt_id), events=events)
    return Receipt(
        receipt_id,
        person.user_id,
        person.aliases,
        before,
        Erased(events, len(person.aliases), in_redis),
        _follows(in_redis is None),
        KEPT,
    )


async def _erase_now(
    redis: RedisClient, tenant_id: UUID, ids: list[str], before: datetime, lately: list[UUID]
) -> ErasedInRedis | None:
    try:
        return await erase_warmth(redis, tenant_id, ids, before, lately)
    except RedisUnavailable:
        FALLBACKS.labels("erasure").inc()
        return None


def _follows(redis_away: bool) -> list[Following]:
    what = (
        "all of it, as soon as Redis is back" if redis_away else "events that were on their way there, within minutes"
    )
    return [
        Following("redis", what,
            "The worker looks again every five minutes until nothing is left; cached lists expire within five."),
        Following("models", "at the next build, which is queued",
            "It is made without the shopper, and all older ones are deleted."),
        Following("archives", "when a month is restored",
            "The receipt is their tombstone: events of the shopper from before erasedAt are left out."),
    ]  # fmt: skip


async def finish_erasures(pool: Pool, redis: RedisClient, bus: Bus) -> int:
    """Erase what was away or on its way; how many erasures are done with from now on, and keep no id any longer."""
    finished = 0
    for tenant_id in await queries.tenants_with_unfinished(pool):
        try:
            finished += await _finish(pool, redis, bus, tenant_id)
        except RedisUnavailable:
            FALLBACKS.labels("erasure").inc()
    return finished


async def _finish(pool: Pool, redis: RedisClient, bus: Bus, tenant_id: UUID) -> int:
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.unfinished_erasures(connection, tenant_id, SETTLE)
    for row in rows:
        found = await erase_warmth(redis, tenant_id, row["users"], row["before"])
        if found.feed_events:
            await bus.publish("erased", tenant_id)
    in_model = await erasures_in_model(pool, tenant_id)
    done = [row["number"] for row in rows if row["settled"] and (in_model is None or row["number"] <= in_model)]
    if len(done) < len(rows) and in_model is not None and rows[-1]["number"] > in_model:
        await request_refresh(pool, tenant_id)
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.finish_erasures(connection, tenant_id, done)
    return len(done)
