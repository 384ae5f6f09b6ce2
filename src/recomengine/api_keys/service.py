"""Making, rotating and revoking API keys, and recognising them: a digest's caller is kept in-process, so a known key
waits for no look-up.

A revocation, a change of the tenant or of what runs there is announced on the bus and dropped here at once. The net
under a lost message: after LIFETIME_S a key in use is looked up again in the background, and one that was not used is
asked for before it counts again, from LIFETIME_IDLE_S on. While the bus is down each is asked for after
LIFETIME_ALONE_S, and all are when it is back. While the database is away or hangs, where nothing can be revoked either,
what is known stays known: it is asked for in vain for CONFIRM_S at most, and again after LIFETIME_ALONE_S.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from math import inf
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog

from recomengine.api_keys import queries, secrets
from recomengine.api_keys.schemas import KeyIn
from recomengine.auth.actor import Member, audit
from recomengine.auth.idempotency import Repeatable, once
from recomengine.infra.bus import Bus
from recomengine.infra.database import DATABASE_AWAY, Connection, Pool, tenant_transaction
from recomengine.infra.logs import said
from recomengine.infra.metrics import FALLBACKS
from recomengine.shop import Permissions, TenantConfig
from recomengine.web.caller import Caller, PlacedWidget, RunningExperiment
from recomengine.web.problems import NotFound, Unavailable

LIFETIME_S = 5.0
LIFETIME_IDLE_S = 10.0
LIFETIME_ALONE_S = 0.9
CONFIRM_S = 0.25
LOOK_UP_S = 2.0
MAX_CACHED = 10_000
MAX_LOOK_UPS = 1000
LOOK_UPS_AT_ONCE = 4
"""So many connections of the pool, and no more, are for keys."""

log = structlog.get_logger()


class _Entry(msgspec.Struct):
    caller: Caller | None
    read_at: float
    ends_at: float = inf
    """When a rotated key ends."""
    failed_at: float = -inf
    """When the database was last asked for it in vain."""


async def create_key(
    connection: Connection,
    hmac_secret: str,
    tenant_id: UUID,
    name: str,
    permissions: Permissions,
    origins: Sequence[str] = (),
    key_id: UUID | None = None,
    seed: bytes | None = None,
) -> str:
    new = secrets.make_key(permissions, hmac_secret, seed)
    await queries.insert_key(
        connection, key_id or uuid4(), tenant_id, name, new.digest, new.prefix, permissions, list(origins)
    )
    return new.key


async def create_for(
    pool: Pool, hmac_secret: str, member: Member, given: KeyIn, repeatable: Repeatable
) -> tuple[asyncpg.Record, str]:
    """The key's row and the key itself, which a repetition with the same Idempotency-Key gets again."""
    tenant_id = member.tenant_id
    seed = None if repeatable.key is None else member.admin.id.bytes + tenant_id.bytes + repeatable.key.encode()
    keys: list[str] = []
    async with tenant_transaction(pool, tenant_id) as connection:

        async def make(key_id: UUID) -> None:
            keys.append(
                await create_key(
                    connection, hmac_secret, tenant_id, given.name, given.permissions, given.origins, key_id, seed
                )
            )
            await audit(connection, member, "key.created", key_id, None, msgspec.to_builtins(given))

        key_id = await once(connection, member, repeatable, make)
        row = await queries.one_key(connection, tenant_id, key_id)
    assert row is not None  # keys are never deleted while their tenant is there
    return row, keys[0] if keys else secrets.make_key(given.permissions, hmac_secret, seed).key


