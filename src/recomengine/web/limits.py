"""Requests per minute and key, counted in Redis so that all processes share one count.

A fixed window of a minute: INCR of the window's key, which rides on the round trip that the tick makes anyway. With
Redis down each process counts for itself.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, Literal, NamedTuple

from starlette.requests import HTTPConnection

from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.web.caller import Caller
from recomengine.web.problems import RateLimited

WINDOW_S = 60
Kind = Literal["read", "write"]


class Allowance(NamedTuple):
    limit: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


class Limits:
    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._window = 0
        self._own_counts: dict[str, int] = {}

    def charge(self, request: HTTPConnection, caller: Caller, kind: Kind) -> Awaitable[None]:
        """Count the request now; awaited, raise RateLimited when it is over the limit.

        The count is asked for at once, so that it shares the round trip of what the handler asks for next.
        """
        limits = caller.config.rate_limits
        limit = limits.read_per_minute if kind == "read" else limits.write_per_minute
        if limit == 0:
            return _unlimited()
        now = time.time()
        window = int(now // WINDOW_S)
        subject = f"{caller.prefix}:{kind}"
        if caller.permissions == "publish":
            subject += f":{request.client.host if request.client else 'unknown'}"
        key = f"reco:ratelimit:{subject}:{window}"
        counted = self._redis.call(("INCR", key), ("EXPIRE", key, 2 * WINDOW_S, "NX"))
        return self._judge(request, counted, key, window, limit, WINDOW_S - int(now % WINDOW_S))

    async def _judge(
        self, request: HTTPConnection, counted: "asyncio.Future[list[Any]]", key: str, window: int, limit: int, reset_s: int
    ) -> None:
        try:
            count = int((await counted)[0])
        except RedisUnavailable:
            FALLBACKS.labels("limits").inc()
            count = self._count_alone(key, window)
        allowance = Allowance(limit, max(0, limit - count), reset_s)
        request.scope["allowance"] = allowance
        if count > limit:
            raise RateLimited(
                f"More than {limit} requests in a minute with this key. Wait {reset_s} s, or send batches.",
                headers={"Retry-After": str(max(1, reset_s))},
            )

    def _count_alone(self, key: str, window: int) -> int:
        if window != self._window:
            self._window = window
            self._own_counts.clear()
        self._own_counts[key] = self._own_counts.get(key, 0) + 1
        return self._own_counts[key]


async def _unlimited() -> None:
    return None
