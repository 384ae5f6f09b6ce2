"""Products as sparse vectors of their words and attributes: tf-idf, L2-normalised, weighted by field.

A term is `field:word`, so that a brand's name in a title is not the brand. Terms in more products than the multiply-add
budget allows are dropped, the commonest first: they cost Σ df² and say the least.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR, Float32
from recomengine._core.interactions import transpose
from recomengine._core.similarity import product_topk
from recomengine._core.strings import StringTable
from recomengine.catalog.categories import SEPARATOR
from recomengine.catalog.markup import text_of
from recomengine.models.arrays import empty_csr

WORD = re.compile(r"\w+", re.UNICODE)
FIELD_WEIGHTS = {"name": 1.0, "category": 1.0, "brand": 0.7, "attribute": 0.7, "description": 0.3}
MAX_DESCRIPTION_WORDS = 60
MAX_VALUE_CHARS = 80
COST_BUDGET = 2_000_000_000
NEIGHBOURS = 50


class Content(NamedTuple):
    """vectors: items × terms, rows of norm 1 (or empty); idf float32 a term; terms in the order of their numbers."""

    vectors: CSR
    idf: Float32
    terms: list[str]


def terms_of(product: Mapping[str, Any]) -> dict[str, float]:
    """Term to weight, for a row with name, category, further_categories, brand, description, attributes."""
    found: dict[str, float] = {}
    for field, text in _texts(product):
        weight = FIELD_WEIGHTS[field.partition("=")[0]]
        for word in WORD.findall(text.lower()):
            term = f"{field}:{word}"
            found[term] = max(found.get(term, 0.0), weight)
    return found


def categories_of(product: Mapping[str, Any]) -> tuple[str, ...]:
    """The main one first."""
    category: str | None = product["category"]
    return (category, *(product.get("further_categories") or ())) if category else ()


def _texts(product: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "name", product["name"]
    for category in categories_of(product):
        parts = category.split(SEPARATOR)
        for depth in range(len(parts)):
            yield "category", "_".join(WORD.findall(" ".join(parts[: depth + 1])))
    if brand := product["brand"]:
        yield "brand", "_".join(WORD.findall(brand))
    if description := product["description"]:
        yield "description", " ".join(text_of(description).split()[:MAX_DESCRIPTION_WORDS])
    for name, value in (product["attributes"] or {}).items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | int | float):
                yield f"attribute={name[:MAX_VALUE_CHARS]}", "_".join(WORD.findall(str(one)[:MAX_VALUE_CHARS]))


def build_content(products: Iterable[Mapping[str, Any]], n_items: int) -> Content:
    """products: rows with `number` and the fields of terms_of, ordered by number."""
    numbers: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for product in products:
        for term, weight in terms_of(product).items():
            rows.append(product["number"])
            columns.append(numbers.setdefault(term, len(numbers)))
            values.append(weight)
    row, column, value = np.array(rows, np.int64), np.array(columns, np.int64), np.array(values, np.float32)
    frequency = np.bincount(column, minlength=len(numbers))
    idf = _idf(frequency, n_items)
    value = value * idf[column]
    kept = value > 0
    return Content(_normalised_rows(row[kept], column[kept], value[kept], n_items), idf, list(numbers))


def _idf(frequency: NDArray[np.int64], n_items: int) -> Float32:
    """ln(1 + n/df); 0 for terms that only one product has and for those beyond the budget."""
    idf = np.log1p(n_items / np.maximum(frequency, 1)).astype(np.float32)
    idf[frequency < 2] = 0.0
    order = np.argsort(frequency, kind="stable")
    idf[order[np.cumsum(frequency[order].astype(np.float64) ** 2) > COST_BUDGET]] = 0.0
    return idf


def _normalised_rows(row: NDArray[np.int64], column: NDArray[np.int64], value: Float32, n_rows: int) -> CSR:
    order = np.lexsort((column, row))
    row, column, value = row[order], column[order], value[order]
    norms = np.sqrt(np.bincount(row, value.astype(np.float64) ** 2, minlength=n_rows))
    indptr = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=n_rows), out=indptr[1:])
    return CSR(indptr, column.astype(np.int32), (value / norms[row]).astype(np.float32))


def vectors_of(products: Iterable[Mapping[str, Any]], numbers: StringTable, idf: Float32) -> CSR:
    """Rows for products that came after the build, in the build's terms; `numbers`: number of each term."""
    row: list[int] = []
    column: list[int] = []
    value: list[float] = []
    count = 0
    for index, product in enumerate(products):
        count = index + 1
        for term, weight in terms_of(product).items():
            number = numbers.find(term)
            if number >= 0 and idf[number] > 0:
                row.append(index)
                column.append(number)
                value.append(weight * float(idf[number]))
    return _normalised_rows(np.array(row, np.int64), np.array(column, np.int64), np.array(value, np.float32), count)


def content_table(content: Content, n_items: int) -> CSR:
    """Items × items: the neighbours of each product by content."""
    terms = len(content.terms)
    return similar(content.vectors, content.vectors, terms, NEIGHBOURS, same=True) if terms else empty_csr(n_items)


def similar(left: CSR, right: CSR, n_terms: int, k: int, *, same: bool) -> CSR:
    """Cosine top k of each row of `left` among the rows of `right`; `same`: left is right, and a row is not its own
    neighbour.
    """
    ones = np.ones(max(left.rows, right.rows), np.float32)
    return product_topk(
        left,
        transpose(right, n_terms),
        right.rows,
        k,
        row_norm=ones[: left.rows],
        col_norm=ones[: right.rows],
        skip_diagonal=same,
    )
