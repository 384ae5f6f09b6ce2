"""The learned encoder as requests read it: what NumPy makes of the same formula."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recomengine._core.candidates import Workspace
from recomengine._core.encoder import Encoder
from recomengine._core.ranking import Ranker, rank
from recomengine._core.sources import encoded, ranking

DIM, STEPS, DEPTH, NAMED, SCANNED = 64, 50, 100, 8, 4000
PARTS = ("vectors", "lags", "up", "up_bias", "down", "down_bias")


def arrays_of(items: Any, seed: int = 5) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    shapes = ((len(items), DIM), (STEPS, DIM), (DIM, DIM), (DIM,), (DIM, DIM), (DIM,))
    return {"items": np.array(items, np.int32)} | {
        name: draw.normal(0, 0.3, shape).astype(np.float32) for name, shape in zip(PARTS, shapes, strict=True)
    }


def encoder_of(arrays: dict[str, Any], n_items: int) -> Encoder:
    near = np.empty((len(arrays["items"]), 0), np.int32)
    return Encoder(**{"near": near} | arrays, n_items=n_items)


def query(arrays: dict[str, Any], rows: list[int], left_out: int = -1) -> Any:
    summed = np.zeros(DIM)
    for back, row in enumerate(rows):
        if back != left_out:
            summed += arrays["lags"][back].astype(float) * arrays["vectors"][row]
    hidden = np.maximum(summed @ arrays["up"] + arrays["up_bias"], 0)
    return summed + hidden @ arrays["down"] + arrays["down_bias"]


def asked(ranker: Ranker, size: int, seeds: list[int], weights: Any = None, **changed: Any) -> Any:
    same: dict[str, Any] = {
        "seeds": np.array(seeds, np.int32), "profiles": np.ones((1, max(len(seeds), 1)), np.float32),
        "own_items": np.empty(0, np.int32), "own_weights": np.empty(0, np.float32),
        "history_items": np.empty(0, np.int32), "history_types": np.empty(0, np.uint8), "session": 0, "purchase": 6,
        "available": np.ones(size, np.uint8), "price_cents": np.full(size, -1, np.int64),
        "categories": np.full(size, -1, np.int32), "fallback": np.empty(0, np.int32), "excluded": np.empty(0, np.int32),
    }  # fmt: skip
    return rank(Workspace(), ranker, weights, 20, **same | changed)


def figures(size: int) -> Any:
    return np.zeros((size, 5), np.float32)


def shares(scores: Any) -> Any:
    """Of the best DEPTH, from the lowest of them to the highest."""
    best = np.sort(scores)[::-1][:DEPTH]
    return (best - best[-1]) / (best[0] - best[-1])


@pytest.mark.parametrize("seeds", [[3], [7, 3, 40], [*range(1, 100, 2)], [*range(0, 180, 3)]])
def test_a_small_catalog_is_scored_whole_as_numpy_does_it(seeds: list[int]) -> None:
    arrays = arrays_of(range(0, 400, 2))
    ranker = Ranker([encoded(encoder_of(arrays, 400))], figures(400))
    rows = [seed // 2 for seed in seeds if seed % 2 == 0][:STEPS]

    found, features = asked(ranker, 400, seeds)

    if not rows:
        assert len(found) == 0
        return
    scores = arrays["vectors"] @ query(arrays, rows)
    assert found.tolist() == (2 * np.argsort(-scores, kind="stable")[:DEPTH]).tolist()
    assert features[:, 0] == pytest.approx(shares(scores), abs=1e-4)
    assert features[:, 1] == pytest.approx(3 / (np.arange(DEPTH) + 3))


def test_of_a_large_catalog_only_what_others_put_forward_is_scored() -> None:
    size = SCANNED + 50
    arrays = arrays_of(range(size))
    others = np.array([17, 4000, 23, 9], np.int32)
    popular = ranking(others, np.array([4, 3, 2, 1], np.float32))
    ranker = Ranker([popular, encoded(encoder_of(arrays, size))], figures(size))

    found, features = asked(ranker, size, [5, 6])

    scores = arrays["vectors"][others] @ query(arrays, [5, 6])
    assert found.tolist() == others.tolist()
    order = np.argsort(-scores)
    assert features[order, 2] == pytest.approx(shares(scores), abs=1e-4)
    assert features[order, 3] == pytest.approx([1, 3 / 4, 3 / 5, 3 / 6])


def test_of_a_large_catalog_what_is_near_to_the_newest_seeds_is_scored_too() -> None:
    size = SCANNED + 50
    arrays = arrays_of(range(size))
    near = (np.arange(size)[:, None] * 7 + np.array([0, 3, 11, 11])) % size
    ranker = Ranker([encoded(encoder_of(arrays | {"near": near.astype(np.int32)}, size))], figures(size))
    seeds = [5, 5000, 6, *range(100, 100 + NAMED)]

    found, features = asked(ranker, size, seeds)

    known = [seed for seed in seeds if seed < size]
    scored = np.unique(near[known[:NAMED]])
    scores = arrays["vectors"][scored] @ query(arrays, known)
    assert sorted(found.tolist()) == scored.tolist()
    assert features[:, 0] == pytest.approx(np.sort(shares(scores))[::-1], abs=1e-4)


def test_the_reason_names_the_seed_that_moved_the_score_most() -> None:
    arrays = arrays_of(range(60))
    ranker = Ranker([encoded(encoder_of(arrays, 60))], figures(60))
    seeds = [*range(10, 10 + NAMED + 4)]
    weights = np.zeros(ranker.width, np.float32)
    weights[0] = 1.0

    products, _, _, named = asked(ranker, 60, seeds, weights)

    moved = [query(arrays, seeds) - query(arrays, seeds, left_out) for left_out in range(NAMED)]
    assert named == [seeds[int(np.argmax([by @ arrays["vectors"][product] for by in moved]))] for product in products]
    assert len(set(named)) > 1


def test_what_may_not_be_offered_is_not_and_does_not_stretch_the_shares() -> None:
    arrays = arrays_of(range(60))
    ranker = Ranker([encoded(encoder_of(arrays, 60))], figures(60))
    available = np.ones(60, np.uint8)
    available[::2] = 0

    found, features = asked(ranker, 60, [3, 8], available=available, excluded=np.array([5, 7], np.int32))

    allowed = [number for number in range(1, 60, 2) if number not in (5, 7)]
    assert sorted(found.tolist()) == allowed
    assert features[:, 0] == pytest.approx(shares(arrays["vectors"][allowed] @ query(arrays, [3, 8])), abs=1e-4)


@pytest.mark.parametrize("seeds", [[], [1, 99], [-1, 500]])
def test_without_a_seed_that_it_knows_it_says_nothing(seeds: list[int]) -> None:
    ranker = Ranker([encoded(encoder_of(arrays_of([0, 2]), 400))], figures(400))

    assert len(asked(ranker, 400, seeds)[0]) == 0


def test_a_model_without_one_has_its_place_empty() -> None:
    ranker = Ranker([encoded()], figures(9))

    assert ranker.n_sources == 1
    assert len(asked(ranker, 9, [1, 2])[0]) == 0


def test_what_one_request_leaves_does_not_show_in_the_next() -> None:
    arrays = arrays_of(range(300))
    ranker = Ranker([encoded(encoder_of(arrays, 300))], figures(300))

    first, again = asked(ranker, 300, [1, 2]), asked(ranker, 300, [1, 2])

    assert first[0].tolist() == again[0].tolist()
    assert np.array_equal(first[1], again[1])


def broken(name: str, value: Any) -> Callable[[], Encoder]:
    return lambda: encoder_of(arrays_of([1, 4]) | {name: value}, 5)


@pytest.mark.parametrize(("make", "message"), [
    (broken("items", np.array([1, 5], np.int32)), "items: expected 0 to 4, got 1 to 5"),
    (broken("items", np.array([4, 1], np.int32)), "items: expected each product once, by number. Sort them."),
    (broken("vectors", np.zeros((3, DIM), np.float32)), "vectors: expected a float32 array of 2 rows of 64"),
    (broken("lags", np.zeros((STEPS, DIM))), "lags: expected a float32 array of 50 rows of 64, got float64"),
    (broken("up", np.full((DIM, DIM), np.nan, np.float32)), "up: expected finite values"),
    (broken("down", None), "down: expected a float32 array of 64 rows of 64, got NoneType"),
    (broken("up_bias", np.zeros(3, np.float32)), "up_bias: expected 64 values, got 3"),
    (broken("near", np.array([[0], [2]], np.int32)), "near: expected 0 to 1, got 0 to 2"),
    (broken("near", np.zeros((1, 4), np.int32)), "near: expected an int32 array of 2 rows"),
    (broken("down_bias", np.full(DIM, np.inf, np.float32)), "down_bias: expected finite values"),
])  # fmt: skip
def test_broken_arrays_are_refused_by_name(make: Callable[[], Encoder], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
