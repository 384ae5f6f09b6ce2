"""Seeded shops for the kernels' benchmarks, and the comparison of our result with a peer's."""

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recomengine._core.csr import CSR

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
USERS, ITEMS, INTERACTIONS = 100_000, 10_000, 1_000_000
K = 50
ROUNDS = 3

Result = TypeVar("Result")


def zipf(rng: np.random.Generator, count: int, size: int, exponent: float = 1.0) -> NDArray[np.int64]:
    """`size` numbers below `count`: frequency falls with rank^exponent, and rank says nothing about the number."""
    weight = 1.0 / np.arange(1, count + 1) ** exponent
    ranks = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(size))
    return rng.permutation(count)[np.minimum(ranks, count - 1)]


def interactions(seed: int = 11) -> sp.csr_matrix:
    """Users × items, float32: users of very different activity, Zipf-popular items, repeated events summed."""
    rng = np.random.default_rng(seed)
    users, items = zipf(rng, USERS, INTERACTIONS, 0.6), zipf(rng, ITEMS, INTERACTIONS, 0.8)
    weights = rng.integers(1, 6, INTERACTIONS).astype(np.float32)
    return sp.coo_matrix((weights, (users, items)), shape=(USERS, ITEMS)).tocsr()


def core(matrix: sp.csr_matrix) -> CSR:
    """A scipy matrix as one of ours."""
    return CSR(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))


def dense_scores(indptr: NDArray[Any], scores: NDArray[Any], k: int) -> NDArray[np.float64]:
    """The k best scores of each row, best first; -1 where there are fewer."""
    best = np.full((len(indptr) - 1, k), -1.0)
    for row, (start, end) in enumerate(pairwise(indptr)):
        best[row, : min(end - start, k)] = -np.sort(-scores[start:end])[:k]
    return best


def assert_same_scores(ours: CSR, peer: sp.csr_matrix, k: int = K) -> None:
    """Both found equally good neighbours of every row; which of two equal ones is a matter of tie rules."""
    np.testing.assert_allclose(
        dense_scores(ours.indptr, ours.data, k), dense_scores(peer.indptr, peer.data, k), rtol=2e-4, atol=1e-7
    )


def measure(benchmark: Any, group: str, run: Callable[[], Result], **extra: Any) -> Result:
    """One warm-up, then ROUNDS runs of `run` in the group; returns the last result."""
    benchmark.group = group
    benchmark.extra_info.update(extra)
    result: Result = benchmark.pedantic(run, rounds=ROUNDS, iterations=1, warmup_rounds=1)
    return result
