"""The PostgreSQL pool, the watchdog of a server that hangs, and transactions that declare their tenant to row-level
security.

A server that hangs keeps its connections open and answers nothing, so no error tells of it, and to cancel a statement
means to ask it over yet another connection. What lasts too long is therefore ended by ending its connection: nobody
waits for the server then.
"""

import asyncio
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeAlias
from uuid import UUID
from weakref import WeakSet

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from recomengine.infra import tracing
from recomengine.infra.logs import said
from recomengine.infra.stored_json import read_stored, write_stored

SERVING_ROLE = "recomengine_app"
STATEMENT_TIMEOUT_MS = 30_000
ACQUIRE_TIMEOUT_S = 5.0
ASK_EVERY_S = 0.25
HANGS_AFTER_S = 2.0
"""A statement that needs no row and no disk has no answer for so long: the server hangs."""

DATABASE_AWAY = (
    OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.ReadOnlySQLTransactionError,
)  # fmt: skip
"""What a query raises when the server cannot be reached, is stopping, full, slow (a TimeoutError is an OSError) or a
standby.
"""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "BoundedPool"

DECLARE_TENANTS = "SELECT set_config('app.tenants', $1, true)"
ASK = "SELECT 1"

log = structlog.get_logger()


class BoundedPool(asyncpg.Pool):
    """A pool whose callers get a TimeoutError after ACQUIRE_TIMEOUT_S without a connection, and at once while the
    server hangs.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, init=self._prepare, **options)
        self.hangs = False
        self._connections: WeakSet[asyncpg.Connection[asyncpg.Record]] = WeakSet()
        self._waiting: set[asyncio.Timeout] = set()

    def acquire(self, *, timeout: float | None = None, limit_s: float | None = None) -> Any:
        """A connection, to be awaited or entered; `limit_s` after entering it is ended, and raises one of
        DATABASE_AWAY.
        """
        timeout_s = ACQUIRE_TIMEOUT_S if timeout is None else timeout
        return _Acquired(self, timeout_s if limit_s is None else min(timeout_s, limit_s), limit_s)

    async def take(self, timeout_s: float) -> "PoolConnectionProxy[asyncpg.Record]":
        if self.hangs:
            raise TimeoutError("PostgreSQL does not answer")
        async with asyncio.timeout(timeout_s) as waiting:
            self._waiting.add(waiting)
            try:
                connection: PoolConnectionProxy[asyncpg.Record] = await super().acquire()
            finally:
                self._waiting.discard(waiting)
        return connection

    def cut_off(self) -> None:
        """Fail all who use a connection or wait for one, and, until `hangs` is false again, all who come."""
        self.hangs = True
        for connection in list(self._connections):  # idle ones too: their server may be gone for good
            connection.terminate()
        now = asyncio.get_running_loop().time()
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(now)

    async def _prepare(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connections.add(connection)
        try:
            await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=write_stored, decoder=read_stored)
        except asyncio.CancelledError:
            connection.terminate()  # else asyncpg closes it, and waits for the server
            raise
        if tracing.wanted():
            connection.add_query_logger(tracing.record_statement)


class _Acquired:
    """What acquire() returns."""

    def __init__(self, pool: BoundedPool, timeout_s: float, limit_s: float | None) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._limit_s = limit_s
        self._ending: asyncio.TimerHandle | None = None

    def __await__(self) -> Generator[Any, None, "PoolConnectionProxy[asyncpg.Record]"]:
        return self._pool.take(self._timeout_s).__await__()

    async def __aenter__(self) -> Connection:
        loop = asyncio.get_running_loop()
        entered = loop.time()
        self._connection = await self._pool.take(self._timeout_s)
        if self._limit_s is not None:
            self._ending = loop.call_at(entered + self._limit_s, _end, self._connection)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if self._ending is not None:
            self._ending.cancel()
        await self._pool.release(self._connection)


def _end(connection: Connection) -> None:
    with suppress(asyncpg.InterfaceError):  # it was ended already
        connection.terminate()


class Watchdog:
    """Cuts pools off while their server hangs. It asks over a connection of its own: theirs may be busy with good
    reason.
    """

    def __init__(self, url: str, *pools: BoundedPool) -> None:
        self._url = url
        self._pools = pools
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def ask(self) -> None:
        """Ask once. To refuse is an answer too; a server that cannot be reached changes nothing."""
        connected = self._connection is not None and not self._connection.is_closed()
        patience_s = HANGS_AFTER_S if connected else ACQUIRE_TIMEOUT_S
        asking = asyncio.create_task(self._ask(connected=connected))
        try:
            # Unlike asyncio.timeout it sees an answer that came while this process was busy.
            await asyncio.wait({asking}, timeout=patience_s)
            if not asking.done():
                for pool in self._pools:
                    pool.cut_off()
                raise TimeoutError(f"PostgreSQL has not answered for {patience_s} s")
        finally:
            await self._give_up(asking)
        asking.result()
        for pool in self._pools:
            pool.hangs = False

    async def _ask(self, *, connected: bool) -> None:
        try:
            if not connected:
                self._connection = await asyncpg.connect(self._url)
            assert self._connection is not None
            await self._connection.execute(ASK)
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as refusal:
            log.warning("database refuses", error=said(refusal))

    async def _give_up(self, asking: "asyncio.Task[None]") -> None:
        if not asking.done():
            if self._connection is not None:
                self._connection.terminate()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()


async def open_pool(
    url: str, *, min_size: int = 2, max_size: int = 10, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> Pool:
    """A pool whose connections work as the serving role."""
    settings = {
        "timezone": "UTC", "application_name": "recomengine", "role": SERVING_ROLE,
        # compiling takes longer than any of our statements gains by it
        "statement_timeout": str(statement_timeout_ms), "jit": "off",
    }  # fmt: skip
    return await BoundedPool(
        url,
        min_size=min_size,
        max_size=max_size,
        server_settings=settings,
        reset=_keep_connection,
        command_timeout=statement_timeout_ms / 1000,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        connect=None,
        setup=None,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
    )


async def _keep_connection(_connection: Connection) -> None:
    """Nothing outlives a transaction here (settings are local), so a released connection needs no round trip."""


@asynccontextmanager
async def tenant_transaction(
    pool: Pool, *tenants: UUID, snapshot: bool = False, limit_s: float | None = None
) -> AsyncIterator[Connection]:
    """A transaction that sees the rows of `tenants` and of nobody else; snapshot: all its statements as of one moment.

    limit_s: as of BoundedPool.acquire().
    """
    isolation: Literal["repeatable_read", "read_committed"] = "repeatable_read" if snapshot else "read_committed"
    async with pool.acquire(limit_s=limit_s) as connection, connection.transaction(isolation=isolation):
        await connection.execute(DECLARE_TENANTS, tenant_list(tenants))
        yield connection


def tenant_list(tenants: Sequence[UUID]) -> str:
    """`tenants` as the array literal that the policies read."""
    return "{" + ",".join(map(str, tenants)) + "}"
