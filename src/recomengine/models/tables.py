"""Tables of neighbours: of each product others, with what the one says of them. Items × items, each row best first."""

import numpy as np

from recomengine._core.csr import CSR, Int64
from recomengine._core.interactions import transpose
from recomengine._core.similarity import product_topk
from recomengine.models.arrays import empty_csr

NEIGHBOURS = 100
WALK_ALPHA, WALK_BETA = 0.6, 0.3


def cosine(interest: CSR, n_items: int) -> CSR:
    """Item-to-item cosine of damped weights, where a shopper of many products says less of each pair."""
    if not len(interest.data):
        return empty_csr(n_items)
    damped = CSR(interest.indptr, interest.indices, np.log1p(interest.data))
    norms = np.sqrt(np.bincount(damped.indices, damped.data.astype(np.float64) ** 2, minlength=n_items)).astype(
        np.float32
    )
    norms[norms == 0] = 1.0
    length = np.diff(damped.indptr)
    shared = CSR(damped.indptr, damped.indices, damped.data / np.sqrt(np.repeat(length, length)).astype(np.float32))
    return product_topk(
        transpose(damped, n_items), shared, n_items, NEIGHBOURS, row_norm=norms, col_norm=norms, skip_diagonal=True
    )


def random_walk(interest: CSR, n_items: int) -> CSR:
    """RP3β (Paudel et al. 2017): product to shopper to product by damped transition probabilities, popular ends
    damped.
    """
    if not len(interest.data):
        return empty_csr(n_items)
    shoppers = CSR(interest.indptr, interest.indices, np.ones_like(interest.data))
    items = transpose(shoppers, n_items)
    degree, length = np.diff(items.indptr), np.diff(shoppers.indptr)
    left = CSR(items.indptr, items.indices, (1.0 / np.repeat(degree, degree) ** WALK_ALPHA).astype(np.float32))
    right = CSR(shoppers.indptr, shoppers.indices, (1.0 / np.repeat(length, length) ** WALK_ALPHA).astype(np.float32))
    popularity = (np.maximum(degree, 1) ** WALK_BETA).astype(np.float32)
    return product_topk(
        left, right, n_items, NEIGHBOURS, row_norm=np.ones(n_items, np.float32), col_norm=popularity, skip_diagonal=True
    )


def damped_confidence(found: CSR, n_items: int, holding: Int64, *, size: float, popularity: float) -> CSR:
    """Σ_{baskets with i and j} |basket|^-size / (n_i · n_j^popularity): confidence where large baskets and popular
    products say less.

    holding: n of each item, baskets that hold it, `found` or not.
    """
    if not found.rows:
        return empty_csr(n_items)
    items = transpose(found, n_items)
    lengths, holders = np.diff(found.indptr), np.maximum(holding, 1).astype(np.float32)
    shared = CSR(found.indptr, found.indices, (1.0 / np.repeat(lengths, lengths) ** size).astype(np.float32))
    return product_topk(
        items, shared, n_items, NEIGHBOURS, row_norm=holders, col_norm=holders**popularity, skip_diagonal=True
    )
