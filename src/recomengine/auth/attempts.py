"""Attempts that must not be made without end: after some free ones each further one makes the next wait twice as long.

Failed sign-ins are counted by account and network together, so that a stranger's failures make nobody wait elsewhere;
by account alone, with room for many, against guesses from many networks at once; and by network alone.

Counted in Redis, so that all processes share the count; without it each process counts for itself.
"""

import time
from collections import OrderedDict
from hashlib import sha256
from typing import Literal, NamedTuple, TypeAlias

from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.web.problems import RateLimited

MEMORY_S = 900
MAX_ALONE = 10_000
MAX_DOUBLINGS = 10
RuleName = Literal["pair", "account", "network", "entry", "link", "inviting", "invited"]
Attempt: TypeAlias = tuple[RuleName, str]
"""By which rule, and whose: an account, a network, or both."""


class Rule(NamedTuple):
    free: int
    """Attempts within MEMORY_S that nobody waits for."""
    first_wait_s: int = 1
    max_wait_s: int = 900


RULES: dict[RuleName, Rule] = {
    "pair": Rule(5),  # failed sign-ins to one account from one network
    "account": Rule(
        100, max_wait_s=60
    ),  # failed sign-ins to one account from anywhere: its owner never waits long for strangers
    "network": Rule(50),  # failed sign-ins, and links for a new password that are none, from one network
    "entry": Rule(100),  # sign-ups and requests for a link from one network
    "link": Rule(
        3, first_wait_s=900
    ),  # requests for a link to one account from one network: fewer an hour than its owner may have
    "inviting": Rule(50),  # invitations by one account
    "invited": Rule(5, first_wait_s=900),  # invitations of one address to one tenant
}


class Attempts:
    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._alone: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def check(self, *attempts: Attempt) -> None:
        """Raise RateLimited while any of them must wait."""
        try:
            wait = max(map(int, await self._redis.call(*(("TTL", f"{_key(attempt)}:wait") for attempt in attempts))))
        except RedisUnavailable:
            FALLBACKS.labels("attempts").inc()
            wait = max(map(self._wait_alone_s, attempts))
        if wait > 0:
            raise RateLimited(
                f"Too many attempts. Wait {wait} s before the next one.",
                code="too_many_attempts",
                headers={"Retry-After": str(wait)},
            )

    async def note(self, attempt: Attempt) -> bool:
        """Count one more; whether it was the last free one."""
        key = _key(attempt)
        try:
            count, _ = await self._redis.call(("INCR", key), ("EXPIRE", key, MEMORY_S))
            if wait := _wait_s(attempt[0], int(count)):
                await self._redis.call(("SET", f"{key}:wait", 1, "EX", wait))
        except RedisUnavailable:
            FALLBACKS.labels("attempts").inc()
            count = self._note_alone(key)
        return int(count) == RULES[attempt[0]].free

    async def forget(self, attempt: Attempt) -> None:
        key = _key(attempt)
        self._alone.pop(key, None)
        try:
            await self._redis.call(("DEL", key, f"{key}:wait"))
        except RedisUnavailable:
            FALLBACKS.labels("attempts").inc()

    def _wait_alone_s(self, attempt: Attempt) -> int:
        count, since = self._alone.get(_key(attempt), (0, 0.0))
        wait = _wait_s(attempt[0], count)
        return int(since + wait - time.monotonic()) + 1 if wait else 0

    def _note_alone(self, key: str) -> int:
        count, since = self._alone.pop(key, (0, 0.0))
        now = time.monotonic()
        count = count + 1 if now - since < MEMORY_S else 1
        self._alone[key] = (count, now)
        if len(self._alone) > MAX_ALONE:
            self._alone.popitem(last=False)
        return count


def _wait_s(rule_name: RuleName, count: int) -> int:
    rule = RULES[rule_name]
    beyond = count - rule.free
    return 0 if beyond < 0 else min(rule.first_wait_s * 2 ** min(beyond, MAX_DOUBLINGS), rule.max_wait_s)


def _key(attempt: Attempt) -> str:
    """Addresses and names of accounts are nobody's business in Redis."""
    rule_name, subject = attempt
    return f"reco:attempts:{rule_name}:{sha256(subject.encode()).hexdigest()[:32]}"
