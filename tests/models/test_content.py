"""What a product's content is made of."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.models.build import content_digest
from recomengine.models.content import MAX_DESCRIPTION_WORDS, terms_of

BLANK: dict[str, Any] = {
    "number": 0, "name": "", "category": None, "further_categories": [], "brand": None, "description": None,
    "attributes": {},
}  # fmt: skip


def described(description: str) -> dict[str, float]:
    return terms_of(BLANK | {"description": description})


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["Cs"])))
def test_words_of_a_description_without_mark_up_are_those_that_stand_there(text: str) -> None:
    words = re.findall(r"\w+", " ".join(text.split()[:MAX_DESCRIPTION_WORDS]).lower())
    assert described(text) == {f"description:{word}": 0.3 for word in words}


@pytest.mark.parametrize(
    "head", ["", "<div " + " ".join(f'data-x{n}="v{n}"' for n in range(200)) + ">", "<style>a b</style>"]
)
def test_the_limit_on_words_counts_words_and_no_mark_up(head: str) -> None:
    words = [f"<p>word{number}</p>" for number in range(100)]
    assert list(described(head + "".join(words))) == [f"description:word{n}" for n in range(MAX_DESCRIPTION_WORDS)]


def test_two_products_with_the_same_mark_up_and_other_words_have_nothing_in_common() -> None:
    def wrapped(words: str) -> str:
        return f'<div class="rte"><style>.a{{color:red}}</style><span data-x="1">{words}</span></div>'

    assert not described(wrapped("warm wool")).keys() & described(wrapped("iron pan")).keys()
    assert described(wrapped("warm wool")) == described("warm wool")


def test_every_category_gives_its_path_and_those_above_it() -> None:
    product = BLANK | {"category": "Gear > Bags", "further_categories": ["New", "Gear > Travel"]}
    assert terms_of(product) == {
        "category:gear": 1.0, "category:gear_bags": 1.0, "category:new": 1.0, "category:gear_travel": 1.0,
    }  # fmt: skip


def test_another_category_makes_content_anew() -> None:
    one, two = (BLANK | {"category": "Gear", "further_categories": further} for further in ([], ["New"]))
    assert content_digest([one], 1) != content_digest([two], 1)
