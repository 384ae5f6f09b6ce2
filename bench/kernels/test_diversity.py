"""Spreading 80 candidates into a list of 20, beside the same with NumPy."""

from typing import Any

import numpy as np
import pytest

from bench.kernels.data import measure
from recomengine._core.csr import CSR
from recomengine._core.diversity import spread
from recomengine._core.sources import Neighbours

GROUP = "diversity: 80 candidates, list of 20"
ITEMS, CANDIDATES, LIMIT, ROW, LISTS, STRENGTH = 20_000, 80, 20, 50, 100, 0.3
Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def lists() -> list[tuple[Array, Array, Array]]:
    draw = np.random.default_rng(1)
    return [
        (draw.choice(2000, CANDIDATES, replace=False).astype(np.int32),
        np.sort(draw.random(CANDIDATES).astype(np.float32))[::-1].copy(),
         draw.integers(0, 12, CANDIDATES).astype(np.int32))
        for _ in range(LISTS)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def alike() -> CSR:
    draw = np.random.default_rng(2)
    indices = np.concatenate([draw.choice(2000, ROW, replace=False) for _ in range(ITEMS)]).astype(np.int32)
    return CSR(np.arange(0, ITEMS * ROW + 1, ROW), indices, draw.random(ITEMS * ROW).astype(np.float32))


def with_numpy(items: Array, relevance: Array, categories: Array, table: CSR) -> list[int]:
    place = np.full(ITEMS, -1)
    place[items] = np.arange(CANDIDATES)
    near, crowd = np.zeros(CANDIDATES, np.float32), np.zeros(CANDIDATES)
    open_, chosen = np.ones(CANDIDATES, bool), []
    for count in range(LIMIT):
        value = (1 - STRENGTH) * relevance - STRENGTH * (near + crowd / max(count, 1)) / 2
        best = int(np.argmax(np.where(open_, value, -np.inf)))
        chosen.append(best)
        open_[best] = False
        row = slice(table.indptr[items[best]], table.indptr[items[best] + 1])
        at = place[table.indices[row]]
        near[at[at >= 0]] = np.maximum(near[at[at >= 0]], table.data[row][at >= 0])
        crowd += categories == categories[best]
    return chosen


def test_diversity_ours(benchmark: Any, lists: list[tuple[Array, Array, Array]], alike: CSR) -> None:
    tables = [Neighbours(alike, ITEMS)]
    found = measure(
        benchmark, GROUP, lambda: [spread(*one, tables, LIMIT, strength=STRENGTH) for one in lists], lists=LISTS
    )
    assert all(len(places) == LIMIT for places in found)


def test_diversity_numpy(benchmark: Any, lists: list[tuple[Array, Array, Array]], alike: CSR) -> None:
    peer = measure(benchmark, GROUP, lambda: [with_numpy(*one, alike) for one in lists], lists=LISTS)
    tables = [Neighbours(alike, ITEMS)]
    assert (
        sum(
            spread(*one, tables, LIMIT, strength=STRENGTH).tolist() == places
            for one, places in zip(lists, peer, strict=True)
        )
        > 0.95 * LISTS
    )
