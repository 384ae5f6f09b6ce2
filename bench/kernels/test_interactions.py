"""Histories to a weighted matrix and the transpose: ours, scipy and pandas, one thread each."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from bench.kernels.data import INTERACTIONS, ITEMS, USERS, core, measure, zipf
from recomengine._core.csr import CSR
from recomengine._core.interactions import transpose, weighted_matrix

NOW, DAY = 1_760_000_000_000, 86_400_000
HALF_LIFE = 30.0 * DAY
BY_TYPE = np.array([1.0, 2.0, 4.0, 8.0], np.float32)
NO_CAP = INTERACTIONS
SIZES = {"users": USERS, "items": ITEMS, "events": INTERACTIONS}


class Events(NamedTuple):
    indptr: NDArray[np.int64]
    users: NDArray[np.int64]
    items: NDArray[np.int32]
    types: NDArray[np.uint8]
    times: NDArray[np.int64]


@pytest.fixture(scope="module")
def events() -> Events:
    """Events in the order of users, each user's oldest first."""
    rng = np.random.default_rng(2)
    users, items = np.sort(zipf(rng, USERS, INTERACTIONS, 0.6)), zipf(rng, ITEMS, INTERACTIONS, 0.8).astype(np.int32)
    times = NOW - rng.integers(0, 180 * DAY, INTERACTIONS)
    order = np.lexsort((times, users))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(users, minlength=USERS))))
    return Events(indptr, users, items[order], rng.integers(0, 4, INTERACTIONS).astype(np.uint8), times[order])


def ours(events: Events) -> CSR:
    return weighted_matrix(
        events.indptr, events.items, events.types, events.times, ITEMS,
        weight_by_type=BY_TYPE, now_ms=NOW, half_life_ms=HALF_LIFE, cap=NO_CAP,
    )  # fmt: skip


def decayed(events: Events) -> Any:
    return BY_TYPE[events.types] * np.exp2(-(NOW - events.times) / HALF_LIFE)


def assert_same_matrix(found: CSR, peer: sp.csr_matrix) -> None:
    peer.sort_indices()
    np.testing.assert_array_equal(found.indptr, peer.indptr)
    np.testing.assert_array_equal(found.indices, peer.indices)
    np.testing.assert_allclose(found.data, peer.data, rtol=1e-5)


def test_weighted_matrix_ours(benchmark: Any, events: Events) -> None:
    assert measure(benchmark, "interactions: weighted matrix", lambda: ours(events), **SIZES).rows == USERS


def test_weighted_matrix_scipy(benchmark: Any, events: Events) -> None:
    def run() -> Any:
        return sp.coo_matrix((decayed(events), (events.users, events.items)), shape=(USERS, ITEMS)).tocsr()

    assert_same_matrix(ours(events), measure(benchmark, "interactions: weighted matrix", run, **SIZES))


def test_weighted_matrix_pandas(benchmark: Any, events: Events) -> None:
    def run() -> Any:
        frame = pd.DataFrame({"user": events.users, "item": events.items, "weight": decayed(events)})
        total = frame.groupby(["user", "item"], sort=True)["weight"].sum()
        where = (total.index.get_level_values("user"), total.index.get_level_values("item"))
        return sp.csr_matrix((total.to_numpy(), where), shape=(USERS, ITEMS))

    assert_same_matrix(ours(events), measure(benchmark, "interactions: weighted matrix", run, **SIZES))


def test_transpose_ours(benchmark: Any, shop: sp.csr_matrix) -> None:
    matrix = core(shop)
    assert measure(benchmark, "interactions: transpose", lambda: transpose(matrix, ITEMS), **SIZES).rows == ITEMS


def test_transpose_scipy(benchmark: Any, shop: sp.csr_matrix) -> None:
    peer = measure(benchmark, "interactions: transpose", lambda: shop.T.tocsr(), **SIZES)
    assert_same_matrix(transpose(core(shop), ITEMS), peer)
