"""Event and order files: columns by many names, types by many words, order lines, returns, times."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.events.column_names import COMMON_NAMES, OWN_NAMES, TYPES
from recomengine.events.columns import plan
from recomengine.files.cells import plain
from recomengine.files.plan import Options, Record
from recomengine.web.ndjson import Unreadable
from recomengine.web.problems import Invalid
from tests.support.tables import records, table

NOON = "2021-03-04T12:00:00Z"


@pytest.mark.parametrize(
    "header",
    [
        "event_type,user_id,product_id,timestamp,session_id", "eventType,userId,productId,timestamp,sessionId",
        " Event Type , USER_ID , Item-Id , TimeStamp , Session_ID ", "event,visitorid,itemid,timestamp,session",
        "event_type,user_id,product_id,event_time,user_session", "event_name,user_pseudo_id,item_id,ts,ga_session_id",
        "action,customer_id,sku,datetime,visit_id",
    ],
)  # fmt: skip
def test_columns_are_known_by_many_names(header: str) -> None:
    read = table(plan, f"{header}\nview,ann,cup,{NOON},s-1")
    assert read.items == [
        {"eventType": "view", "userId": "ann", "productId": "cup", "timestamp": NOON, "sessionId": "s-1"}
    ]
    assert set(read.columns.used.values()) == {"eventType", "userId", "productId", "timestamp", "sessionId"}
    assert read.notes == ""


WORDS = {
    "view": ["view", "page_view", "Product Viewed", "view_item", "detail", "pv"],
    "click": ["click", "select_item", "Product Clicked"],
    "add_to_cart": ["addtocart", "Add to Cart", "cart", "Product Added", "add-to-basket"],
    "remove_from_cart": ["remove_from_cart", "Product Removed"],
    "wishlist": ["add_to_wishlist", "favourite", "Product Added to Wishlist"],
    "purchase": ["transaction", "Order Completed", "PURCHASE", "buy", "order"],
    "return": ["refund", "Order Refunded", "returned"],
    "impression": ["view_item_list", "Product List Viewed"],
    "search": ["view_search_results", "Products Searched"],
    "dislike": ["dislike", "not interested"],
}


@pytest.mark.parametrize(("word", "kind"), [(word, kind) for kind, words in WORDS.items() for word in words])
def test_types_of_events_are_known_by_many_words_and_told(word: str, kind: str) -> None:
    read = table(plan, f"event,user_id,product_id,timestamp\n{word},ann,cup,{NOON}")
    assert read.items[0]["eventType"] == kind
    assert (f"{word} as {kind}" in read.notes) is (word != kind)


def test_an_unknown_type_is_refused_with_what_was_found_and_what_is_allowed() -> None:
    read = table(plan, f"event,user_id,product_id,timestamp\nstare,ann,cup,{NOON}\n,ann,cup,{NOON}")
    assert read.refused[2].startswith("event: expected one of impression, click, view, add_to_cart, ")
    assert read.refused[2].endswith(", got 'stare'.")
    assert read.refused[3].endswith(", got ''.")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("date,amount", "no column for the event's type, or for orders their id (event_type, event, order_id …) and"),
        ("event,product_id,time", "no column for the shopper's id (user_id, customer_id, visitor_id …). Columns found: "
                                  "event, product_id, time."),
        ("event,user_id,time", "no column for the product's id"),
        ("event_type;user_id;product_id", "try --separator ';'"),
    ],
)  # fmt: skip
def test_a_file_without_a_needed_column_is_refused_once(header: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        plan(header.split(","), Options())
    assert words in refused.value.detail


def test_searches_need_no_product() -> None:
    read = table(plan, f"event,user_id,search_term,timestamp\nsearch,ann,clay cups,{NOON}")
    assert read.items == [
        {"eventType": "search", "userId": "ann", "timestamp": NOON, "metadata": {"query": "clay cups"}}
    ]


def test_other_columns_go_into_the_metadata_with_what_is_known_of_a_sale() -> None:
    read = table(plan, 'event,user_id,sku,Price (EUR),Qty,Order-ID,campaign,metadata\n'
                 'purchase,ann,cup,"7,50",2.0,o-1,spring,"{""gift"": true}"')  # fmt: skip
    assert read.items == [{
        "eventType": "purchase", "userId": "ann", "productId": "cup", "metadata": {
            "campaign": "spring", "currency": "EUR", "orderId": "o-1", "quantity": 2, "price": 7.5, "gift": True,
        },
    }]  # fmt: skip
    assert read.columns.kept == ["campaign"]
    assert "No column says the time" in read.notes


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("price", "free", "price: expected a number such as 12.50, got 'free'."),
        ("price", "-4.00", "price: expected a price of 0 or more, got '-4.00'."),
        ("price", "3.333", "price: '3.333' may be 3333 or 3.333, which is a third decimal place."),
        ("quantity", "0", "quantity: expected 1 or more, got 0."),
        ("quantity", "1.5", "quantity: expected a whole number, got '1.5'."),
        ("quantity", "two", "quantity: expected a number such as 12.50, got 'two'."),
        ("currency", "shells", "currency: expected a currency such as EUR, got 'shells'."),
        ("timestamp", "soon", "timestamp: expected a time, got 'soon'."),
        ("metadata", "[1]", "metadata: expected a JSON object"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_taken_is_refused_by_column_and_value(column: str, cell: str, words: str) -> None:
    read = table(plan, f"event,user_id,product_id,{column}\npurchase,ann,cup,{cell}\npurchase,bob,cup,")
    assert [event["userId"] for event in read.items] == ["bob"]
    assert read.refused[2].startswith(words)


@pytest.mark.parametrize("nobody", ["", "nan", "NULL", "undefined", "guest"])
def test_a_row_without_a_shopper_is_refused_by_its_column(nobody: str) -> None:
    read = table(plan, f"event,CustomerID,product_id\npurchase,{nobody},cup\npurchase,ann,cup")
    assert read.refused == {2: "CustomerID: expected the shopper's id, the cell is empty."}
    assert len(read.items) == 1


def test_ids_lose_their_blanks_and_the_decimals_of_a_table_of_numbers() -> None:
    read = records(plan, ["event", "user_id", "product_id", "order_id"], [
        {"event": "purchase", "user_id": " 17.0", "product_id": "cup ", "order_id": "9.0"},
    ])  # fmt: skip
    event = read.items[0]
    assert (event["userId"], event["productId"], event["metadata"]["orderId"]) == ("17", "cup", "9")
    assert "Ids whose outer blanks were cut off: " in read.notes
    assert ".0 behind them" in read.notes


def test_a_purchase_with_a_negative_quantity_is_a_return_and_told() -> None:
    read = table(plan, "event,order_id,user_id,sku,quantity,price\npurchase,71,ann,cup,6,7.50\n"
                 "purchase,71,ann,cup,-2,7.50\npurchase,71,ann,jug,-1.0,-30.00\nreturn,71,ann,cup,-1,7.50")  # fmt: skip
    assert [(event["eventType"], event["metadata"]["quantity"]) for event in read.items] == [
        ("purchase", 6), ("return", 2), ("return", 1), ("return", 1),
    ]  # fmt: skip
    assert read.items[2]["metadata"]["price"] == 30
    assert "a negative quantity or a credit note (C before the number): 2." in read.notes


def test_a_credit_note_beside_numbered_invoices_is_a_return() -> None:
    text = "Invoice No,Stock Code,Quantity,Invoice Date,Unit Price,Customer ID\n{},cup,1,2021-03-04 12:00:00,7.50,5\n"
    both = table(plan, text.format("8001") + "C8002,cup,1,2021-03-05 12:00:00,7.50,5")
    assert [event["eventType"] for event in both.items] == ["purchase", "return"]
    own_numbers = table(plan, text.format("C8001") + "C8002,cup,1,2021-03-05 12:00:00,7.50,5")
    assert [event["eventType"] for event in own_numbers.items] == ["purchase", "purchase"]


def test_a_file_of_orders_needs_no_type_and_is_told_to_be_purchases() -> None:
    read = table(plan, "order id,customer id,sku,qty,unit price,order date\no-1,ann,cup,2,7.50,04.03.2021 12:00")
    assert read.items[0]["eventType"] == "purchase"
    assert read.items[0]["timestamp"] == "2021-03-04T12:00:00.000Z"
    assert "all are purchases" in read.notes
    assert "Times that say no zone, and are taken in UTC: 1." in read.notes


@pytest.mark.parametrize(
    ("columns", "cells", "variant"),
    [
        ("size", "M", "M"),
        ("size,colour", "M,red", "M / red"),
        ("variant_id,size", "v-9,M", "v-9"),
        ("gift", "no", None),
    ],
)
def test_sizes_and_colours_tell_the_lines_of_an_order_apart(columns: str, cells: str, variant: str | None) -> None:
    read = table(plan, f"order_id,user_id,sku,{columns}\no-1,ann,shirt,{cells}")
    assert read.items[0]["metadata"].get("variantId") == variant


SHOPIFY = """
Name,Email,Financial Status,Paid at,Currency,Total,Billing Name,Billing Street,Phone,Created at,Lineitem quantity,\
Lineitem name,Lineitem price,Lineitem sku,Cancelled at
#7,ann@tea.example,paid,2021-03-04 13:00:00 +0100,EUR,46.50,Ann Leaf,Clay St 1,+1,2021-03-04 13:00:00 +0100,1,Jug,\
39.00,JUG,
#7,ann@tea.example,,,,,,,,,1,Cup,7.50,CUP,
#8,bob@tea.example,voided,,EUR,7.50,Bob,Clay St 2,,2021-03-05 13:00:00 +0100,1,Cup,7.50,CUP,
#9,cyd@tea.example,paid,,EUR,7.50,Cyd,Clay St 3,,2021-03-06 13:00:00 +0100,1,Cup,7.50,CUP,2021-03-07 13:00:00 +0100
"""


def test_shopifys_orders_are_read_line_by_line_with_what_only_the_first_line_says() -> None:
    read = table(plan, SHOPIFY)
    assert [
        (event["userId"], event["productId"], event["timestamp"], event["metadata"]["orderId"],
         event["metadata"]["currency"], event["metadata"]["price"])
        for event in read.items
    ] == [
        ("ann@tea.example", "JUG", "2021-03-04T12:00:00.000Z", "#7", "EUR", 39),
        ("ann@tea.example", "CUP", "2021-03-04T12:00:00.000Z", "#7", "EUR", 7.5),
    ]  # fmt: skip
    assert "Lines of orders that were cancelled, failed or refunded, and are left out: 2." in read.notes


def test_who_a_shopper_is_is_not_kept_beside_an_order() -> None:
    read = table(plan, SHOPIFY)
    assert {"Billing Name", "Billing Street", "Phone"} <= set(read.columns.ignored)
    assert "Leaf" not in str(read.items)


def test_woocommerces_orders_know_a_guest_by_the_email() -> None:
    read = table(plan, "Order Number,Order Status,Order Date,Customer User ID,Email (Billing),SKU,Item Name,Quantity,"
                 "Item Cost\n51,wc-completed,2021-03-04 12:00,3,ann@tea.example,CUP,Cup,1,7.50\n"
                 "52,completed,2021-03-04 12:00,0,bob@tea.example,CUP,Cup,1,7.50\n"
                 "53,wc-failed,2021-03-04 12:00,3,ann@tea.example,CUP,Cup,1,7.50")  # fmt: skip
    assert [event["userId"] for event in read.items] == ["3", "bob@tea.example"]
    assert "left out: 1." in read.notes


def test_a_log_of_clicks_with_transactions_is_read() -> None:
    read = table(plan, "timestamp,visitorid,event,itemid,transactionid\n1614859200000,4,view,cup,\n"
                 "1614859200001,4,addtocart,cup,\n1614859200002,4,transaction,cup,66")  # fmt: skip
    assert [event["eventType"] for event in read.items] == ["view", "add_to_cart", "purchase"]
    assert [event.get("metadata") for event in read.items] == [None, None, {"orderId": "66"}]
    assert read.items[0]["timestamp"] == 1614859200000


def test_a_log_with_sessions_and_prices_is_read() -> None:
    read = table(plan, "event_time,event_type,product_id,category_code,brand,price,user_id,user_session\n"
                 "2021-03-04 12:00:00 UTC,cart,55,ware.cups,kiln,7.50,4,s-1")  # fmt: skip
    assert read.items == [{
        "eventType": "add_to_cart", "userId": "4", "productId": "55", "sessionId": "s-1",
        "timestamp": "2021-03-04T12:00:00.000Z",
        "metadata": {"category_code": "ware.cups", "brand": "kiln", "price": 7.5},
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "first"),
    [(["3/4/2021 12:00", "3/25/2021 12:00"], "2021-03-04"), (["4/3/2021 12:00", "25/3/2021 12:00"], "2021-03-04")],
)
def test_other_times_of_the_file_tell_whether_the_day_comes_first(cells: list[str], first: str) -> None:
    read = table(plan, "event,user_id,sku,date\n" + "\n".join(f"view,ann,cup,{cell}" for cell in cells))
    assert read.items[0]["timestamp"].startswith(first)


def test_a_day_that_may_be_a_month_is_refused_with_the_remedy() -> None:
    read = table(plan, "event,user_id,sku,date\nview,ann,cup,3/4/2021 12:00")
    assert "may have the day or the month first" in read.refused[2]
    assert "Write it as 2024-01-31T10:00:00Z" in read.refused[2]


def test_seconds_are_left_to_be_refused_where_all_times_are_checked() -> None:
    assert table(plan, "event,user_id,sku,time\nview,ann,cup,1614859200").items[0]["timestamp"] == 1614859200


GA4: dict[str, Any] = {
    "event_date": "20210304", "event_timestamp": "1614859200000123", "event_name": "purchase",
    "event_params": json.dumps([{"key": "ga_session_id", "value": {"int_value": "77"}},
                                {"key": "page_location", "value": {"string_value": "https://tea.example/"}}]),
    "user_pseudo_id": "4.5", "ecommerce": json.dumps({"transaction_id": "T-1", "purchase_revenue": 46.5}),
    "device": json.dumps({"category": "mobile"}),
    "items": json.dumps([{"item_id": "JUG", "item_name": "Jug", "price": 39.0, "quantity": 1},
                         {"item_id": "CUP", "item_variant": "blue", "price": 7.5, "quantity": 2}]),
}  # fmt: skip


def test_each_item_of_a_ga4_event_is_an_event() -> None:
    read = records(plan, list(GA4), [GA4])
    jug, cup = read.items
    assert (jug["productId"], jug["metadata"]["price"], jug["metadata"]["quantity"]) == ("JUG", 39, 1)
    assert (cup["productId"], cup["metadata"]["price"], cup["metadata"]["quantity"]) == ("CUP", 7.5, 2)
    assert (jug["userId"], jug["sessionId"], jug["timestamp"]) == ("4.5", "77", 1614859200000)
    assert jug["metadata"]["orderId"] == cup["metadata"]["orderId"] == "T-1"
    assert cup["metadata"]["variantId"] == "blue"
    assert "device" in read.columns.ignored


def test_an_event_without_items_and_with_broken_ones_says_what_it_lacks() -> None:
    read = records(plan, list(GA4), [GA4 | {"event_name": "session_start", "items": "[]"}, GA4 | {"items": "[{"}])
    assert "got 'session_start'" in read.refused[2]


@given(st.lists(st.dictionaries(st.sampled_from([
    "event", "user_id", "sku", "price", "quantity", "timestamp", "order_id", "items", "ecommerce", "event_params",
    "metadata", "size", "status", "Cancelled at", "bot", "currency",
]), st.text(max_size=20) | st.lists(st.text(max_size=8), max_size=3), max_size=8), max_size=6))  # fmt: skip
def test_any_cells_are_read_or_refused_in_words(rows: list[dict[str, str | list[str]]]) -> None:
    made = plan(["event", "user_id", "product_id"], Options())
    usual: dict[str, str | list[str]] = {"event": "view", "user_id": "ann", "product_id": "cup"}
    for _, line in made.read([Record(line, usual | row) for line, row in enumerate(rows, 2)]):
        assert isinstance(line, Unreadable) or json.loads(line)["userId"]


def test_no_name_of_a_column_stands_for_two_fields() -> None:
    names = [name for field in OWN_NAMES for name in (*OWN_NAMES[field], *COMMON_NAMES.get(field, ()))]
    assert {name for name in names if names.count(name) > 1} == set()
    assert all(plain(name) == name for name in names)
    assert all(plain(word) == word for word in TYPES)


@pytest.mark.parametrize(
    "deep", ['{"a":' * 3000 + "1" + "}" * 3000, '[{"a":' + "[" * 3000 + "]" * 3000 + "}]", "[{", "\udcff"]
)
def test_json_in_cells_that_cannot_be_read_costs_its_row(deep: str) -> None:
    read = records(plan, [*GA4, "metadata"], [GA4 | {"items": deep, "metadata": deep, "ecommerce": deep}])
    assert read.items == []
    assert read.refused[2].startswith("metadata: ")
