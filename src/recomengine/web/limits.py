"""Requests per minute: of a key, of an admin, and of a client's network where neither is known. A sliding window in
Redis that all processes share, one command per budget and loop tick.

Redis counts admitted requests in slots of a second and keeps with each slot the moment of its last request. A slot
counts until that moment is more than WINDOW_MS old. So, by Redis's clock alone and over any number of processes and
machines:

    never admitted:  more than `limit` requests in any 60 s;
    never refused:   a request before which fewer than `limit` were admitted in the last 61 s (60 s and one slot).

The charges of a tick on one key are one command, which leaves with the tick's other commands. A slot is dropped once,
so Redis takes a few steps for all of them. Refused requests are not counted. Without Redis a process counts for itself,
in the
same way, up to its share: the limit divided by the processes that were last seen. The counts of before are not carried
over, so the minute around a failure or a return of Redis may admit up to twice the limit.
"""

import asyncio
import hashlib
import ipaddress
import time
from collections.abc import Awaitable
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.types import Scope

from recomengine.infra.bus import CHANNEL
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisRefused
from recomengine.web.caller import Caller
from recomengine.web.problems import RateLimited

WINDOW_MS = 60_000
SLOT_MS = 1_000
PROCESSES_KNOWN_S = 10.0
MAX_OWN_COUNTS = 50_000
ADMIN_PER_MINUTE = 600
ACCOUNT_CALLS_PER_MINUTE = 600
"""From one network: signing up, in and out, renewing, choosing a new password. How often these may fail is
auth/attempts.py's.
"""
FAILURES_PER_MINUTE = 1000
"""From one network: requests for which nobody else is charged."""
Access = Literal["read", "write"]
"""Each has a limit of its own."""
FAILED = "failed requests in a minute from this address"
MEND = ", and see to it that they carry a good credential and a readable body"

# A slot's value is its count × SLOT_MS + when in the slot the last request was. n: the sum of all slots; o: the oldest
# slot; m: when the last request was. Only the oldest slots are looked at: they are dropped as they pass out of the
# window. Redis's own clock: processes' may differ. It stands still while it is behind m, and where it is so by more
# than a window all is forgotten.
COUNT = """
local asked, limit, window, slot_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local slot = math.floor(now / slot_ms)
local state = redis.call('HMGET', KEYS[1], 'n', 'o', 'm', slot)
local used, first, newest, mine = tonumber(state[1]), tonumber(state[2]), tonumber(state[3]), tonumber(state[4])
if not used or math.abs(now - newest) > window then
    redis.call('DEL', KEYS[1])
    used, first, newest, mine = 0, nil, 0, nil
elseif now < newest then
    now, slot = newest, math.floor(newest / slot_ms)
    mine = tonumber(redis.call('HGET', KEYS[1], slot))
end
local oldest, dropped = now, false
while used > 0 do
    local value = first == slot and mine or tonumber(redis.call('HGET', KEYS[1], first))
    if value then
        local last = first * slot_ms + value % slot_ms
        if now - last <= window then
            oldest = last
            break
        end
        used, dropped = used - math.floor(value / slot_ms), true
        redis.call('HDEL', KEYS[1], first)
    end
    first = first + 1
end
if used == 0 then first = slot end
local granted = math.max(0, math.min(asked, limit - used))
if granted > 0 then
    local count = math.floor((mine or 0) / slot_ms)
    redis.call('HSET', KEYS[1], slot, (count + granted) * slot_ms + now % slot_ms,
        'n', used + granted, 'o', first, 'm', now)
    if not mine then redis.call('PEXPIRE', KEYS[1], window + 2 * slot_ms) end
elseif dropped then
    redis.call('HSET', KEYS[1], 'n', used, 'o', first)
end
return {granted, used, oldest + window - now}
"""
COUNT_SHA = hashlib.sha1(COUNT.encode(), usedforsecurity=False).hexdigest()


