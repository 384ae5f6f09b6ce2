"""Redis: reached, new enough, bounded, not full, its clock ours."""

import asyncio
import time
from typing import Any

from recomengine.doctor.check import Check, clock
from recomengine.infra.redis import RedisUnavailable, conversation
from recomengine.settings import Settings

MIN_VERSION = 7
TIMEOUT_S = 5
WITHOUT = "Requests are still served, without cache and shared limits."


async def examine(settings: Settings) -> list[Check]:
    """One line where it cannot be asked, else all."""
    if not settings.redis_url:
        return [
            Check(
                "redis",
                False,
                "REDIS_URL is not set, and no `recomengine up` runs on this data dir.",
                "Set it, or start one.",
            )
        ]
    try:
        async with asyncio.timeout(TIMEOUT_S), conversation(settings.redis_url, TIMEOUT_S) as redis:
            info = _parsed(await redis.ask(("INFO",)))
            before = time.time()
            seconds, microseconds = map(int, await redis.ask(("TIME",)))
            after = time.time()
    except ValueError as error:
        return [
            Check(
                "redis",
                False,
                f"REDIS_URL cannot be used: {error}",
                "Expected redis://host:6379/0, rediss:// or unix:///path.",
            )
        ]
    except (OSError, RedisUnavailable) as error:
        why = str(error) or "no answer in time"
        return [
            Check("redis", False, f"cannot be reached: {why}. {WITHOUT}", "Check REDIS_URL and that the server runs.")
        ]
    return [_version(info), memory(info), clock("redis", seconds + microseconds / 1e6, before, after)]


def _parsed(info: bytes) -> dict[str, Any]:
    return dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)


def _version(info: dict[str, Any]) -> Check:
    version = str(info["redis_version"])
    name = f"Valkey {info['valkey_version']}, as Redis {version}" if "valkey_version" in info else f"version {version}"
    keys = sum(
        int(values.removeprefix("keys=").partition(",")[0]) for name, values in info.items() if name.startswith("db")
    )
    if int(version.partition(".")[0]) < MIN_VERSION:
        return Check("redis", False, f"is version {version}.", f"Upgrade it to {MIN_VERSION} or newer.")
    return Check("redis", True, f"{name}, {keys} keys")


def memory(info: dict[str, str]) -> Check:
    """All our keys have a lifetime, so a full Redis should drop the least used of them rather than refuse writes."""
    limit, used, policy = (
        int(info.get("maxmemory", 0)),
        int(info.get("used_memory", 0)),
        info.get("maxmemory_policy", "unknown"),
    )
    detail = f"{used >> 20} of {limit >> 20} MiB used, policy {policy}, {info.get('evicted_keys', 0)} keys evicted"
    if not limit:
        return Check(
            "redis memory",
            False,
            f"{used >> 20} MiB used, without a bound.",
            "Set maxmemory 1gb and maxmemory-policy volatile-lru.",
        )
    if policy == "noeviction":
        return Check(
            "redis memory", False, f"{detail}: when full it refuses every write.", "Set maxmemory-policy volatile-lru."
        )
    return Check("redis memory", True, detail)
