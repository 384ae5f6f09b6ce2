"""The form of keys: what is made is recognised, what is mistyped is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.api_keys.secrets import ALPHABET, KEY_FORM, digest, make_key, prefix_of

SECRET = "s" * 32


@pytest.mark.parametrize(
    ("permissions", "start"), [("read", "rk_live_"), ("read-write", "rk_live_"), ("publish", "rk_pub_")]
)
def test_a_made_key_is_recognised(permissions: str, start: str) -> None:
    new = make_key(permissions, SECRET)  # type: ignore[arg-type]
    assert new.key.startswith(start)
    assert KEY_FORM.match(new.key)
    assert prefix_of(new.key) == new.prefix
    assert new.digest == digest(new.key, SECRET)


@given(position=st.integers(min_value=8, max_value=55), letter=st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_noticed_without_a_look_up(position: int, letter: str) -> None:
    key = make_key("read", SECRET).key
    wrong = key[:position] + letter + key[position + 1 :]
    assert wrong == key or prefix_of(wrong) is None


@given(st.text(max_size=80))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert prefix_of(text) is None


def test_keys_differ() -> None:
    assert len({make_key("read", SECRET).key for _ in range(1000)}) == 1000
