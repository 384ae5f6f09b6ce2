"""One process that charges a key as fast as Redis answers: `python -m tests.web.hammer URL PREFIX LIMIT WINDOW_MS
SLOT_MS`.

Redis is waited for, so that every answer is Redis's. It prints [sent, answered, passed] for each request; the moments
are those of the machine's clock, which all processes share.
"""

import asyncio
import json
import sys
import time
from uuid import UUID

from starlette.requests import Request

from recomengine.infra import redis
from recomengine.infra.metrics import FALLBACKS
from recomengine.shop import RateLimits, TenantConfig
from recomengine.web import limits
from recomengine.web.caller import Caller
from recomengine.web.problems import RateLimited

SECONDS = 2.5
AT_ONCE = 3


async def hammer(url: str, prefix: str, limit: int) -> list[tuple[float, float, bool]]:
    client = redis.RedisClient(url)
    limiter = limits.Limits(client)
    caller = Caller(
        UUID(int=0), UUID(int=0), prefix, "read", (), "active", TenantConfig(rate_limits=RateLimits(limit, limit)), ""
    )
    rows: list[tuple[float, float, bool]] = []

    async def one() -> None:
        sent = time.monotonic()
        try:
            await limiter.charge(Request({"type": "http", "headers": []}), caller, "read")
            passed = True
        except RateLimited:
            passed = False
        rows.append((sent, time.monotonic(), passed))

    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    await client.close()
    assert FALLBACKS.labels("limits")._value.get() == 0
    return rows


if __name__ == "__main__":
    redis.TIMEOUT_S = 30.0
    limits.WINDOW_MS, limits.SLOT_MS = int(sys.argv[4]), int(sys.argv[5])
    print(json.dumps(asyncio.run(hammer(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
