"""Decayed counts and trending scores: ours, numpy and pandas, one thread each."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from bench.kernels.data import INTERACTIONS, ITEMS, measure, zipf
from recomengine._core.trending import decayed_counts, trending_scores

NOW, DAY = 1_760_000_000_000, 86_400_000
SHORT, LONG, PRIOR = 1.0 * DAY, 14.0 * DAY, 3.0
SIZES = {"items": ITEMS, "events": INTERACTIONS}


class Events(NamedTuple):
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    weights: NDArray[np.float32]


@pytest.fixture(scope="module")
def events() -> Events:
    rng = np.random.default_rng(4)
    items = zipf(rng, ITEMS, INTERACTIONS, 0.8).astype(np.int32)
    times = np.sort(NOW - rng.integers(0, 60 * DAY, INTERACTIONS))
    return Events(items, times, rng.integers(1, 9, INTERACTIONS).astype(np.float32))


def ours(events: Events, half_life_ms: float) -> NDArray[np.float64]:
    return decayed_counts(events.items, events.times, events.weights, ITEMS, now_ms=NOW, half_life_ms=half_life_ms)


def decayed(events: Events) -> Any:
    return events.weights * np.exp2(-np.maximum(NOW - events.times, 0) / SHORT)


def test_counts_ours(benchmark: Any, events: Events) -> None:
    assert len(measure(benchmark, "trending: decayed counts", lambda: ours(events, SHORT), **SIZES)) == ITEMS


def test_counts_numpy(benchmark: Any, events: Events) -> None:
    peer = measure(
        benchmark,
        "trending: decayed counts",
        lambda: np.bincount(events.items, decayed(events), minlength=ITEMS),
        **SIZES,
    )
    np.testing.assert_allclose(ours(events, SHORT), peer, rtol=1e-9)


def test_counts_pandas(benchmark: Any, events: Events) -> None:
    def run() -> Any:
        total = pd.Series(decayed(events)).groupby(events.items).sum()
        return total.reindex(range(ITEMS), fill_value=0.0).to_numpy()

    np.testing.assert_allclose(
        ours(events, SHORT), measure(benchmark, "trending: decayed counts", run, **SIZES), rtol=1e-9
    )


def test_scores_ours(benchmark: Any, events: Events) -> None:
    fast, slow = ours(events, SHORT), ours(events, LONG)
    found = measure(
        benchmark,
        "trending: scores",
        lambda: trending_scores(fast, slow, short_ms=SHORT, long_ms=LONG, prior=PRIOR),
        items=ITEMS,
    )
    assert len(found) == ITEMS


def test_scores_numpy(benchmark: Any, events: Events) -> None:
    fast, slow = ours(events, SHORT), ours(events, LONG)

    def run() -> Any:
        expected = slow * SHORT / LONG
        return ((fast - expected) / np.sqrt(expected + PRIOR)).astype(np.float32)

    found = trending_scores(fast, slow, short_ms=SHORT, long_ms=LONG, prior=PRIOR)
    np.testing.assert_allclose(found, measure(benchmark, "trending: scores", run, items=ITEMS), rtol=1e-6)
