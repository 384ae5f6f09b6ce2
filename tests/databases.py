"""Databases of a test's own, on the run's private PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import asyncpg


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database; it is dropped at the end. Not for use inside a running loop."""
    name = f"fresh_{uuid4().hex}"
    asyncio.run(execute(server_url, f"CREATE DATABASE {name}"))
    try:
        yield server_url.replace("/recomengine?", f"/{name}?")
    finally:
        asyncio.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def execute(url: str, sql: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql, *arguments)
    finally:
        await connection.close()


async def fetch(url: str, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    """Rows as the owner sees them."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


async def fetchval(url: str, sql: str, *arguments: Any) -> Any:
    return (await fetch(url, sql, *arguments))[0][0]
