"""The rules of passwords, and the thread that checks them."""

import asyncio

import pytest

from recomengine.auth import passwords
from recomengine.auth.passwords import MIN_LENGTH, Hasher, check_password
from recomengine.web.problems import Invalid, Unavailable


@pytest.mark.parametrize("password", ["correct horse battery", "zzzz9 zzzz8", "ключ от квартиры", "pass word pass word", "9381746250"])
def test_long_passwords_of_any_characters_are_taken(password: str) -> None:
    check_password(password, "ann@example.com", "Ann")


@pytest.mark.parametrize("password", ["", "a" * (MIN_LENGTH - 1), "1234567890", "Recomengine", "aaaaaaaaaaaaaaaa"])
def test_short_and_common_ones_are_not(password: str) -> None:
    with pytest.raises(Invalid):
        check_password(password)


async def test_a_password_matches_its_own_hash_only_and_nothing_matches_no_account() -> None:
    hasher = Hasher()
    try:
        made = await hasher.hash("p" * 80 + "1")
        assert made.startswith("$2b$12$")
        assert await hasher.matches("p" * 80 + "1", made)
        assert not await hasher.matches("p" * 80 + "2", made)
        assert not await hasher.matches("-", None)
        assert await hasher.matches("with\0zero", await hasher.hash("with\0zero"))
        assert not await hasher.matches("with\0other", await hasher.hash("with\0zero"))
    finally:
        hasher.close()


async def test_beyond_what_can_wait_logins_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 2)
    hasher = Hasher()
    try:
        results = await asyncio.gather(*(hasher.matches("x", None) for _ in range(4)), return_exceptions=True)
        assert [isinstance(result, Unavailable) for result in results] == [False, False, True, True]
        assert not await hasher.matches("x", None)
    finally:
        hasher.close()
