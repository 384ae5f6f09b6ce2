"""Item-to-item neighbours, from the users × items matrix to the top K of every item: ours, implicit, similaripy,
scipy.
"""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import similaripy
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, bm25_weight

from bench.kernels.data import INTERACTIONS, ITEMS, THREADS, USERS, K, assert_same_scores, core, measure
from recomengine._core.csr import CSR
from recomengine._core.interactions import transpose
from recomengine._core.similarity import product_topk

BETA = 0.4
SIZES = {"users": USERS, "items": ITEMS, "interactions": INTERACTIONS, "k": K, "threads": THREADS}
ALONE = "similarity: bare product, one thread"
ONES = np.ones(ITEMS, np.float32)


def sums(values: Any, rows: Any, count: int) -> Any:
    return np.bincount(rows, values, minlength=count)


def rows_of(matrix: CSR) -> Any:
    return np.repeat(np.arange(matrix.rows), np.diff(matrix.indptr))


def cosine(users: CSR) -> CSR:
    norm = np.sqrt(np.maximum(sums(users.data**2, users.indices, ITEMS), 1e-12)).astype(np.float32)
    return product_topk(transpose(users, ITEMS), users, ITEMS, K, row_norm=norm, col_norm=norm, threads=THREADS)


def dots(users: CSR) -> CSR:
    return product_topk(transpose(users, ITEMS), users, ITEMS, K, row_norm=ONES, col_norm=ONES, threads=THREADS)


def rp3beta(users: CSR) -> CSR:
    items = transpose(users, ITEMS)
    strength = np.maximum(sums(users.data, users.indices, ITEMS), 1e-12)
    share = np.maximum(sums(users.data, rows_of(users), USERS), 1e-12)
    left = items._replace(data=(items.data / strength[rows_of(items)]).astype(np.float32))
    right = users._replace(data=(users.data / share[rows_of(users)]).astype(np.float32))
    return product_topk(
        left, right, ITEMS, K, row_norm=ONES, col_norm=(strength**BETA).astype(np.float32), threads=THREADS
    )


@pytest.fixture(scope="module")
def bm25(shop: sp.csr_matrix) -> sp.csr_matrix:
    return bm25_weight(shop.T, 1.2, 0.75).T.tocsr()


def test_cosine_ours(benchmark: Any, shop: sp.csr_matrix) -> None:
    users = core(shop)
    assert measure(benchmark, "similarity: cosine", lambda: cosine(users), **SIZES).rows == ITEMS


@pytest.mark.filterwarnings("ignore::implicit.utils.ParameterWarning")
def test_cosine_implicit(benchmark: Any, shop: sp.csr_matrix) -> None:
    peer = CosineRecommender(K=K, num_threads=THREADS)
    measure(benchmark, "similarity: cosine", lambda: peer.fit(shop, show_progress=False), **SIZES)
    assert_same_scores(cosine(core(shop)), peer.similarity)


def test_cosine_similaripy(benchmark: Any, shop: sp.csr_matrix) -> None:
    def run() -> Any:
        return similaripy.cosine(shop.T.tocsr(), k=K, num_threads=THREADS, verbose=False, format_output="csr")

    assert_same_scores(cosine(core(shop)), measure(benchmark, "similarity: cosine", run, **SIZES))


def test_bm25_ours(benchmark: Any, bm25: sp.csr_matrix) -> None:
    users = core(bm25)
    assert measure(benchmark, "similarity: BM25", lambda: dots(users), **SIZES).rows == ITEMS


def test_bm25_implicit(benchmark: Any, shop: sp.csr_matrix, bm25: sp.csr_matrix) -> None:
    peer = BM25Recommender(K=K, num_threads=THREADS)
    measure(benchmark, "similarity: BM25", lambda: super(BM25Recommender, peer).fit(bm25, show_progress=False), **SIZES)
    assert_same_scores(dots(core(bm25)), peer.similarity)


def test_rp3beta_ours(benchmark: Any, shop: sp.csr_matrix) -> None:
    users = core(shop)
    assert measure(benchmark, "similarity: RP3beta", lambda: rp3beta(users), **SIZES).rows == ITEMS


def test_rp3beta_similaripy(benchmark: Any, shop: sp.csr_matrix) -> None:
    def run() -> Any:
        return similaripy.rp3beta(
            shop.T.tocsr(), beta=BETA, k=K, num_threads=THREADS, verbose=False, format_output="csr"
        )

    assert_same_scores(rp3beta(core(shop)), measure(benchmark, "similarity: RP3beta", run, **SIZES))


def test_product_alone_ours(benchmark: Any, shop: sp.csr_matrix) -> None:
    users = core(shop)
    assert measure(benchmark, ALONE, lambda: one_thread(users), **{**SIZES, "threads": 1}).rows == ITEMS


def one_thread(users: CSR) -> CSR:
    return product_topk(transpose(users, ITEMS), users, ITEMS, K, row_norm=ONES, col_norm=ONES, threads=1)


def test_product_alone_scipy_without_a_top_k(benchmark: Any, shop: sp.csr_matrix) -> None:
    peer = measure(benchmark, ALONE, lambda: shop.T.tocsr() @ shop, **{**SIZES, "threads": 1})
    assert_same_scores(one_thread(core(shop)), peer)
