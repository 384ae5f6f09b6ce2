from recomengine._core.csr import CSR, Int32

def together_topk(
    baskets: CSR,
    n_items: int,
    k: int,
    *,
    min_support: int = 2,
    significance: float = 3.84,
    size_exponent: float = 0.7,
    popularity_exponent: float = 0.1,
    damping: float = 5.0,
    threads: int = 0,
) -> tuple[CSR, Int32]:
    """The k best partners of each item, and in how many baskets each pair occurs.

    baskets: baskets × items, each item once a row (values are not read).
    Returns (items × items, best first; support int32 beside its indices). Raises ValueError on wrong shapes or values.
    """
