"""The joins of a build as mapped arrays say what the rows said."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recomengine.events.joined import MAX_JOINED, JoinedIds
from recomengine.models.model import Model
from recomengine.models.people import People, names_of, people_arrays
from tests.support.shops import demo_shop

ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=4)


@st.composite
def shoppers(draw: st.DrawFn) -> dict[str, list[str]]:
    """The aliases of each user, the newest first; no id twice."""
    free = iter(draw(st.lists(ids, unique=True, max_size=40)))
    found: dict[str, list[str]] = {}
    for user in free:
        aliases = [alias for alias, _ in zip(free, range(draw(st.integers(1, MAX_JOINED + 4))), strict=False)]
        if aliases:
            found[user] = aliases
    return found


def rows(found: dict[str, list[str]]) -> list[dict[str, Any]]:
    """As the database gives them; the oldest alias was seen first."""
    return [
        {"user_id": user, "anonymous_id": alias, "first_seen_id": found[user][-1]}
        for user in sorted(found)
        for alias in found[user]
    ]


@given(shoppers())
def test_every_id_of_a_shopper_finds_the_same_shopper(found: dict[str, list[str]]) -> None:
    people = People(people_arrays(rows(found)))
    for user, aliases in found.items():
        expected = JoinedIds([user, *aliases[:MAX_JOINED]], aliases[-1])
        assert [people.find(each) for each in (user, *aliases)] == [expected] * (1 + len(aliases))
    joined = {user for user, aliases in found.items() for user in (user, *aliases)}
    assert all(people.find(each) is None for each in ("", "stranger") if each not in joined)


@given(shoppers())
def test_each_alias_has_the_name_of_its_user(found: dict[str, list[str]]) -> None:
    assert names_of(rows(found)) == {alias: user for user, aliases in found.items() for alias in aliases}


def test_a_shopper_of_whom_no_id_is_known_to_be_the_first_is_hashed_by_the_user_id() -> None:
    row = {"user_id": "ann", "anonymous_id": "anon", "first_seen_id": "ann"}
    assert People(people_arrays([row])).find("anon") == JoinedIds(["ann", "anon"], "ann")


def test_a_model_from_before_joins_were_part_of_it_is_served_and_knows_of_none() -> None:
    model: Model = demo_shop().model
    assert model.people.find("ann") is None
