"""The PostgreSQL pool, and transactions that declare their tenant to row-level security."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from recomengine.infra import tracing
from recomengine.infra.stored_json import read_stored, write_stored

SERVING_ROLE = "recomengine_app"
STATEMENT_TIMEOUT_MS = 30_000
ACQUIRE_TIMEOUT_S = 5.0

DATABASE_AWAY = (
    OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)  # fmt: skip
"""What a query raises when the server cannot be reached, is stopping, full, slow (a TimeoutError is an OSError) or a standby."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

DECLARE_TENANTS = "SELECT set_config('app.tenants', $1, true)"


class BoundedPool(asyncpg.Pool):
    """A pool whose callers wait for a connection at most ACQUIRE_TIMEOUT_S, and then get a TimeoutError."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=ACQUIRE_TIMEOUT_S if timeout is None else timeout)


async def open_pool(url: str, *, min_size: int = 2, max_size: int = 10, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Pool:
    """A pool whose connections work as the serving role."""
    settings = {
        "timezone": "UTC", "application_name": "recomengine", "role": SERVING_ROLE, "statement_timeout": str(statement_timeout_ms),
        "jit": "off",  # compiling takes longer than any of our statements gains by it
    }  # fmt: skip
    return await BoundedPool(
        url, min_size=min_size, max_size=max_size, server_settings=settings, init=_prepare_connection, reset=_keep_connection,
        command_timeout=statement_timeout_ms / 1000, max_queries=50_000, max_inactive_connection_lifetime=300.0, connect=None, setup=None,
        loop=None, connection_class=asyncpg.Connection, record_class=asyncpg.Record,
    )


async def _prepare_connection(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=write_stored, decoder=read_stored)
    if tracing.wanted():
        connection.add_query_logger(tracing.record_statement)


async def _keep_connection(_connection: Connection) -> None:
    """Nothing outlives a transaction here (settings are local), so a released connection needs no round trip."""


@asynccontextmanager
async def tenant_transaction(pool: Pool, *tenants: UUID, snapshot: bool = False) -> AsyncIterator[Connection]:
    """A transaction that sees the rows of `tenants` and of nobody else; snapshot: all its statements as of one moment."""
    isolation: Literal["repeatable_read", "read_committed"] = "repeatable_read" if snapshot else "read_committed"
    async with pool.acquire() as connection, connection.transaction(isolation=isolation):
        await connection.execute(DECLARE_TENANTS, tenant_list(tenants))
        yield connection


def tenant_list(tenants: Sequence[UUID]) -> str:
    """`tenants` as the array literal that the policies read."""
    return "{" + ",".join(map(str, tenants)) + "}"
