"""Bought together: ours, and the same tests and ranks with scipy (co-occurrence as XᵀX) and numpy on every pair."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from bench.kernels.data import THREADS, assert_same_scores, core, measure, zipf
from recomengine._core.baskets import together_topk
from recomengine._core.csr import CSR

BASKETS, ITEMS, LINES, K = 200_000, 10_000, 800_000, 20
SUPPORT, SIGNIFICANCE, SIZE, POPULARITY, DAMPING = 2, 3.84, 0.7, 0.1, 5.0
SIZES = {"baskets": BASKETS, "items": ITEMS, "lines": LINES, "k": K}


@pytest.fixture(scope="module")
def baskets() -> sp.csr_matrix:
    """Baskets × items, ones: half of each basket from one of 500 themes, half from the whole Zipf-popular catalog."""
    rng = np.random.default_rng(5)
    basket = rng.integers(0, BASKETS, LINES)
    theme = rng.integers(0, 500, BASKETS)[basket]
    themed = theme + 500 * rng.integers(0, ITEMS // 500, LINES)
    item = np.where(rng.random(LINES) < 0.5, themed, zipf(rng, ITEMS, LINES, 0.8))
    matrix = sp.coo_matrix((np.ones(LINES, np.float32), (basket, item)), shape=(BASKETS, ITEMS)).tocsr()
    matrix.data[:] = 1
    return matrix


def ours(matrix: CSR, threads: int) -> CSR:
    found, _ = together_topk(
        matrix,
        ITEMS,
        K,
        min_support=SUPPORT,
        significance=SIGNIFICANCE,
        size_exponent=SIZE,
        popularity_exponent=POPULARITY,
        damping=DAMPING,
        threads=threads,
    )
    return found


def xlogx(x: Any) -> Any:
    return x * np.log(np.maximum(x, 1))


def with_scipy(matrix: sp.csr_matrix) -> sp.csr_matrix:
    size = np.maximum(np.diff(matrix.indptr), 1.0)
    binary = matrix.astype(np.float64)
    counts = sp.csr_matrix(binary.T.tocsr() @ binary)
    weights = sp.csr_matrix(binary.T.tocsr() @ (sp.diags(size**-SIZE).tocsr() @ binary))
    counts.sort_indices()
    weights.sort_indices()
    counts, weights = counts.tocoo(), weights.tocoo()
    popularity = np.bincount(matrix.indices, minlength=ITEMS).astype(np.float64)
    i, j, both = counts.row, counts.col, counts.data
    own, other = popularity[i], popularity[j]
    a, b, neither = own - both, other - both, BASKETS - own - other + both
    g2 = 2 * (
        xlogx(both) + xlogx(a) + xlogx(b) + xlogx(neither) + xlogx(BASKETS)
        - xlogx(own) - xlogx(BASKETS - own) - xlogx(other) - xlogx(BASKETS - other)
    )  # fmt: skip
    keep = (i != j) & (both >= SUPPORT) & (both * BASKETS > own * other) & (g2 >= SIGNIFICANCE)
    i, j = i[keep], j[keep]
    score = weights.data[keep] / ((own[keep] + DAMPING) * other[keep] ** POPULARITY)
    order = np.lexsort((j, -score, i))
    i, j, score = i[order], j[order], score[order]
    starts = np.searchsorted(i, np.arange(ITEMS))
    best = np.arange(len(i)) - starts[i] < K
    return sp.csr_matrix((score[best], (i[best], j[best])), shape=(ITEMS, ITEMS))


@pytest.mark.parametrize("threads", sorted({1, THREADS}))
def test_together_ours(benchmark: Any, baskets: sp.csr_matrix, threads: int) -> None:
    matrix = core(baskets)
    assert len(
        measure(benchmark, "baskets: bought together", lambda: ours(matrix, threads), **SIZES, threads=threads).indices
    )


def test_together_scipy(benchmark: Any, baskets: sp.csr_matrix) -> None:
    peer = measure(benchmark, "baskets: bought together", lambda: with_scipy(baskets), **SIZES, threads=1)
    assert_same_scores(ours(core(baskets), THREADS), peer, K)
