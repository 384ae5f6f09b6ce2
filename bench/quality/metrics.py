"""Ranking metrics over the whole catalog (never over sampled candidates).

NDCG@10 = Σ_{hits in the first 10} 1/log2(rank + 1) / the same sum for a perfect list; MRR@20 = 1/rank of the first hit
within 20; HR@k = any hit within k; R@k = hits within k / targets. Ranks begin at 1. Järvelin & Kekäläinen 2002.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

NAMES = ("HR@10", "HR@20", "R@10", "R@20", "NDCG@10", "MRR@20")


def one_case(recommended: Sequence[str], targets: Iterable[str]) -> tuple[float, ...]:
    wanted = set(targets)
    hits = [rank for rank, product in enumerate(recommended[:20]) if product in wanted]
    first_ten = [rank for rank in hits if rank < 10]
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(wanted))))
    gained = sum(1 / math.log2(rank + 2) for rank in first_ten)
    return (
        float(bool(first_ten)), float(bool(hits)), len(first_ten) / len(wanted), len(hits) / len(wanted),
        gained / ideal, 1 / (hits[0] + 1) if hits else 0.0,
    )  # fmt: skip


def beyond_accuracy(lists: Sequence[Sequence[str]], events: Mapping[str, int], catalog: int) -> dict[str, float]:
    """coverage: share of the catalog that stands in any first ten; novelty: mean -log2 of a listed product's share of
    the events, in bits;
    head: share of the listed that are among the most popular 5 % (of the events' products). events: how many each
    product has."""
    total, shown = sum(events.values()), [product for products in lists for product in products[:10]]
    head = set(sorted(events, key=lambda product: (-events[product], product))[: max(1, len(events) // 20)])
    bits = [-math.log2(max(events.get(product, 0), 1) / total) for product in shown]
    return {
        "coverage": round(len(set(shown)) / catalog, 4), "novelty_bits": round(float(np.mean(bits)), 2),
        "head_share": round(float(np.mean([product in head for product in shown])), 4),
    }  # fmt: skip


def summarise(rows: Sequence[tuple[float, ...]]) -> dict[str, float]:
    """The mean of every metric, and the standard error of NDCG@10."""
    table = np.array(rows, dtype=float)
    figures = dict(zip(NAMES, table.mean(axis=0).round(5).tolist(), strict=True))
    return figures | {"cases": len(rows), "se_NDCG@10": round(float(table[:, 4].std() / math.sqrt(len(rows))), 5)}
