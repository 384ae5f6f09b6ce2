"""Making API keys and recognising them: a digest's caller is kept in-process, so a known key costs no look-up.

A revocation or a change of the tenant is announced on the bus and dropped here at once. While the bus is down the
lifetime is LIFETIME_ALONE_S, and all is dropped when it is back; LIFETIME_S is the net under a lost message.
"""

import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

import msgspec

from recomengine.api_keys import queries, secrets
from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool
from recomengine.web.caller import Caller, Permissions, TenantConfig

LIFETIME_S = 60.0
LIFETIME_ALONE_S = 0.9
MAX_CACHED = 10_000


class _Entry(msgspec.Struct):
    caller: Caller | None
    read_at: float


async def create_key(
    connection: Connection, hmac_secret: str, tenant_id: UUID, name: str, permissions: Permissions,
    origins: tuple[str, ...] = (),
) -> str:
    new = secrets.make_key(permissions, hmac_secret)
    await queries.insert_key(connection, tenant_id, name, new.digest, new.prefix, permissions, list(origins))
    return new.key


class KeyCache:
    def __init__(self, pool: Pool, bus: Bus, hmac_secret: str) -> None:
        self._pool = pool
        self._bus = bus
        self._secret = hmac_secret
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._forgotten = 0
        bus.subscribe("key", self._forget)
        bus.subscribe("tenant", self._forget)
        bus.on_connected(self._forget_all)

    async def find(self, key: str) -> Caller | None:
        """The caller that `key` stands for; None when it is malformed, unknown or revoked."""
        if secrets.prefix_of(key) is None:
            return None
        digest = secrets.digest(key, self._secret)
        entry = self._entries.get(digest)
        lifetime = LIFETIME_S if self._bus.connected else LIFETIME_ALONE_S
        if entry is None or entry.read_at + lifetime < time.monotonic():
            entry = await self._read(digest)
        return entry.caller

    async def _read(self, digest: bytes) -> _Entry:
        read_at, forgotten = time.monotonic(), self._forgotten
        row = await queries.find_key(self._pool, digest)
        entry = _Entry(None if row is None or row["revoked"] else _caller(row), read_at)
        if forgotten != self._forgotten:
            return entry  # a change was announced meanwhile: the row may be older than it
        self._entries[digest] = entry
        if len(self._entries) > MAX_CACHED:
            self._entries.popitem(last=False)
        return entry

    def _forget(self, tenant_id: UUID, _data: dict[str, Any]) -> None:
        self._forgotten += 1
        gone = [digest for digest, entry in self._entries.items() if entry.caller is None or entry.caller.tenant_id == tenant_id]
        for digest in gone:
            del self._entries[digest]

    def _forget_all(self) -> None:
        self._forgotten += 1
        self._entries.clear()


def _caller(row: Any) -> Caller:
    return Caller(
        tenant_id=row["tenant_id"], key_id=row["id"], prefix=row["key_prefix"], permissions=row["permissions"],
        origins=tuple(row["origins"]), tenant_status=row["tenant_status"],
        config=msgspec.convert(row["tenant_config"], TenantConfig), tenant=str(row["tenant_id"]),
    )
