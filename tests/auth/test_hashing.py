"""The processes that check passwords."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from recomengine.auth import hashing
from recomengine.auth.hashing import Hasher
from recomengine.web.problems import Unavailable


def pids(hasher: Hasher) -> list[int]:
    return [process.pid for pool in (hasher._prompt, hasher._patient) for process in pool.running]


@pytest.fixture
async def hasher() -> AsyncIterator[Hasher]:
    hasher = Hasher()
    yield hasher
    await hasher.close()


async def test_a_password_matches_its_own_hash_only_and_nothing_matches_no_account(hasher: Hasher) -> None:
    made = await hasher.hash("p" * 80 + "1")
    assert made.startswith("$2b$12$")
    assert await hasher.matches("p" * 80 + "1", made)
    assert not await hasher.matches("p" * 80 + "2", made)
    assert not await hasher.matches("-", None)
    assert await hasher.matches("with\0zero", await hasher.hash("with\0zero"))
    assert not await hasher.matches("with\0other", await hasher.hash("with\0zero"))


async def test_a_letter_is_the_same_however_a_keyboard_writes_it(hasher: Hasher) -> None:
    assert await hasher.matches("cafe\u0301 au lait", await hasher.hash("caf\u00e9 au lait"))


async def test_beyond_what_can_wait_logins_are_turned_away(hasher: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MAX_WAITING", 2)
    results = await asyncio.gather(*(hasher.matches("x", None) for _ in range(4)), return_exceptions=True)
    assert [isinstance(result, Unavailable) for result in results] == [False, False, True, True]
    assert not await hasher.matches("x", None)


async def test_nobody_waits_forever(hasher: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await hasher.hash("some password")
    monkeypatch.setattr(hashing, "PATIENCE_S", 0.01)
    with pytest.raises(Unavailable):
        await hasher.matches("some password", made)
    monkeypatch.undo()
    assert await hasher.matches("some password", made)


async def test_few_are_served_promptly_and_a_storm_only_where_nobody_wants_the_core(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "FEW", 1)
    await hasher.matches("x", None)
    assert not hasher._patient.running
    await asyncio.gather(*(hasher.matches("x", None) for _ in range(3)))
    classes = [
        [os.sched_getscheduler(process.pid) for process in pool.running] for pool in (hasher._prompt, hasher._patient)
    ]
    assert classes[0] == [os.SCHED_OTHER]
    assert set(classes[1]) == {os.SCHED_IDLE}


async def test_the_event_loop_goes_on_while_a_password_is_checked(hasher: Hasher) -> None:
    checking, turns = asyncio.create_task(hasher.matches("x", None)), 0
    while not checking.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


async def test_a_process_that_was_killed_is_replaced(hasher: Hasher) -> None:
    made = await hasher.hash("some password")
    checking = asyncio.create_task(hasher.matches("some password", made))
    await asyncio.sleep(0)
    for pid in pids(hasher):
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable):
        await checking
    assert await hasher.matches("some password", made)


async def test_an_answer_that_nobody_waits_for_is_nobody_elses(hasher: Hasher) -> None:
    made = await hasher.hash("some password")
    checking = asyncio.create_task(hasher.matches("some password", made))
    await asyncio.sleep(0)
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    assert not await hasher.matches("another password", made)


async def test_closing_leaves_no_process() -> None:
    hasher = Hasher()
    await hasher.matches("x", None)
    left = pids(hasher)
    assert left
    await hasher.close()
    for pid in left:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
