"""The rules of passwords."""

import pytest

from recomengine.auth.passwords import MIN_LENGTH, check_password
from recomengine.web.problems import Invalid


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "zzzz9 zzzz8", "ключ от квартиры", "pass word pass word", "9381746250", "moon-river-42"],
)
def test_long_passwords_of_any_characters_are_taken(password: str) -> None:
    check_password(password, "ann@example.com", "Ann")


@pytest.mark.parametrize("password", [
    "", "a" * (MIN_LENGTH - 1), "1234567890", "Recomengine", "aaaaaaaaaaaaaaaa", "0987654321",
    "abcdefghij", "Password1!", "letmein123", "passwordpassword", "administrator", "Ｐａｓｓｗｏｒｄ１２３",
])  # fmt: skip
def test_short_and_common_ones_are_not(password: str) -> None:
    with pytest.raises(Invalid):
        check_password(password)
