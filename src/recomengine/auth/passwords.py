"""Passwords: the rules of NIST SP 800-63B (length, and none that everybody uses; nothing about kinds of characters), and bcrypt.

bcrypt takes a quarter of a second of a core on purpose. It runs on one thread of low priority, so that a storm of logins
waits for itself and not the shops' pages for it.
"""

import asyncio
import base64
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import bcrypt

from recomengine.web.problems import Unavailable, invalid

T = TypeVar("T")
MIN_LENGTH = 10
COST = 12
NICENESS = 10
MAX_WAITING = 400
UNKNOWN = bcrypt.hashpw(b"-", bcrypt.gensalt(COST)).decode()
"""Stands for the hash of an account that does not exist: checking it takes as long."""


def check_password(password: str, *known: str) -> None:
    """Raise Invalid for a password that is too short or easily guessed; known: what an attacker would try for this account."""
    if len(password) < MIN_LENGTH:
        raise invalid("$.password", f"expected at least {MIN_LENGTH} characters, got {len(password)}. A few words in a row are easy to keep in mind")
    plain = password.lower()
    if plain in common_passwords() or len(set(plain)) < 4:
        raise invalid("$.password", "is among the passwords that are tried first everywhere. Choose another one")
    for word in known:
        if word and plain in (word.lower(), word.lower().partition("@")[0]):
            raise invalid("$.password", "is the name or address of the account. Choose another one")


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # a list of 30,000; read when the first password is set

    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= MIN_LENGTH) | {"recomengine", "recommendations"}


class Hasher:
    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "bcrypt", initializer=_be_nice)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._run(lambda: bcrypt.hashpw(_prepared(password), bcrypt.gensalt(COST)).decode())

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; None (no such account) never is, and takes as long."""
        found = await self._run(lambda: bcrypt.checkpw(_prepared(password), (password_hash or UNKNOWN).encode()))
        return found and password_hash is not None

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many people sign in at this moment. Try again shortly.", retry_after_s=30, code="overloaded")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def _prepared(password: str) -> bytes:
    """bcrypt reads 72 bytes and ends at a zero byte; a digest in letters has neither problem."""
    return base64.b64encode(hashlib.sha256(password.encode()).digest())


def _be_nice() -> None:
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
