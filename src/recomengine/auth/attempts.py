"""Failed attempts, by account and by address: after a few free ones each further one makes the next wait twice as long.

Counted in Redis, so that all processes share the count; without it each process counts for itself.
"""

import time
from collections import OrderedDict
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.web.problems import RateLimited

FREE = {"account": 5, "address": 50, "signup": 100, "forgot": 5}
"""Attempts within MEMORY_S that nobody waits for. account: failed logins of one; address: those from one; signup: from one address;
forgot: mails to one account."""
MEMORY_S = 900
MAX_WAIT_S = 900
MAX_ALONE = 10_000


class Attempts:
    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._alone: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def check(self, kind: str, subject: str) -> None:
        """Raise RateLimited while `subject` must wait."""
        key = _key(kind, subject)
        try:
            (left,) = await self._redis.call(("TTL", f"{key}:wait"))
            wait = int(left)
        except RedisUnavailable:
            FALLBACKS.labels("attempts").inc()
            count, since = self._alone.get(key, (0, 0.0))
            wait = int(since + _wait_s(kind, count) - time.monotonic()) + 1 if _wait_s(kind, count) else 0
        if wait > 0:
            raise RateLimited(f"Too many attempts. Wait {wait} s before the next one.", code="too_many_attempts", headers={"Retry-After": str(wait)})

    async def note(self, kind: str, subject: str) -> None:
        """Count one attempt of `subject`."""
        key = _key(kind, subject)
        try:
            count, _ = await self._redis.call(("INCR", key), ("EXPIRE", key, MEMORY_S))
            if wait := _wait_s(kind, int(count)):
                await self._redis.call(("SET", f"{key}:wait", 1, "EX", wait))
        except RedisUnavailable:
            FALLBACKS.labels("attempts").inc()
            self._note_alone(key)

    async def forget(self, kind: str, subject: str) -> None:
        key = _key(kind, subject)
        self._alone.pop(key, None)
        try:
            await self._redis.call(("DEL", key, f"{key}:wait"))
        except RedisUnavailable:
            FALLBACKS.labels("attempts").inc()

    def _note_alone(self, key: str) -> None:
        count, since = self._alone.pop(key, (0, 0.0))
        now = time.monotonic()
        self._alone[key] = (count + 1 if now - since < MEMORY_S else 1, now)
        if len(self._alone) > MAX_ALONE:
            self._alone.popitem(last=False)


def _wait_s(kind: str, count: int) -> int:
    beyond = count - FREE[kind]
    return 0 if beyond < 0 else int(min(2.0**beyond, MAX_WAIT_S))


def _key(kind: str, subject: str) -> str:
    """Addresses and names of accounts are nobody's business in Redis."""
    return f"reco:attempts:{kind}:{sha256(_who(subject).encode()).hexdigest()[:32]}"


def _who(subject: str) -> str:
    """Of an IPv6 address the half that is given to one customer, who has the other half to himself."""
    try:
        address = ip_address(subject)
    except ValueError:
        return subject.lower()
    return address.exploded[:19] if isinstance(address, IPv6Address) and address.ipv4_mapped is None else subject
