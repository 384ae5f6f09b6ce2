"""Rankers of any sources, requests to them, and what they answer: for tests of the serving kernel."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from recomengine._core.candidates import Workspace
from recomengine._core.ranking import Paths, Ranker, rank
from recomengine._core.sources import Neighbours, Sequences, Source, own, ranking, sessions, table
from tests.support import reference
from tests.support.matrices import csr, rows
from tests.support.reference import Asked, Given, Row

ITEMS, CATALOG, CATEGORIES, PURCHASE, DEPTH = 10, 12, 3, 6, 100
WORKSPACE = Workspace()
"""Used by all tests one after the other: what one request leaves must not show in the next."""

Answer = tuple[list[int], list[float], list[int], list[int]]


class Kind(NamedTuple):
    """A source, and what it says of a request in plain Python."""

    source: Source
    says: Callable[[Asked], Given]


# powers of two, and sequences of 1, 2 or 4 items: sums and products are exact in float32, so a tie is a tie in both
value = st.sampled_from([0.25, 0.5, 1.0, 2.0])
signed = st.sampled_from([-2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0])
item = st.integers(0, ITEMS - 1)
anything = st.integers(-1, CATALOG + 1)
sequence = st.sampled_from([1, 2, 4]).flatmap(lambda size: st.lists(item, min_size=size, max_size=size))


@st.composite
def tables(draw: st.DrawFn) -> Kind:
    given, profile = draw(st.lists(rows(ITEMS, ITEMS, signed), max_size=2)), draw(st.integers(0, 1))
    return a_table(given, profile)


def a_table(given: list[list[Row]], profile: int = 0) -> Kind:
    def says(asked: Asked) -> Given:
        return reference.summed(reference.table_credits(given, seeds_of(asked, profile)))

    return Kind(table([Neighbours(csr(each), ITEMS) for each in given], profile), says)


@st.composite
def neighbouring_sessions(draw: st.DrawFn) -> Kind:
    given, idf = (
        draw(st.lists(sequence, max_size=8)),
        draw(st.lists(value | st.just(0.0), min_size=ITEMS, max_size=ITEMS)),
    )
    options = {
        "sample": draw(st.integers(1, 5)), "neighbours": draw(st.integers(1, 6)),
        "decay": draw(st.sampled_from([0.5, 1.0])),
        "length": draw(st.sampled_from([0.0, 1.0])), "back": draw(st.sampled_from([0.0, 0.5, 1.0])),
    }  # fmt: skip
    return a_session_source(given, idf, draw(st.integers(0, 1)), **options)


def a_session_source(given: list[list[int]], idf: list[float], profile: int = 0, **options: Any) -> Kind:
    def says(asked: Asked) -> Given:
        return reference.summed(reference.session_credits(given, idf, seeds_of(asked, profile), **options))

    return Kind(sessions([Sequences(*index(given, idf))], profile, **options), says)


def index(given: list[list[int]], idf: list[float]) -> tuple[Any, ...]:
    where = [[number for number, items in enumerate(given) if one in items] for one in range(len(idf))]
    indptr, at = (np.cumsum([0, *map(len, lists)], dtype=np.int64) for lists in (given, where))
    items, flat = (np.array([one for each in lists for one in each], np.int32) for lists in (given, where))
    return indptr, items, at, flat, np.array(idf, np.float32)


@st.composite
def rankings(draw: st.DrawFn) -> Kind:
    return a_ranking(draw(st.dictionaries(st.integers(0, CATALOG + 3), signed, max_size=8)))


def a_ranking(scores: Row) -> Kind:
    order = reference.best(scores, len(scores))
    source = ranking(np.array([one for one, _ in order], np.int32), np.array([score for _, score in order], np.float32))
    return Kind(source, lambda asked: reference.summed((one, score, one) for one, score in order if score > 0))


def of_request() -> Kind:
    return Kind(own(), lambda asked: reference.summed((one, weight, one) for one, weight in asked.own if weight > 0))


def seeds_of(asked: Asked, profile: int) -> list[tuple[int, float]]:
    return list(zip(asked.seeds, asked.profiles[profile], strict=False))


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    def lists(one: st.SearchStrategy[Any], size: int) -> Any:
        return draw(st.lists(one, min_size=size, max_size=size))

    seeds = draw(st.lists(anything, max_size=5))
    return Asked(
        seeds=seeds, profiles=[lists(signed, max(len(seeds), 1)) for _ in range(2)],
        own=draw(st.lists(st.tuples(anything, signed), max_size=4)),
        history=draw(st.lists(st.tuples(anything, st.integers(0, PURCHASE)), max_size=8)),
        session=draw(st.integers(-1, 9)), purchase=PURCHASE,
        available=lists(st.sampled_from([1, 1, 1, 0]), CATALOG),
        prices=lists(st.sampled_from([-1, 0, 500, 1000, 1500]), CATALOG),
        categories=lists(st.integers(-1, CATEGORIES - 1), CATALOG), fallback=draw(st.lists(anything, max_size=6)),
        excluded=draw(st.lists(anything, max_size=3)),
        mask=draw(st.none() | st.lists(st.integers(0, 1), min_size=CATEGORIES, max_size=CATEGORIES)),
        min_price=draw(st.sampled_from([-1, -1, 0, 500])), max_price=draw(st.sampled_from([-1, -1, 0, 1000])),
        paths=draw(st.none() | st.lists(
            st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True), min_size=CATEGORIES, max_size=CATEGORIES
        )),
    )  # fmt: skip


kinds = st.lists(tables() | neighbouring_sessions() | rankings() | st.builds(of_request), max_size=4)
FIGURES = [[float(number + column) / 32 for column in range(5)] for number in range(ITEMS)]


def plain(size: int = CATALOG, **changed: Any) -> Asked:
    """Everything available, one category, one price, no history."""
    same: dict[str, Any] = {
        "seeds": [], "own": [], "history": [], "session": 0, "purchase": PURCHASE, "available": [1] * size,
        "prices": [1000] * size, "categories": [0] * size, "fallback": [], "excluded": [], "mask": None,
        "min_price": -1, "max_price": -1,
    }  # fmt: skip
    same |= changed
    return Asked(**{"profiles": [[1.0] * max(len(same["seeds"]), 1)] * 2} | same)


def ranker_of(given: list[Kind]) -> Ranker:
    return Ranker([each.source for each in given], np.array(FIGURES, np.float32))


def arguments(asked: Asked) -> dict[str, Any]:
    return {
        "seeds": np.array(asked.seeds, np.int32), "profiles": np.array(asked.profiles, np.float32),
        "own_items": np.array([one for one, _ in asked.own], np.int32),
        "own_weights": np.array([weight for _, weight in asked.own], np.float32),
        "history_items": np.array([one for one, _ in asked.history], np.int32),
        "history_types": np.array([code for _, code in asked.history], np.uint8), "session": asked.session,
        "purchase": asked.purchase, "available": np.array(asked.available, np.uint8),
        "price_cents": np.array(asked.prices, np.int64), "categories": np.array(asked.categories, np.int32),
        "fallback": np.array(asked.fallback, np.int32), "excluded": np.array(asked.excluded, np.int32),
        "paths": None if asked.paths is None else paths_of(asked.paths),
        "category_mask": None if asked.mask is None else np.array(asked.mask, np.uint8),
        "min_price_cents": asked.min_price, "max_price_cents": asked.max_price,
    }  # fmt: skip


def paths_of(given: Sequence[Sequence[int]]) -> Paths:
    starts = np.cumsum([0, *map(len, given)], dtype=np.int64)
    return Paths(starts, np.array([path for each in given for path in each], np.int32))


def ask(ranker: Ranker, weights: Any, limit: int, asked: Asked, workspace: Workspace = WORKSPACE) -> Answer:
    return rank(workspace, ranker, np.array(weights, np.float32), limit, **arguments(asked))


def described(ranker: Ranker, asked: Asked, workspace: Workspace = WORKSPACE) -> dict[int, list[float]]:
    items, features = rank(workspace, ranker, None, 1, **arguments(asked))
    assert len(set(items.tolist())) == len(items)
    return dict(zip(items.tolist(), features.tolist(), strict=True))


def only(number: int, ranker: Ranker) -> list[float]:
    """Weights that read one source."""
    return [float(place == 2 * number) for place in range(ranker.width)]
