from recomengine._core.csr import CSR, Float32

def product_topk(
    left: CSR,
    right: CSR,
    columns: int,
    k: int,
    *,
    row_norm: Float32,
    col_norm: Float32,
    shrink: float = 0.0,
    skip_diagonal: bool = False,
    threads: int = 0,
) -> CSR:
    """The k best columns of each row of left · right.

    left: rows × inner. right: inner × columns. row_norm float32[rows], col_norm float32[columns], all > 0.
    skip_diagonal: leave out column i of row i. threads: 0 is one a core.
    Returns rows × columns, each row best first. Raises ValueError on wrong shapes, types or values.
    """
