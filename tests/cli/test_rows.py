"""Rows of tables as products and events."""

import json
from typing import Any

import pytest

from recomengine.cli.rows import row_to_event


@pytest.mark.parametrize(
    ("row", "event"),
    [
        (
            {"user_id": "u", "item_id": "p", "event_type": "view", "timestamp": "-5"},
            {"userId": "u", "productId": "p", "eventType": "view", "timestamp": -5},
        ),
        (
            {"userId": "u", "eventType": "purchase", "productId": "p", "timestamp": "2023-01-01T00:00:00Z",
                "price": "9.5", "quantity": "2", "x": ""},
            {
                "userId": "u", "eventType": "purchase", "productId": "p", "timestamp": "2023-01-01T00:00:00Z",
                "metadata": {"price": 9.5, "quantity": 2},
            },
        ),
        ({"userId": "u", "metadata": '{"a": 1}', "order_id": "7"}, {"userId": "u", "metadata": {"a": 1,
            "orderId": "7"}}),
    ],
)  # fmt: skip
def test_a_row_of_a_table_becomes_an_event(row: dict[str, Any], event: dict[str, Any]) -> None:
    assert json.loads(row_to_event(row)) == event
