"""What each kernel computes, in plain Python: dicts, loops and float64."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Row = dict[int, float]
"""Values of a sparse row by column."""

Histories = Sequence[Sequence[tuple[int, int, int]]]
"""(item, type, time in ms) of each user, oldest first."""


def best(scores: Row, k: int) -> list[tuple[int, float]]:
    """The k best (index, score), equal scores by index."""
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))[:k]


def product_scores(
    left: Sequence[Row],
    right: Sequence[Row],
    row_norm: Sequence[float],
    col_norm: Sequence[float],
    shrink: float,
    skip_diagonal: bool,
) -> list[Row]:
    """Every score > 0 of left · right, scaled."""
    result = []
    for i, row in enumerate(left):
        dots: Row = defaultdict(float)
        for inner, value in row.items():
            for column, other in right[inner].items():
                dots[column] += value * other
        result.append(
            {
                column: dot / (row_norm[i] * col_norm[column] + shrink)
                for column, dot in dots.items()
                if dot > 0 and not (skip_diagonal and column == i)
            }
        )
    return result


def g_squared(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Dunning's G² = 2 Σ observed · ln(observed / expected) of a 2 × 2 table."""
    total = both + only_a + only_b + neither
    a, b = both + only_a, both + only_b
    cells = [(both, a * b), (only_a, a * (total - b)), (only_b, (total - a) * b), (neither, (total - a) * (total - b))]
    return 2 * sum(seen * math.log(seen * total / product) for seen, product in cells if seen)


def together_scores(
    baskets: Sequence[Sequence[int]],
    n_items: int,
    *,
    min_support: int,
    significance: float,
    size_exponent: float,
    popularity_exponent: float,
    damping: float,
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
    histories: Histories, weight_by_type: Sequence[float], now_ms: int, half_life_ms: float, cap: int
) -> list[Row]:
    """Weight of each item of each user, of the `cap` items touched last."""
    result = []
    for history in histories:
        events = [event for event in history if weight_by_type[event[1]] > 0]
        latest: list[int] = []
        for item, _, _ in reversed(events):
            if item not in latest:
                latest.append(item)
        row: Row = defaultdict(float)
        for item, code, time in events:
            if item in latest[:cap]:
                row[item] += weight_by_type[code] * 2 ** (-max(now_ms - time, 0) / half_life_ms)
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


def following_scores(
    sequences: Sequence[Sequence[int]],
    n_items: int,
    *,
    window: int,
    exponent: float,
    back: float,
    col_norm: Sequence[float],
) -> list[Row]:
    """What follows each item within `window` places of a sequence, and, `back` times as much worth, what precedes
    it.
    """
    result: list[Row] = [defaultdict(float) for _ in range(n_items)]
    for sequence in sequences:
        for here, item in enumerate(sequence):
            for there, other in enumerate(sequence):
                distance = there - here
                if item != other and 0 < abs(distance) <= window:
                    result[item][other] += (1.0 if distance > 0 else back) * abs(distance) ** -exponent
    return [{other: value / col_norm[other] for other, value in row.items() if value > 0} for row in result]


class Given(NamedTuple):
    """One source's score of each item, and the seed that says most for it: of all credits the largest, the first of
    equals.
    """

    score: Row
    seed: dict[int, int]


def summed(credits: Iterable[tuple[int, float, int]]) -> Given:
    """Credits (item, value, seed) added up; what does not come to more than 0 is left out."""
    score: Row = defaultdict(float)
    largest: dict[int, tuple[float, int]] = {}
    for item, value, seed in credits:
        score[item] += value
        if item not in largest or value > largest[item][0]:
            largest[item] = value, seed
    return Given(
        {item: value for item, value in score.items() if value > 0}, {item: seed for item, (_, seed) in largest.items()}
    )


def table_credits(
    tables: Sequence[Sequence[Row]], seeds: Sequence[tuple[int, float]]
) -> Iterator[tuple[int, float, int]]:
    for table in tables:
        for seed, weight in seeds:
            if weight > 0 and 0 <= seed < len(table):
                yield from ((item, weight * value, seed) for item, value in table[seed].items())


def session_credits(
    sequences: Sequence[Sequence[int]], idf: Sequence[float], seeds: Sequence[tuple[int, float]], *, sample: int,
    neighbours: int, decay: float, length: float, back: float,
) -> Iterator[tuple[int, float, int]]:  # fmt: skip
    similarity: Row = defaultdict(float)
    matched: dict[int, int] = {}
    for seed, weight in seeds:
        if weight <= 0 or not 0 <= seed < len(idf) or idf[seed] == 0:
            continue
        for number in [number for number, items in enumerate(sequences) if seed in items][-sample:]:
            similarity[number] += weight * idf[seed]
            matched.setdefault(number, seed)
    scaled = {number: value * len(sequences[number]) ** -length for number, value in similarity.items()}
    for number in sorted(scaled, key=lambda number: (-scaled[number], -number))[:neighbours]:
        items, seed = sequences[number], matched[number]
        match = max(place for place, item in enumerate(items) if item == seed)
        for place, item in enumerate(items):
            value = scaled[number] * decay ** min(abs(place - match), 63) * (1 if place >= match else back)
            if value > 0:
                yield item, value, seed


