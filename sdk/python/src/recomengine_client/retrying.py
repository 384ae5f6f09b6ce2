"""When a call is sent again, and after what wait: decided here, waited for by the clients.

After failure n (from 0) without a word of the server's the wait is drawn evenly from 0 to
min(longest_wait_s, first_wait_s × 2ⁿ), so that many clients do not come back together. Retry-After is waited for in
full, and what is drawn is added to it. A call ends when its attempts are used up, or when the next one would begin
after `total_s`.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any

import httpx
from msgspec import Struct

from recomengine_client.call import Call
from recomengine_client.errors import NotReached, error_of

BUSY = frozenset({429, 502, 503, 504})
"""Answers that say: not now. 502 and 504 are what a proxy says while the server starts anew."""
MOST_DOUBLINGS = 30
CONNECT_S = 5.0
SILENCE_S = 600.0
"""The longest pause of an import's answer."""


class Patience(Struct, frozen=True, kw_only=True):
    """attempts: in all, None for as many as there is time for; attempt_s: the longest of one; total_s: of all with the
    waits between them. An import may take any time: its total_s begins with its first failure.
    """

    attempts: int | None = 4
    attempt_s: float = 10.0
    total_s: float = 30.0
    first_wait_s: float = 0.1
    longest_wait_s: float = 10.0


PATIENCE = Patience()


class Attempts:
    """Of one call. `timeout` is the next one's; after each, `answered` or `failed` says how long to wait before the
    next, or raises what the call has come to.
    """

    def __init__(
        self, call: Call[Any], patience: Patience, clock: Callable[[], float] = time.monotonic,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:  # fmt: skip
        self._call = call
        self._patience = patience
        self._clock = clock
        self._draw = draw
        self._end = inf if call.unhurried else clock() + patience.total_s
        self._in_doubt = False
        """Whether an attempt without a clear answer may have done its work."""
        self.made = 0
        """Attempts that are over."""

    @property
    def timeout(self) -> httpx.Timeout:
        left = SILENCE_S if self._call.unhurried else min(self._patience.attempt_s, self._end - self._clock())
        left = max(left, 0.001)
        return httpx.Timeout(left, connect=min(left, CONNECT_S))

    def answered(self, response: httpx.Response) -> float | None:
        """None: the answer is good. Raises ApiError."""
        if response.is_success or (self._in_doubt and self._call.absent_is_done and response.status_code == 404):
            return None
        self._in_doubt = self._in_doubt or response.status_code != 429
        retry_after_s = retry_after(response.headers.get("retry-after"))
        wait_s = self._next_wait(retry_after_s) if response.status_code in BUSY else None
        if wait_s is None:
            raise error_of(response, retry_after_s)
        return wait_s

    def failed(self, error: httpx.RequestError) -> float:
        """Raises NotReached."""
        self._in_doubt = True
        wait_s = self._next_wait(None)
        if wait_s is None:
            why = str(error) or type(error).__name__
            often = "1 attempt" if self.made == 1 else f"{self.made} attempts"
            raise NotReached(
                f"No answer to {self._call.method} {self._call.path} after {often}: {why}. "
                f"Check the URL, and that the server runs."
            ) from error
        return wait_s

    def _next_wait(self, retry_after_s: float | None) -> float | None:
        """None: there is no next attempt."""
        doublings = min(self.made, MOST_DOUBLINGS)
        self.made += 1
        patience = self._patience
        if not self._call.repeatable or (patience.attempts is not None and self.made >= patience.attempts):
            return None
        self._end = min(self._end, self._clock() + patience.total_s)
        most_s = min(patience.longest_wait_s, patience.first_wait_s * 2.0**doublings)
        wait_s = (retry_after_s or 0.0) + self._draw(0.0, most_s)
        return None if self._clock() + wait_s >= self._end else wait_s


def retry_after(header: str | None) -> float | None:
    """Seconds; of a date too. None: nothing is said, or nothing that can be read."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
