"""What shoppers do next: ours, and the same pairs counted with scipy, one sparse matrix of all pairs a distance."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from bench.kernels.data import THREADS, assert_same_scores, measure, zipf
from recomengine._core.csr import CSR
from recomengine._core.sequences import following_topk

SEQUENCES, ITEMS, EVENTS, K, WINDOW, BACK = 100_000, 10_000, 1_000_000, 50, 10, 0.5
SIZES = {"sequences": SEQUENCES, "items": ITEMS, "events": EVENTS, "k": K, "window": WINDOW}
GROUP = "sequences: rules"


class Sessions(NamedTuple):
    indptr: NDArray[np.int64]
    items: NDArray[np.int32]


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    rng = np.random.default_rng(6)
    owners = np.sort(zipf(rng, SEQUENCES, EVENTS, 0.3))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=SEQUENCES))]).astype(np.int64)
    return Sessions(indptr, zipf(rng, ITEMS, EVENTS, 0.8).astype(np.int32))


def ours(sessions: Sessions, threads: int) -> CSR:
    return following_topk(*sessions, ITEMS, K, window=WINDOW, back=BACK, threads=threads)


def with_scipy(sessions: Sessions) -> sp.csr_matrix:
    owners = np.repeat(np.arange(SEQUENCES), np.diff(sessions.indptr))
    total = sp.csr_matrix((ITEMS, ITEMS))
    for distance in range(1, WINDOW + 1):
        near = owners[distance:] == owners[:-distance]
        pairs = sessions.items[:-distance][near], sessions.items[distance:][near]
        total += sp.coo_matrix((np.full(near.sum(), 1.0 / distance), pairs), shape=(ITEMS, ITEMS)).tocsr()
    total = total + BACK * total.T.tocsr()
    total.setdiag(0)
    total.eliminate_zeros()
    return best(total.tocsr())


def best(matrix: sp.csr_matrix) -> sp.csr_matrix:
    row = np.repeat(np.arange(ITEMS), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, row))
    kept = order[np.arange(len(order)) - np.repeat(matrix.indptr[:-1], np.diff(matrix.indptr)) < K]
    return sp.csr_matrix((matrix.data[kept], (row[kept], matrix.indices[kept])), shape=(ITEMS, ITEMS))


@pytest.mark.parametrize("threads", sorted({1, THREADS}))
def test_rules_ours(benchmark: Any, sessions: Sessions, threads: int) -> None:
    assert measure(benchmark, GROUP, lambda: ours(sessions, threads), **SIZES, threads=threads).rows == ITEMS


def test_rules_scipy(benchmark: Any, sessions: Sessions) -> None:
    peer = measure(benchmark, GROUP, lambda: with_scipy(sessions), **SIZES, threads=1)
    assert_same_scores(ours(sessions, THREADS), peer, K)