class Allowance(NamedTuple):
    limit: int
    remaining: int
    reset_s: int
    """Until the oldest counted requests are free again."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As ASGI takes them."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_s),
        ]


class Tally(NamedTuple):
    """How many of the requests asked for were granted, after how many others, and when the oldest of all are free
    again.
    """

    granted: int
    used: int
    free_ms: int


class _Budget(NamedTuple):
    """What is counted, up to what limit, and how its excess is put into words."""

    subject: str
    limit: int
    what: str
    advice: str = ""


class _Batch(NamedTuple):
    """The charges of one tick on one budget."""

    budget: _Budget
    waiting: "list[tuple[Scope, asyncio.Future[None]]]"


class Limits:
    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._batches: dict[str, _Batch] = {}
        self._own = OwnCounts()
        self._processes = 1
        self._processes_until = 0.0

    def charge(self, request: HTTPConnection, caller: Caller, access: Access) -> Awaitable[None]:
        """Count the request with all others of this tick; awaited, raise RateLimited when it is over the limit."""
        limits = caller.config.rate_limits
        limit = limits.read_per_minute if access == "read" else limits.write_per_minute
        if limit == 0:
            request.scope["charged"] = True
            return _granted()
        budget = _Budget(
            _subject(request, caller, access), limit, "requests in a minute with this key", ", or send batches"
        )
        return self._charge(request.scope, budget)

    def charge_admin(self, request: HTTPConnection, admin_id: UUID) -> Awaitable[None]:
        return self._charge(
            request.scope, _Budget(f"admin:{admin_id}", ADMIN_PER_MINUTE, "requests in a minute of this account")
        )

    def charge_account_call(self, request: HTTPConnection) -> Awaitable[None]:
        """Of somebody who is not signed in yet, or whose session is to be renewed or ended."""
        what = "requests about accounts in a minute from this address"
        return self._charge(
            request.scope, _Budget(f"account:{client_network(request)}", ACCOUNT_CALLS_PER_MINUTE, what)
        )

    def charge_failure(self, request: HTTPConnection) -> Awaitable[None]:
        return self._charge(
            request.scope, _Budget(f"failure:{client_network(request)}", FAILURES_PER_MINUTE, FAILED, MEND)
        )

    def _charge(self, scope: Scope, budget: _Budget) -> Awaitable[None]:
        scope["charged"] = True  # should it fail, nobody else is charged
        batch = self._batches.get(budget.subject)
        if batch is None:
            if not self._batches:
                self._redis.before_write(self._ask)
            batch = self._batches[budget.subject] = _Batch(budget, [])
        charged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        batch.waiting.append((scope, charged))
        return charged

    def _ask(self) -> None:
        batches, self._batches = self._batches, {}
        for batch in batches.values():
            self._count(batch, "EVALSHA", COUNT_SHA)
        now = time.monotonic()
        if now >= self._processes_until:
            self._processes_until = now + PROCESSES_KNOWN_S
            self._redis.call(("PUBSUB", "NUMSUB", CHANNEL)).add_done_callback(self._learn_processes)

    def _count(self, batch: _Batch, verb: str, script: str) -> None:
        key = f"reco:ratelimit:{batch.budget.subject}"
        counted = self._redis.call((verb, script, 1, key, len(batch.waiting), batch.budget.limit, WINDOW_MS, SLOT_MS))
        counted.add_done_callback(partial(self._counted, batch))

    def _counted(self, batch: _Batch, counted: "asyncio.Future[list[Any]]") -> None:
        error = counted.exception()
        if error is None:
            _settle(batch, batch.budget.limit, Tally(*counted.result()[0]))
        elif isinstance(error, RedisRefused) and str(error).startswith("NOSCRIPT"):
            self._count(batch, "EVAL", COUNT)  # this Redis has not run it yet
        else:
            FALLBACKS.labels("limits").inc(len(batch.waiting))
            share = max(1, batch.budget.limit // self._processes)
            _settle(batch, share, self._own.take(batch.budget.subject, len(batch.waiting), share))

    def _learn_processes(self, answered: "asyncio.Future[list[Any]]") -> None:
        """Each serving process listens to the bus."""
        if answered.exception() is None:
            self._processes = max(1, int(answered.result()[0][1]))


class OwnCounts:
    """What Redis does, for this process alone."""

    def __init__(self) -> None:
        self._slots: dict[str, dict[int, tuple[int, int]]] = {}

    def take(self, subject: str, asked: int, limit: int) -> Tally:
        now = int(time.monotonic() * 1000)
        slots = {
            slot: (count, last)
            for slot, (count, last) in self._slots.pop(subject, {}).items()
            if now - last <= WINDOW_MS
        }
        used = sum(count for count, _ in slots.values())
        oldest = min((last for _, last in slots.values()), default=now)
        granted = max(0, min(asked, limit - used))
        if granted:
            slots[now // SLOT_MS] = (slots.get(now // SLOT_MS, (0, 0))[0] + granted, now)
        self._slots[subject] = slots
        if len(self._slots) > MAX_OWN_COUNTS:
            del self._slots[next(iter(self._slots))]  # the one that was silent longest
        return Tally(granted, used, oldest + WINDOW_MS - now)


def _settle(batch: _Batch, limit: int, tally: Tally) -> None:
    """Requests were granted in the order in which they came."""
    reset_s = max(1, -(-tally.free_ms // 1000))
    for position, (scope, charged) in enumerate(batch.waiting, 1):
        if charged.done():  # its client has left
            continue
        scope["allowance"] = Allowance(limit, max(0, limit - tally.used - min(position, tally.granted)), reset_s)
        if position <= tally.granted:
            charged.set_result(None)
        else:
            charged.set_exception(_over(limit, reset_s, batch.budget.what, batch.budget.advice))
            charged.exception()  # whoever stopped caring must not be logged as forgetful


def too_many_failures(wait_s: int) -> RateLimited:
    return _over(FAILURES_PER_MINUTE, wait_s, FAILED, MEND)


def _over(limit: int, wait_s: int, what: str, advice: str) -> RateLimited:
    return RateLimited(f"More than {limit} {what}. Wait {wait_s} s{advice}.", headers={"Retry-After": str(wait_s)})


def _subject(request: HTTPConnection, caller: Caller, access: Access) -> str:
    subject = f"{caller.prefix}:{access}"
    return f"{subject}:{client_network(request)}" if caller.permissions == "publish" else subject


def client_network(request: HTTPConnection) -> str:
    """The client's address; of IPv6 the /64, which one client has all of."""
    return network_of(request.client.host) if request.client else "unknown"


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"  # what a proxy says may be anything
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # as a socket for both kinds shows an IPv4 address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _granted() -> Awaitable[None]:
    granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    granted.set_result(None)
    return granted
