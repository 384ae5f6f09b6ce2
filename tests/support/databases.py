"""Databases of a test's own, on the run's private PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg

from recomengine.infra.database import SERVING_ROLE


class Roles(NamedTuple):
    """One database, as its owner (no superuser) reaches it, and as a login that is in the serving role only."""

    owner: str
    serving: str


@contextmanager
def separated_database(server_url: str) -> Iterator[Roles]:
    """A fresh database with an owner and a serving login of its own. Not for use inside a running loop."""
    owner, web = f"owner_{uuid4().hex}", f"web_{uuid4().hex}"
    with fresh_database(server_url) as url:
        name = url.split("?")[0].rsplit("/", 1)[1]
        for statement in (
            f"CREATE ROLE {owner} LOGIN CREATEROLE", f"CREATE ROLE {web} LOGIN",
            f"ALTER DATABASE {name} OWNER TO {owner}", f"GRANT {SERVING_ROLE} TO {owner} WITH ADMIN OPTION",
            f"GRANT {SERVING_ROLE} TO {web}",
        ):  # fmt: skip
            asyncio.run(execute(server_url, statement))
        yield Roles(url.replace("user=postgres", f"user={owner}"), url.replace("user=postgres", f"user={web}"))
    for role in (owner, web):
        asyncio.run(execute(server_url, f"DROP ROLE {role}"))


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
