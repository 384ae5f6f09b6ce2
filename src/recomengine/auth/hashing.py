"""bcrypt beside the event loop, in small processes that hash one password at a time.

A check takes a third of a second of a core on purpose. While few wait, one process of normal priority does it, so that
people get in while a model is built. When more come at once, processes that the system runs only where nobody else
wants
the core do it: a storm of logins waits for itself, and not the shops' pages for it (docs/adr/0014). Processes, since a
thread may lose the core while it holds the interpreter's lock, and then everybody waits.
"""

import asyncio
import base64
import hmac
import os
import sys
import unicodedata
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from recomengine.auth import hashing_process
from recomengine.auth.hashing_process import CHECK, HASH, PATIENT, YES
from recomengine.web.problems import Unavailable

PATIENT_PROCESSES = min(4, os.cpu_count() or 1)
FEW = 4
MAX_WAITING = 400
PATIENCE_S = 100.0
"""For so long somebody waits in a storm before being turned away: while others keep all cores busy, it stands still."""
UNKNOWN = "$2b$12$KrByTYADuJJBOrh/HPxWOu/CafyhYCgw.cOTqQObbvAGJ7ViPc09."
"""Of a random text: stands for the hash of an account that does not exist, since checking it takes as long."""
DOMAIN = b"recomengine password"


class Hasher:
    def __init__(self) -> None:
        self._prompt = _Pool(1)
        self._patient = _Pool(PATIENT_PROCESSES, PATIENT)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._ask(HASH, _prepared(password))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; None (no such account) never is, and takes as long."""
        answer = await self._ask(CHECK, _prepared(password), password_hash or UNKNOWN)
        return answer == YES and password_hash is not None

    async def close(self) -> None:
        await self._prompt.close()
        await self._patient.close()

    async def _ask(self, *words: str) -> str:
        if self._waiting >= MAX_WAITING:
            raise _too_many()
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await (self._prompt if self._waiting <= FEW else self._patient).ask(words)
        except TimeoutError:
            raise _too_many() from None
        finally:
            self._waiting -= 1


class _Pool:
    """Processes, each started when it is first needed."""

    def __init__(self, size: int, *arguments: str) -> None:
        self._arguments = arguments
        self._free: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)
        self.running: set[Process] = set()

    async def ask(self, words: tuple[str, ...]) -> str:
        process = await self._free.get()
        try:
            if process is None:
                process = await self._start()
            answer = await _answer(process, words)
        except BaseException:
            if process is not None:
                self._give_up(process)  # its answer, if one comes, must not become the next one's
            self._free.put_nowait(None)
            raise
        self._free.put_nowait(process)
        return answer

    async def close(self) -> None:
        ending = list(self.running)
        for process in ending:
            self._give_up(process)
        await asyncio.gather(*(process.wait() for process in ending))

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", hashing_process.__name__, *self._arguments, stdin=PIPE, stdout=PIPE
        )
        self.running.add(process)
        return process

    def _give_up(self, process: Process) -> None:
        self.running.discard(process)
        with suppress(ProcessLookupError):
            process.kill()


async def _answer(process: Process, words: tuple[str, ...]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(" ".join(words).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
    except ConnectionError:
        line = b""
    if not line:
        raise Unavailable("Checking the password was interrupted. Try again.", code="overloaded")
    return line.decode().strip()


def _too_many() -> Unavailable:
    return Unavailable(
        "Too many people sign in at this moment. Try again shortly.", retry_after_s=30, code="overloaded"
    )


def _prepared(password: str) -> str:
    """bcrypt reads 72 bytes and ends at a zero byte; a digest in letters has neither problem. Ours is keyed: digests
    leaked elsewhere are no use.
    """
    plain = unicodedata.normalize("NFKC", password)
    return base64.b64encode(hmac.digest(DOMAIN, plain.encode(), "sha256")).decode()
