"""What a line says of why its product is there."""

import pytest

from recomengine.models.histories import PURCHASE, VIEW
from recomengine.models.sources import (
    BOUGHT_TOGETHER,
    BUY_AGAIN,
    COLLABORATIVE,
    POPULAR,
    SIMILAR,
    TRENDING,
    EvidenceKind,
)
from recomengine.recommendations.lines import reason_of


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
