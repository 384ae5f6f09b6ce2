"""Any events of a day, and how they are sent: late, twice, across midnight; and what becomes of their shoppers' ids."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
FEW = st.sampled_from
METADATA = st.fixed_dictionaries({}, optional={
    "placementId": FEW(["home", "cart", ""]), "strategy": FEW(["auto", "trending"]),
    "recommendationId": FEW(["r1", ""]),
    "orderId": FEW(["o1", "o2", "o3", ""]), "price": FEW([0, 0.01, 19.99, 10, 1234567.89, 0.005, 33.335]),
    "quantity": st.integers(1, 3), "currency": FEW(["EUR", "EUR", "USD"]), "bot": FEW([False, False, True]),
})  # fmt: skip
OFFSETS = FEW([0, -1, 1, 30 * MINUTE_MS, -30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, -HOUR_MS]) | st.integers(
    -30 * HOUR_MS, 54 * HOUR_MS
)
KIND = FEW(["impression", "click", "click", "purchase", "purchase", "return", "return", "view"])
EVENT = st.tuples(KIND, FEW(["ann", "bob", "guest"]), FEW(["boot", "sock"]), OFFSETS, METADATA)
SALE = st.tuples(
    FEW(["click", "purchase", "purchase", "return", "return"]), FEW(["ann", "guest"]), st.just("boot"),
    FEW([hour * HOUR_MS for hour in range(5)]), st.fixed_dictionaries({"placementId": st.just("home")}, optional={
        "orderId": FEW(["o1", "o2"]), "price": FEW([10, 3]), "quantity": st.integers(1, 2)}),
)  # fmt: skip
"""What few shoppers click, buy and send back of one product."""
CHANGE = FEW([None, None, ("join", "guest", "ann"), ("join", "bob", "ann"), ("part", "guest"), ("mark", "bob"),
              ("mark", "guest"), ("clear", "bob")])  # fmt: skip
"""What becomes of an id: it is joined with another one or parted from it, marked as a robot's or cleared."""


def bodies(batches: Sequence[tuple[Sequence[Any], bool]], midnight_ms: int) -> list[tuple[list[dict[str, Any]], bool]]:
    """The events of each batch with names of their own; the first of a batch is sent again with the next one."""
    number, sent = 0, []
    for events, settled in batches:
        batch = [sent[-1][0][0]] if sent else []
        for kind, user, product_id, offset_ms, metadata in events:
            number += 1
            batch.append({
                "eventId": f"e{number}", "eventType": kind, "userId": user, "productId": product_id,
                "timestamp": midnight_ms + offset_ms, "metadata": metadata,
            })  # fmt: skip
        sent.append((batch, settled))
    return sent
