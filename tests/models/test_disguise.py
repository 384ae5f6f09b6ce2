"""Shops are not recognised: under other ids, in another order and at another time a shop gets the same lists."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.quality.disguise import EARLIER_MS, compare, disguise
from bench.quality.split import read_catalog, read_events
from recomengine.demo.catalog import demo_products
from recomengine.demo.simulation import simulate
from tests.support.shops import END_MS

SHOPPERS = 600


def written(folder: Path, products: Iterable[dict[str, Any]], events: Iterable[dict[str, Any]]) -> Path:
    """A shop as bench.quality reads it: what was viewed or bought, in sessions and orders."""
    folder.mkdir()
    named = ("userId", "productId", "eventType", "timestamp", "sessionId")
    counted = (event for event in events if event["eventType"] in ("view", "purchase"))
    rows = [(*(event[name] for name in named), event.get("metadata", {}).get("orderId", "")) for event in counted]
    columns = ["user_id", "item_id", "event_type", "timestamp", "session_id", "order_id"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "events.csv.gz", index=False)
    catalog = [
        (each["productId"], each["name"], each["category"], each["price"], json.dumps(each["attributes"]))
        for each in products
    ]
    pd.DataFrame(catalog, columns=["item_id", "name", "category", "price", "attributes"]).to_csv(
        folder / "catalog.csv.gz", index=False
    )
    (folder / "meta.json").write_text(json.dumps({"name": "simulated"}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    products = demo_products()
    return written(
        tmp_path_factory.mktemp("shops") / "plain", products, simulate(products, end_ms=END_MS, shoppers=SHOPPERS)
    )


@pytest.fixture(scope="module")
def disguised(shop: Path) -> Path:
    out = shop.parent / "disguised"
    out.mkdir()
    disguise(shop, out)
    return out


def test_a_disguise_changes_every_id_and_time_and_nothing_else(shop: Path, disguised: Path) -> None:
    plain, other = read_events(shop), read_events(disguised)
    for column in ("user_id", "item_id", "session_id"):
        assert not set(plain[column]) & set(other[column])
        assert len(set(zip(plain[column], other[column], strict=True))) == plain[column].nunique()
    assert (plain.timestamp - other.timestamp == EARLIER_MS).all()
    assert plain.event_type.tolist() == other.event_type.tolist()
    assert ((plain.order_id == "") == (other.order_id == "")).all()
    assert read_catalog(shop).name.tolist() != read_catalog(disguised).name.tolist()
    assert sorted(read_catalog(shop).name) == sorted(read_catalog(disguised).name)


@pytest.mark.parametrize("protocol", ["user_next", "session_next"])
def test_a_shop_in_disguise_gets_the_same_figures(protocol: str, shop: Path, disguised: Path) -> None:
    found = compare(shop, disguised, protocol, 400)
    assert found["cases"] >= 300
    assert found["as_it_is"] > 0.01
    assert np.isclose(found["as_it_is"], found["in_disguise"], atol=2 * found["standard_error"])