class Asked(NamedTuple):
    """A request: weights of the seeds by profile; (item, type) of the history, newest first; products by number."""

    seeds: Sequence[int]
    profiles: Sequence[Sequence[float]]
    own: Sequence[tuple[int, float]]
    history: Sequence[tuple[int, int]]
    session: int
    purchase: int
    available: Sequence[int]
    prices: Sequence[int]
    categories: Sequence[int]
    fallback: Sequence[int]
    excluded: Sequence[int]
    mask: Sequence[int] | None
    min_price: int
    max_price: int
    paths: Sequence[Sequence[int]] | None = None
    """Of each category code; None: the code itself."""

    def paths_of(self, item: int) -> set[int]:
        code = self.categories[item] if 0 <= item < len(self.categories) else -1
        return set() if code < 0 else {code} if self.paths is None else set(self.paths[code])

    def eligible(self, item: int) -> bool:
        if not 0 <= item < len(self.available) or not self.available[item] or item in self.excluded:
            return False
        price, category = self.prices[item], self.categories[item]
        return (
            (self.mask is None or (category >= 0 and bool(self.mask[category])))
            and (self.min_price < 0 or price >= self.min_price)
            and (self.max_price < 0 or 0 <= price <= self.max_price)
        )


def candidate_features(
    given: Sequence[Given], asked: Asked, item_features: Sequence[Sequence[float]], depth: int
) -> dict[int, list[float]]:
    """Of each candidate, two features a source and what the product, the history and the page say of it."""
    pairs: dict[int, list[float]] = {}
    for number, source in enumerate(given):
        top = best({item: score for item, score in source.score.items() if asked.eligible(item)}, depth)
        for place, (item, score) in enumerate(top):
            row = pairs.setdefault(item, [0.0] * (2 * len(given)))
            row[2 * number : 2 * number + 2] = [score / top[0][1], 3 / (place + 3)]
    return {item: row + _described(item, asked, item_features) for item, row in pairs.items()}


def _described(item: int, asked: Asked, item_features: Sequence[Sequence[float]]) -> list[float]:
    places = [place for place, (other, _) in enumerate(asked.history) if other == item]
    times_bought = sum(code == asked.purchase for other, code in asked.history if other == item)
    hand = asked.seeds[0] if asked.seeds and 0 <= asked.seeds[0] < len(asked.available) else None
    paths, price = asked.paths_of(item), asked.prices[item]
    seen = [paths_of_seed for seed in asked.seeds if (paths_of_seed := asked.paths_of(seed))]
    return [
        float(item == hand),
        float(any(place < asked.session for place in places)),
        float(bool(places)),
        1 / (1 + places[0]) if places else 0.0,
        math.log1p(len(places)),
        float(times_bought > 0),
        math.log1p(times_bought),
        float(hand is not None and bool(paths & asked.paths_of(hand))),
        max((sum(path in each for each in seen) for path in paths), default=0) / max(len(seen), 1),
        min(price, asked.prices[hand]) / max(price, asked.prices[hand])
        if hand is not None and price > 0 and asked.prices[hand] > 0
        else 0.0,
        *(item_features[item] if item < len(item_features) else [0.0] * 5),
    ]


def filled(chosen: Sequence[int], asked: Asked, limit: int) -> list[int]:
    """`chosen`, then the fallback, then the catalog by number; what is of the running session after all that is not."""
    running = {item for item, _ in asked.history[: max(asked.session, 0)]}
    result = list(chosen[:limit])
    for late in (False, True):
        for item in [*asked.fallback, *range(len(asked.available))]:
            if len(result) < limit and item not in result and asked.eligible(item) and (late or item not in running):
                result.append(item)
    return result


def spread(
    items: Sequence[int],
    relevance: Sequence[float],
    categories: Sequence[int],
    alike: Sequence[Sequence[Row]],
    limit: int,
    strength: float,
) -> list[int]:
    """Positions in their new order: each time the best of relevance less what is like the chosen ones, ties to the
    earlier.
    """
    chosen: list[int] = []

    def value(place: int) -> float:
        near = max(
            (row[items[other]].get(items[place], 0.0) for row in alike for other in chosen if items[other] < len(row)),
            default=0.0,
        )
        same = [other for other in chosen if categories[place] >= 0 and categories[other] == categories[place]]
        share = len(same) / len(chosen) if chosen else 0.0
        return (1 - strength) * relevance[place] - strength * (min(1.0, max(0.0, near)) + share) / 2

    while len(chosen) < min(limit, len(items)):
        chosen.append(
            max((place for place in range(len(items)) if place not in chosen), key=lambda place: (value(place), -place))
        )
    return chosen


def pair_figures(sequences: Sequence[Sequence[int]], one: int, other: int, newest: int) -> tuple[int, float]:
    """(sequences with both, lift); of `one` its newest sequences."""
    with_one = [place for place, sequence in enumerate(sequences) if one in sequence][-newest:]
    with_other = {place for place, sequence in enumerate(sequences) if other in sequence}
    both = len(with_other.intersection(with_one))
    return both, both * len(sequences) / (len(with_one) * len(with_other)) if both else 0.0
