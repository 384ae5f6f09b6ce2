"""The table of sources: what lies in stored models keeps its meaning, and its rows agree with each other."""

from typing import Any

import numpy as np
import pytest

from recomengine._core.ranking import FEATURES
from recomengine.models.blend import NAMES, PRIOR, WIDTH, fitted, known_sources
from recomengine.models.evidence import evidence_of, ranker_of
from recomengine.models.model import Model
from recomengine.models.sources import KIND_OF_STRATEGY, KINDS, PARTS, PLACE, SEEDED, SOURCES
from tests.support.shops import DemoShop, demo_shop

STORED = (
    "sequence", "transition", "similar", "walk", "session_neighbours", "ease_shoppers", "together", "confidence",
    "affinity", "basket_neighbours", "ease_orders", "content", "trending", "popular", "own",
    "sequence_before", "similar_before", "session_neighbours_before", "content_before", "encoder",
)  # fmt: skip
"""The order of the weights in stored models. It grows at its end."""


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return demo_shop()


def test_weights_of_stored_models_keep_their_places() -> None:
    assert tuple(source.name for source in SOURCES) == STORED
    assert NAMES[: 2 * len(SOURCES) : 2] == list(STORED)
    assert NAMES[2 * len(SOURCES) :] == list(FEATURES)


def test_the_prior_weighs_what_there_is() -> None:
    assert all(name in NAMES for weights in PRIOR.values() for name in weights)


def test_each_strategy_but_auto_is_about_one_kind_and_has_a_usual_source_of_it() -> None:
    assert set(KIND_OF_STRATEGY) == {"collaborative", "content_based", "trending", "frequently_bought_together"}
    assert all(SOURCES[PLACE[kind.usual]].kind is kind for kind in KIND_OF_STRATEGY.values())
    assert {kind.strategy for kind in KINDS} <= set(KIND_OF_STRATEGY)
    assert all(source.kind in KINDS for source in SOURCES)


def test_a_reason_names_a_seed_just_where_evidence_has_seeds() -> None:
    assert all(("{seed}" in source.kind.reason) == isinstance(source.form, SEEDED) for source in SOURCES)


def test_every_part_of_a_build_makes_something() -> None:
    assert [part for part in PARTS if not any(source.part == part for source in SOURCES)] == []


def without_newest(model: Any, count: int) -> Any:
    """Weights as they were when the newest `count` sources were not there."""
    known = 2 * (len(SOURCES) - count)
    return np.concatenate([model[:known], model[2 * len(SOURCES) :]])


def test_weights_learned_without_the_newest_sources_give_them_none() -> None:
    today = np.arange(1, WIDTH + 1, dtype=np.float32)
    for count in range(3):
        older = without_newest(today, count)
        found = dict(zip(NAMES, fitted(older).tolist(), strict=True))
        lacking = {name for source in SOURCES[len(SOURCES) - count :] for name in (source.name, f"{source.name} rank")}
        assert found == {name: 0.0 if name in lacking else float(today[at]) for at, name in enumerate(NAMES)}
        assert known_sources(older) == SOURCES[: len(SOURCES) - count]


def test_weights_learned_with_sources_that_are_gone_lose_those() -> None:
    today = np.arange(1, WIDTH + 1, dtype=np.float32)
    newer = np.concatenate([today[: 2 * len(SOURCES)], [np.float32(7), np.float32(8)], today[2 * len(SOURCES) :]])
    assert fitted(newer).tolist() == today.tolist()


def test_a_model_from_before_the_newest_source_is_served_without_it(shop: DemoShop) -> None:
    arrays = {
        name: without_newest(array, 1) if name.startswith("weights.") else array
        for name, array in shop.built.arrays.items()
    }
    model = Model(arrays, shop.built.stats | {"version": "older", "throughMs": 0})
    expected = shop.model.weights["home"].copy()
    expected[2 * len(SOURCES) - 2 : 2 * len(SOURCES)] = 0.0
    assert model.weights["home"].tolist() == expected.tolist()
    assert model.ranker.width == WIDTH


def test_a_model_from_before_shoppers_with_a_history_were_apart_is_served_as_it_was(shop: DemoShop) -> None:
    stats = shop.built.stats
    older = {name: report for name, report in stats["contexts"].items() if not name.endswith("_known")}
    arrays = {name: array for name, array in shop.built.arrays.items() if not name.endswith("_known")}
    model = Model(arrays, stats | {"version": "older", "throughMs": 0, "contexts": older})
    assert model.learned == {*older, "session_known"}, "sessions with and without a history were one"
    for context in ("session", "product", "cart"):
        assert model.weights[f"{context}_known"].tolist() == shop.model.weights[context].tolist()


def test_a_visit_that_is_weighed_as_a_home_takes_what_it_shows_itself_from_sessions(shop: DemoShop) -> None:
    of_visit = {NAMES.index("at_hand"), NAMES.index("in_session")}
    for home in ("home", "home_new"):
        weights, plain = shop.model.weights[f"{home}_in_session"], shop.model.weights[home]
        for at in range(WIDTH):
            donor = shop.model.weights["session"] if at in of_visit else plain
            assert weights[at] == donor[at]


def test_evidence_of_a_model_that_lacks_sources_leaves_their_places_empty(shop: DemoShop) -> None:
    some = SOURCES[:6]
    arrays = {
        name: array
        for name, array in shop.built.arrays.items()
        if name.split(".")[0] in {"sessions", *(source.name for source in some)}
    }
    found = evidence_of(arrays, shop.model.size, some)
    assert {*found.tables, *found.sequences} == {source.name for source in some}
    assert ranker_of(shop.built.arrays["item_features"], found).width == WIDTH
    with pytest.raises(KeyError):
        evidence_of(arrays, shop.model.size)
