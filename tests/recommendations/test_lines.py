"""What a line says of why its product is there."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from recomengine.catalog.live import LiveCatalog
from recomengine.models.histories import PURCHASE, VIEW
from recomengine.models.shopper import Shopper
from recomengine.models.sources import (
    BOUGHT_TOGETHER,
    BUY_AGAIN,
    COLLABORATIVE,
    PLACE,
    POPULAR,
    SIMILAR,
    SOURCES,
    TRENDING,
    EvidenceKind,
)
from recomengine.recommendations.lines import lines_of, reason_of
from recomengine.recommendations.ranked import Ranked
from tests.support.shops import demo_shop


@pytest.mark.parametrize(
    ("kind", "context", "seed", "did", "said"),
    [
        (COLLABORATIVE, "home", "A mug", VIEW, "Because you viewed A mug"),
        (COLLABORATIVE, "home", "A mug", None, "Because you viewed A mug"),
        (COLLABORATIVE, "session", "A mug", PURCHASE, "Because you bought A mug"),
        (COLLABORATIVE, "product", "A mug", PURCHASE, "Shoppers who liked A mug also liked this"),
        (COLLABORATIVE, "home", None, None, "Popular in this shop"),
        (COLLABORATIVE, "cart", None, None, "Popular in this shop"),
        (COLLABORATIVE, "home", "{seed} {0}", VIEW, "Because you viewed {seed} {0}"),
        (BOUGHT_TOGETHER, "cart", "A mug", PURCHASE, "Bought together with A mug"),
        (SIMILAR, "home", "A mug", None, "Similar to A mug"),
        (TRENDING, "home", None, None, "Trending now"), (POPULAR, "home", None, None, "Popular in this shop"),
        (BUY_AGAIN, "home", None, PURCHASE, "You bought this before"),
    ],
)  # fmt: skip
def test_a_reason_names_the_evidence(
    kind: EvidenceKind, context: str, seed: str | None, did: int | None, said: str
) -> None:
    assert reason_of(kind, context, seed, did) == said


def test_on_a_page_evidence_of_what_was_done_before_says_what_the_shopper_did() -> None:
    catalog = LiveCatalog()
    catalog.apply([
        {
            "number": number, "product_id": f"p{number}", "name": f"P{number}", "category": None,
            "price": Decimal(1), "currency": None, "image_url": None, "url": None, "available": True,
            "deleted_at": None, "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for number in range(3)
    ])  # fmt: skip
    bought = Shopper(
        np.zeros(1, np.int32), np.array([PURCHASE], np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64), 0
    )
    sources = [SOURCES[PLACE[name]] for name in ("similar_before", "similar")]
    ranked = Ranked([1, 2], [1.0, 0.5], sources, [0, 0])
    lines = lines_of(ranked, catalog, demo_shop().model, "product", bought)
    said = [msgspec.json.decode(b"{" + line.said + b"}") for line in lines]
    assert [each["reason"] for each in said] == ["Because you bought P0", "Shoppers who liked P0 also liked this"]
    assert [each["evidence"]["productIds"] for each in said] == [["p0"], ["p0"]]
