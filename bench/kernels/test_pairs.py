"""Figures of a list of 20 pairs in 100,000 sessions, beside the same with NumPy."""

from typing import Any

import numpy as np
import pytest

from bench.kernels.data import measure, zipf
from recomengine._core.pairs import pair_figures
from recomengine._core.sources import Sequences
from recomengine.models.grouping import index_of

GROUP = "pairs: list of 20"
SEQUENCES, ITEMS, EVENTS, LIMIT, LISTS, NEWEST = 100_000, 10_000, 500_000, 20, 100, 20_000
Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def arrays() -> tuple[Array, ...]:
    rng = np.random.default_rng(11)
    owners = np.sort(zipf(rng, SEQUENCES, EVENTS, 0.3))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=SEQUENCES))]).astype(np.int64)
    items = zipf(rng, ITEMS, EVENTS, 0.8).astype(np.int32)
    return index_of(indptr, items, ITEMS, 0, np.zeros(ITEMS, np.int64))


@pytest.fixture(scope="module")
def lists() -> Array:
    """int32 lists × (ones, others) × pairs: as frequent as items of lists are."""
    return zipf(np.random.default_rng(12), ITEMS, LISTS * 2 * LIMIT, 0.8).astype(np.int32).reshape(LISTS, 2, LIMIT)


def with_numpy(at: Array, where: Array, ones: Array, others: Array) -> list[int]:
    found = []
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        left, right = where[at[one] : at[one + 1]], where[at[other] : at[other + 1]]
        found.append(len(np.intersect1d(left[-NEWEST:], right, assume_unique=True)))
    return found


def test_pairs_ours(benchmark: Any, arrays: tuple[Array, ...], lists: Array) -> None:
    known = Sequences(*arrays)
    found = measure(benchmark, GROUP, lambda: [pair_figures(known, *one, NEWEST)[0] for one in lists], lists=LISTS)
    assert found == [with_numpy(arrays[2], arrays[3], *one) for one in lists]


def test_pairs_numpy(benchmark: Any, arrays: tuple[Array, ...], lists: Array) -> None:
    measure(benchmark, GROUP, lambda: [with_numpy(arrays[2], arrays[3], *one) for one in lists], lists=LISTS)