async def keys_of(pool: Pool, tenant_id: UUID, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.keys_of(connection, tenant_id, after, limit)


async def revoke(pool: Pool, bus: Bus, member: Member, key_id: UUID) -> None:
    async with tenant_transaction(pool, member.tenant_id) as connection:
        row = await _lock(connection, member.tenant_id, key_id)
        await queries.revoke_key(connection, member.tenant_id, key_id, timedelta())
        await audit(connection, member, "key.revoked", key_id, {"prefix": row["key_prefix"]}, None)
    await bus.publish("key", member.tenant_id)


async def rotate(
    pool: Pool, bus: Bus, hmac_secret: str, member: Member, key_id: UUID, overlap_hours: int
) -> tuple[asyncpg.Record, str]:
    """A new key in place of the old one, which works on for `overlap_hours`."""
    tenant_id, new_id = member.tenant_id, uuid4()
    async with tenant_transaction(pool, tenant_id) as connection:
        old = await _lock(connection, tenant_id, key_id)
        key = await create_key(
            connection, hmac_secret, tenant_id, old["name"], old["permissions"], old["origins"], new_id
        )
        await queries.revoke_key(connection, tenant_id, key_id, timedelta(hours=overlap_hours))
        row = await queries.one_key(connection, tenant_id, new_id)
        assert row is not None
        after = {"id": str(new_id), "prefix": row["key_prefix"], "overlapHours": overlap_hours}
        await audit(connection, member, "key.rotated", key_id, {"prefix": old["key_prefix"]}, after)
    await bus.publish("key", tenant_id)
    return row, key


async def _lock(connection: Connection, tenant_id: UUID, key_id: UUID) -> asyncpg.Record:
    row = await queries.lock_key(connection, tenant_id, key_id)
    if row is None:
        raise NotFound("There is no such key of this tenant, or it is revoked. Check the id.")
    return row


class KeyCache:
    def __init__(self, pool: Pool, bus: Bus, hmac_secret: str) -> None:
        self._pool = pool
        self._bus = bus
        self._secret = hmac_secret
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._digests: dict[str, bytes] = {}
        self._forgotten = 0
        self._look_ups: dict[tuple[bytes, int], asyncio.Task[_Entry]] = {}
        """Those under way, one a key; what came before a change was announced is not shared after it."""
        self._turns = asyncio.Semaphore(LOOK_UPS_AT_ONCE)
        self._used: dict[UUID, UUID] = {}
        bus.subscribe("key", self._forget)
        bus.subscribe("tenant", self._forget)
        bus.on_connected(self._doubt_all)

    async def find(self, key: str) -> Caller | None:
        """The caller that `key` stands for; None when it is malformed, unknown or revoked."""
        digest = self._digest_of(key)
        if digest is None:
            return None
        entry, now = self._entries.get(digest), time.monotonic()
        if entry is None or entry.ends_at <= now:
            if len(self._look_ups) >= MAX_LOOK_UPS:
                detail = f"More than {MAX_LOOK_UPS} keys wait to be looked up. Try again in a second."
                raise Unavailable(detail, code="overloaded")
            entry = await self._wait(digest, LOOK_UP_S)
        elif entry.failed_at + LIFETIME_ALONE_S < now:
            if entry.read_at + (LIFETIME_IDLE_S if self._bus.connected else LIFETIME_ALONE_S) < now:
                entry = await self._confirm(digest, entry)
            elif entry.read_at + LIFETIME_S < now:
                self._look_up(digest)
        if entry.caller is not None:
            self._used[entry.caller.key_id] = entry.caller.tenant_id
        return entry.caller

    def knows(self, key: str) -> bool:
        """Whether `find` has found it before, and will again without a query or with one now and then."""
        digest = self._digest_of(key)
        entry = None if digest is None else self._entries.get(digest)
        return entry is not None and entry.caller is not None

    def _digest_of(self, key: str) -> bytes | None:
        """None for what has not the form of a key. Digests are remembered: to make one takes longer than all else that
        is done about a known key.
        """
        digest = self._digests.get(key)
        if digest is None and secrets.prefix_of(key) is not None:
            if len(self._digests) >= MAX_CACHED:
                self._digests.clear()
            digest = self._digests[key] = secrets.digest(key, self._secret)
        return digest

    async def note_used(self) -> None:
        """Write down which keys were used since the last time; called now and then, never by a request."""
        used, self._used = self._used, {}
        if not used:
            return
        tenants = list(set(used.values()))
        try:
            async with tenant_transaction(self._pool, *tenants) as connection:
                await queries.note_used(connection, tenants, list(used))
        except DATABASE_AWAY:
            FALLBACKS.labels("used keys").inc()
            self._used = used | self._used  # for the next time

    async def _confirm(self, digest: bytes, known: _Entry) -> _Entry:
        """The key as it is in the database; as it was `known`, where that does not say so soon."""
        try:
            return await self._wait(digest, CONFIRM_S)
        except DATABASE_AWAY:
            latest = self._entries.get(digest)  # another look-up may have succeeded meanwhile
            if latest is None or latest.ends_at <= time.monotonic():
                raise  # a change was announced, or it is over
            if latest is known:
                _note_failure(known)
            return latest

    async def _wait(self, digest: bytes, limit_s: float) -> _Entry:
        """The key as it is in the database; the look-up goes on after `limit_s`, since others may wait for it."""
        async with asyncio.timeout(limit_s):
            return await asyncio.shield(self._look_up(digest))

    def _look_up(self, digest: bytes) -> "asyncio.Task[_Entry]":
        which = (digest, self._forgotten)
        task = self._look_ups.get(which)
        if task is None:
            task = self._look_ups[which] = asyncio.create_task(self._read(digest))
            task.add_done_callback(lambda done: self._looked_up(which, done))
        return task

    def _looked_up(self, which: tuple[bytes, int], done: "asyncio.Task[_Entry]") -> None:
        del self._look_ups[which]
        error = None if done.cancelled() else done.exception()
        if error is None:
            return
        if not isinstance(error, DATABASE_AWAY):
            log.error("key not looked up", error=said(error))
        if known := self._entries.get(which[0]):
            _note_failure(known)

    async def _read(self, digest: bytes) -> _Entry:
        read_at, forgotten = time.monotonic(), self._forgotten
        async with self._turns:
            row = await queries.find_key(self._pool, digest, LOOK_UP_S)
        if row is None or row["revoked"] or row["tenant_status"] == "deleted":
            entry = _Entry(None, read_at)
        else:
            entry = _Entry(_caller(row), read_at, inf if row["ends_in_s"] is None else read_at + row["ends_in_s"])
        if forgotten != self._forgotten:
            return entry  # a change was announced meanwhile: the row may be older than it
        self._entries[digest] = entry
        if len(self._entries) > MAX_CACHED:
            self._entries.popitem(last=False)
        return entry

    def _forget(self, tenant_id: UUID, _data: dict[str, Any]) -> None:
        self._forgotten += 1
        gone = [
            digest
            for digest, entry in self._entries.items()
            if entry.caller is None or entry.caller.tenant_id == tenant_id
        ]
        for digest in gone:
            del self._entries[digest]

    def _doubt_all(self) -> None:
        """Have each key asked for before it counts again."""
        self._forgotten += 1
        for entry in self._entries.values():
            entry.read_at = entry.failed_at = -inf


def _note_failure(known: _Entry) -> None:
    """By the look-up and by each who waited for it; counted once."""
    now = time.monotonic()
    if known.failed_at + LIFETIME_ALONE_S < now:
        FALLBACKS.labels("keys").inc()
    known.failed_at = now


def _caller(row: Any) -> Caller:
    running = msgspec.convert(row["experiments"] or [], list[RunningExperiment])
    placed = msgspec.convert(row["widgets"] or [], list[PlacedWidget])
    return Caller(
        tenant_id=row["tenant_id"],
        key_id=row["id"],
        prefix=row["key_prefix"],
        permissions=row["permissions"],
        origins=tuple(row["origins"]),
        tenant_status=row["tenant_status"],
        config=msgspec.convert(row["tenant_config"], TenantConfig),
        tenant=str(row["tenant_id"]),
        experiments={experiment.placement_id: experiment for experiment in running},
        widgets={widget.placement_id: widget for widget in placed},
    )
