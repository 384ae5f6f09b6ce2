"""`recomengine doctor`: what a running system needs, checked one by one."""

import os
import shutil
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import asyncpg

from recomengine.infra.migrations import pending
from recomengine.infra.redis import RedisUnavailable, ask_once
from recomengine.settings import Settings, SettingsError

MIN_POSTGRESQL = 150_000
MIN_REDIS = 7
MIN_FREE_BYTES = 1 << 30


class Check(NamedTuple):
    name: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Check]:
    checks: list[Callable[[Settings], Awaitable[Check]]] = [_secrets, _database, _redis, _space, _core]
    return [await check(settings) for check in checks]


async def _secrets(settings: Settings) -> Check:
    try:
        settings.require_secrets()
    except SettingsError as error:
        return Check("secrets", False, str(error))
    return Check("secrets", True, "set")


async def _database(settings: Settings) -> Check:
    if not settings.database_url:
        return Check("postgresql", False, "DATABASE_URL is not set, and no `recomengine up` runs on this data dir. Set it, or start one.")
    try:
        connection = await asyncpg.connect(settings.database_url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Check("postgresql", False, f"cannot be reached: {error}. Check DATABASE_URL and that the server runs.")
    try:
        number = int(await connection.fetchval("SHOW server_version_num"))
        missing = await pending(connection)
    finally:
        await connection.close()
    if number < MIN_POSTGRESQL:
        return Check("postgresql", False, f"is version {number // 10000}; 15 or newer is needed.")
    if missing:
        return Check("postgresql", False, f"lacks {', '.join(missing)}. Run `recomengine migrate`.")
    return Check("postgresql", True, f"version {number // 10000}, schema up to date")


async def _redis(settings: Settings) -> Check:
    if not settings.redis_url:
        return Check("redis", False, "REDIS_URL is not set, and no `recomengine up` runs on this data dir. Set it, or start one.")
    try:
        info = bytes(await ask_once(settings.redis_url, ("INFO", "server"), 5.0)).decode()
    except ValueError as error:
        return Check("redis", False, f"REDIS_URL cannot be used: {error}")
    except (OSError, RedisUnavailable) as error:
        why = str(error) or "no answer in time"
        return Check("redis", False, f"cannot be reached: {why}. Requests are still served, without cache and shared limits.")
    version = dict(line.split(":", 1) for line in info.split() if ":" in line)["redis_version"]
    if int(version.partition(".")[0]) < MIN_REDIS:
        return Check("redis", False, f"is version {version}; {MIN_REDIS} or newer is needed.")
    return Check("redis", True, f"version {version}")


async def _space(settings: Settings) -> Check:
    folder = next(path for path in (settings.data_dir.resolve(), *settings.data_dir.resolve().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return Check("disk", free >= MIN_FREE_BYTES, f"{free >> 20} MiB free at {folder}; models and embedded servers want 1024")


async def _core(_settings: Settings) -> Check:
    try:
        from recomengine._core import ranking  # noqa: F401 - whether it loads is the question
    except ImportError as error:
        return Check("core", False, f"the kernels do not load: {error}. Run `make setup`.")
    return Check("core", True, f"kernels load, {os.cpu_count()} cores")
