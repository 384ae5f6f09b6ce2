from recomengine._core.csr import CSR, Float32, Int32, Int64

def following_topk(
    indptr: Int64,
    items: Int32,
    n_items: int,
    k: int,
    *,
    window: int = 10,
    exponent: float = 1.0,
    back: float = 0.5,
    col_norm: Float32 | None = None,
    threads: int = 0,
) -> CSR:
    """Of each item the k that follow it most, within `window` places of one sequence; what comes before it counts
    `back` times.

    indptr int64[sequences + 1], items int32 below n_items: sequence s is items[indptr[s]:indptr[s+1]]. exponent >= 0: a
    pair at distance d weighs d^-exponent. col_norm float32[n_items], > 0: what scores are divided by (None: 1).
    threads: 0 is one a core. Returns n_items × n_items without a diagonal, each row best first, ties to the smaller
    index. Raises ValueError on wrong shapes, types or values.
    """
