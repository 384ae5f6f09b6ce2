"""What each kernel computes, in plain Python: dicts, loops and float64."""

import math
from collections import defaultdict
from collections.abc import Sequence

Row = dict[int, float]
"""Values of a sparse row by column."""

Histories = Sequence[Sequence[tuple[int, int, int]]]
"""(item, kind, time in ms) of each user, oldest first."""


def best(scores: Row, k: int) -> list[tuple[int, float]]:
    """The k best (index, score), equal scores by index."""
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))[:k]


def product_scores(
    left: Sequence[Row], right: Sequence[Row], row_norm: Sequence[float], col_norm: Sequence[float], shrink: float,
    skip_diagonal: bool,
) -> list[Row]:
    """Every score > 0 of left · right, scaled."""
    result = []
    for i, row in enumerate(left):
        dots: Row = defaultdict(float)
        for inner, value in row.items():
            for column, other in right[inner].items():
                dots[column] += value * other
        result.append({
            column: dot / (row_norm[i] * col_norm[column] + shrink)
            for column, dot in dots.items()
            if dot > 0 and not (skip_diagonal and column == i)
        })
    return result


def g_squared(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Dunning's G² = 2 Σ observed · ln(observed / expected) of a 2 × 2 table."""
    total = both + only_a + only_b + neither
    a, b = both + only_a, both + only_b
    cells = [(both, a * b), (only_a, a * (total - b)), (only_b, (total - a) * b), (neither, (total - a) * (total - b))]
    return 2 * sum(seen * math.log(seen * total / product) for seen, product in cells if seen)


def together_scores(
    baskets: Sequence[Sequence[int]], n_items: int, *, min_support: int, significance: float, size_exponent: float,
    popularity_exponent: float, damping: float,
) -> list[dict[int, tuple[float, int]]]:
    """(score, support) of every partner of each item that passes the tests."""
    total = len(baskets)
    popularity = [sum(item in basket for basket in baskets) for item in range(n_items)]
    result: list[dict[int, tuple[float, int]]] = []
    for item in range(n_items):
        weight: Row = defaultdict(float)
        support: dict[int, int] = defaultdict(int)
        for basket in baskets:
            if item not in basket:
                continue
            for partner in basket:
                weight[partner] += len(basket) ** -size_exponent
                support[partner] += 1
        passed = {}
        for partner, both in support.items():
            n_i, n_j = popularity[item], popularity[partner]
            if partner == item or both < min_support or both * total <= n_i * n_j:
                continue
            if g_squared(both, n_i - both, n_j - both, total - n_i - n_j + both) < significance:
                continue
            passed[partner] = (weight[partner] / ((n_i + damping) * n_j**popularity_exponent), both)
        result.append(passed)
    return result


def weighted_rows(
    histories: Histories, weight_by_kind: Sequence[float], now_ms: int, half_life_ms: float, cap: int
) -> list[Row]:
    """Weight of each item of each user, of the `cap` items touched last."""
    result = []
    for history in histories:
        events = [event for event in history if weight_by_kind[event[1]] > 0]
        latest: list[int] = []
        for item, _, _ in reversed(events):
            if item not in latest:
                latest.append(item)
        row: Row = defaultdict(float)
        for item, kind, time in events:
            if item in latest[:cap]:
                row[item] += weight_by_kind[kind] * 2 ** (-max(now_ms - time, 0) / half_life_ms)
        result.append({item: weight for item, weight in sorted(row.items()) if weight > 1e-30})
    return result


def transposed(rows: Sequence[Row], columns: int) -> list[Row]:
    return [{number: row[column] for number, row in enumerate(rows) if column in row} for column in range(columns)]


def decayed_counts(
    items: Sequence[int], times: Sequence[int], weights: Sequence[float], n_items: int, now_ms: int, half_life_ms: float
) -> list[float]:
    counts = [0.0] * n_items
    for item, time, weight in zip(items, times, weights, strict=True):
        counts[item] += weight * 2 ** (-max(now_ms - time, 0) / half_life_ms)
    return counts


def trending_scores(
    short_counts: Sequence[float], long_counts: Sequence[float], short_ms: float, long_ms: float, prior: float
) -> list[float]:
    scores = []
    for fast, slow in zip(short_counts, long_counts, strict=True):
        expected = slow * short_ms / long_ms
        scores.append((fast - expected) / math.sqrt(expected + prior))
    return scores
