"""One recommendation: ours, and the same evidence gathered, weighed and cut with numpy, request by request."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.kernels.data import measure, zipf
from recomengine._core.candidates import Workspace
from recomengine._core.csr import CSR
from recomengine._core.ranking import FEATURES, NO_SCORE, Ranker, rank
from recomengine._core.sources import Neighbours, Sequences, ranking, sessions, table

ITEMS, ROW, TABLES, SESSIONS, EVENTS = 20_000, 100, 10, 100_000, 600_000
REQUESTS, SEEDS, LIMIT, DEPTH, SAMPLE, NEAREST, DECAY = 200, 15, 20, 100, 500, 200, 0.8
N_SOURCES, N_FIGURES = TABLES + 2, 5
SIZES = {
    "items": ITEMS,
    "tables": TABLES,
    "neighbours": ROW,
    "sessions": SESSIONS,
    "seeds": SEEDS,
    "requests": REQUESTS,
    "limit": LIMIT,
}
GROUP = "ranking: 200 requests"
Array = NDArray[Any]
Top = tuple[Array, Array]
"""Items and scores of a source, best first."""


class Shop(NamedTuple):
    tables: list[CSR]
    index: dict[str, Array]
    popular: Array
    figures: Array
    weights: Array
    seeds: list[Array]
    profile: Array


@pytest.fixture(scope="module")
def shop() -> Shop:
    rng = np.random.default_rng(8)
    indptr = np.arange(ITEMS + 1, dtype=np.int64) * ROW
    tables = [
        CSR(indptr, zipf(rng, ITEMS, ITEMS * ROW, 0.5).astype(np.int32), rng.random(ITEMS * ROW, np.float32))
        for _ in range(TABLES)
    ]
    weights = np.zeros(2 * N_SOURCES + len(FEATURES), np.float32)
    weights[: 2 * N_SOURCES] = rng.random(2 * N_SOURCES)
    weights[-N_FIGURES:] = rng.random(N_FIGURES)
    seeds = [np.unique(zipf(rng, ITEMS, 4 * SEEDS, 0.8)).astype(np.int32)[:SEEDS] for _ in range(REQUESTS)]
    profile = (DECAY ** np.arange(SEEDS)).astype(np.float32)
    popular = np.linspace(1.0, 0.1, 1000, dtype=np.float32)
    return Shop(tables, indexed(rng), popular, rng.random((ITEMS, N_FIGURES), np.float32), weights, seeds, profile)


def indexed(rng: np.random.Generator) -> dict[str, Array]:
    owners, items = np.sort(rng.integers(0, SESSIONS, EVENTS)), zipf(rng, ITEMS, EVENTS, 0.8).astype(np.int32)
    pairs = np.unique(items.astype(np.int64) * SESSIONS + owners)
    frequency = np.bincount(pairs // SESSIONS, minlength=ITEMS)
    return {
        "indptr": np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=SESSIONS))]).astype(np.int64),
        "items": items, "at": np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64),
        "where": (pairs % SESSIONS).astype(np.int32),
        "idf": np.log1p(SESSIONS / np.maximum(frequency, 1)).astype(np.float32),
    }  # fmt: skip


def ours(shop: Shop, ranker: Ranker, workspace: Workspace) -> list[list[float]]:
    none, nothing = np.empty(0, np.int32), np.empty(0, np.float32)
    shelf = {
        "available": np.ones(ITEMS, np.uint8), "price_cents": np.full(ITEMS, -1, np.int64),
        "categories": np.full(ITEMS, -1, np.int32),
        "fallback": none, "excluded": none, "own_items": none, "own_weights": nothing, "history_items": none,
        "history_types": np.empty(0, np.uint8), "session": 0, "purchase": 6,
    }  # fmt: skip
    profiles = shop.profile[None, :]
    return [
        rank(workspace, ranker, shop.weights, LIMIT, seeds=seeds, profiles=profiles, **shelf)[1] for seeds in shop.seeds
    ]


def with_numpy(shop: Shop) -> list[list[float]]:
    return [plain(shop, seeds) for seeds in shop.seeds]


def plain(shop: Shop, seeds: Array) -> list[float]:
    tops = [top_of_table(each, seeds, shop.profile) for each in shop.tables]
    tops += [top_of_sessions(shop.index, seeds, shop.profile), (np.arange(DEPTH), shop.popular[:DEPTH])]
    candidates = np.unique(np.concatenate([items for items, _ in tops]))
    features = np.zeros((len(candidates), len(shop.weights)), np.float32)
    for number, (items, scores) in enumerate(tops):
        at = np.searchsorted(candidates, items)
        features[at, 2 * number], features[at, 2 * number + 1] = scores / scores[0], 3.0 / (np.arange(len(items)) + 3.0)
    features[:, -N_FIGURES:] = shop.figures[candidates]
    total = features @ shop.weights
    return sorted(total.tolist(), reverse=True)[:LIMIT]


def best(score: Array) -> Top:
    items = np.flatnonzero(score)
    if len(items) > DEPTH:
        items = items[np.argpartition(-score[items], DEPTH - 1)[:DEPTH]]
    items = items[np.lexsort((items, -score[items]))]
    return items, score[items]


def rows(indptr: Array, chosen: Array) -> Array:
    return np.concatenate([np.arange(indptr[row], indptr[row + 1]) for row in chosen])


def top_of_table(matrix: CSR, seeds: Array, weights: Array) -> Top:
    entries = rows(matrix.indptr, seeds)
    return best(np.bincount(matrix.indices[entries], matrix.data[entries] * np.repeat(weights, ROW), minlength=ITEMS))


def top_of_sessions(index: dict[str, Array], seeds: Array, weights: Array) -> Top:
    similarity, matched = np.zeros(SESSIONS), np.full(SESSIONS, -1)
    for seed, weight in zip(seeds[::-1], weights[::-1], strict=True):
        found = index["where"][index["at"][seed] : index["at"][seed + 1]][-SAMPLE:]
        similarity[found] += weight * index["idf"][seed]
        matched[found] = seed
    found = np.flatnonzero(similarity)
    similarity[found] /= np.sqrt(index["indptr"][found + 1] - index["indptr"][found])
    near = found[np.lexsort((-found, -similarity[found]))[:NEAREST]]
    entries = rows(index["indptr"], near)
    lengths = index["indptr"][near + 1] - index["indptr"][near]
    starts, items = np.cumsum(lengths) - lengths, index["items"][entries]
    match = np.maximum.reduceat(np.where(items == np.repeat(matched[near], lengths), entries, -1), starts)
    steps = np.abs(entries - np.repeat(match, lengths))
    return best(np.bincount(items, np.repeat(similarity[near], lengths) * DECAY**steps, minlength=ITEMS))


@pytest.fixture(scope="module")
def ranker(shop: Shop) -> Ranker:
    sources = [table([Neighbours(each, ITEMS)], 0) for each in shop.tables]
    sources.append(sessions([Sequences(**shop.index)], 0, sample=SAMPLE, neighbours=NEAREST, decay=DECAY, length=0.5))
    sources.append(ranking(np.arange(1000, dtype=np.int32), shop.popular))
    return Ranker(sources, shop.figures)


def test_ranking_ours(benchmark: Any, shop: Shop, ranker: Ranker) -> None:
    workspace = Workspace()
    found = measure(benchmark, GROUP, lambda: ours(shop, ranker, workspace), **SIZES)
    assert all(len(scores) == LIMIT and scores[-1] > NO_SCORE for scores in found)


def test_ranking_numpy(benchmark: Any, shop: Shop, ranker: Ranker) -> None:
    peer = measure(benchmark, GROUP, lambda: with_numpy(shop), **SIZES)
    np.testing.assert_allclose(ours(shop, ranker, Workspace()), peer, rtol=1e-4)
