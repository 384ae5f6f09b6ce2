"""EASE^R (Steck 2019): the linear autoencoder without self-loops, in closed form.

G = XᵀX + λI over the binary rows, P = G⁻¹, B[i, j] = -P[i, j] / P[j, j] for i ≠ j: how much having i says of j, given
all else. Cost: one inverse of (active items)², so it is left out of catalogs beyond `max_items`; of each row the KEPT
entries of the largest size stay, negative ones too.
"""

import numpy as np

from recomengine._core.csr import CSR
from recomengine._core.interactions import transpose
from recomengine._core.similarity import product_topk
from recomengine.models.arrays import empty_csr

REGULARISATION = 30.0
KEPT = 300
MAX_ITEMS = 5000


def ease(rows: CSR, n_items: int, *, max_items: int = MAX_ITEMS) -> CSR:
    """rows: users or orders × items (values are not read). Items × items, rows by index; empty when there are too many
    or too few items.
    """
    active = np.unique(rows.indices)
    if not 1 < len(active) <= max_items:
        return empty_csr(n_items)
    gram = _gram(rows, active)
    np.fill_diagonal(gram, gram.diagonal() + REGULARISATION)
    inverse = np.linalg.inv(gram)
    weights = -inverse / inverse.diagonal()[None, :]
    np.fill_diagonal(weights, 0.0)
    kept = min(KEPT, len(active) - 1)
    order = -np.abs(weights)
    np.fill_diagonal(order, np.inf)  # behind weights of 0, of items that stand in no row together
    columns = np.argpartition(order, kept - 1, axis=1)[:, :kept]
    columns.sort(axis=1)
    counts = np.zeros(n_items, np.int64)
    counts[active] = kept
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return CSR(indptr, active[columns].astype(np.int32).ravel(), np.take_along_axis(weights, columns, axis=1).ravel())


def _gram(
    rows: CSR, active: "np.ndarray[tuple[int], np.dtype[np.int32]]"
) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """XᵀX over the active items, dense."""
    size = len(active)
    binary = CSR(
        rows.indptr, np.searchsorted(active, rows.indices).astype(np.int32), np.ones(len(rows.indices), np.float32)
    )
    norms = np.ones(size, np.float32)
    products = product_topk(transpose(binary, size), binary, size, size, row_norm=norms, col_norm=norms)
    gram = np.zeros((size, size), np.float32)
    gram[np.repeat(np.arange(size), np.diff(products.indptr)), products.indices] = products.data
    return gram
