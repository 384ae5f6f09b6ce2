"""Google Merchant Center's feeds."""

import pytest

from recomengine.catalog.columns import plan
from tests.support.tables import records, table

FEED = """
id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\tsale_price\tbrand\tproduct_type\tgoogle_product_category\
\titem_group_id\tcondition
0042\tClay cup\tFor tea\thttps://cups.example/42\thttps://cups.example/42.jpg\tin_stock\t12.00 GBP\t9.50 GBP\tKiln\t\
Ware > Cups\t2951\tcups\tnew
0043\tClay jug\t\thttps://cups.example/43\thttps://cups.example/43.jpg\tout of stock\t30.00 GBP\t\tKiln\t\t\
Home &amp; Garden &gt; Jugs\t\tnew
"""


def test_a_feed_is_read_as_shops_send_it() -> None:
    read = table(plan, FEED, "\t")
    assert read.items == [
        {
            "productId": "0042", "name": "Clay cup", "description": "For tea", "url": "https://cups.example/42",
            "imageUrl": "https://cups.example/42.jpg", "brand": "Kiln", "category": "Ware > Cups", "price": 9.5,
            "currency": "GBP", "available": True, "attributes": {"item_group_id": "cups", "condition": "new"},
        },
        {
            "productId": "0043", "name": "Clay jug", "url": "https://cups.example/43",
            "imageUrl": "https://cups.example/43.jpg", "brand": "Kiln", "category": "Home & Garden > Jugs",
            "price": 30, "currency": "GBP", "available": False, "attributes": {"condition": "new"},
        },
    ]  # fmt: skip
    assert "Read as a Google Merchant Center feed." in read.notes
    assert {"price", "currency"} <= (read.fields or set())


@pytest.mark.parametrize(
    ("word", "available"),
    [
        ("in stock", True), ("in_stock", True), ("In Stock", True), ("preorder", True), ("backorder", True),
        ("out of stock", False), ("out_of_stock", False), ("Out Of Stock", False),
    ],
)  # fmt: skip
def test_availability_is_known_in_every_spelling(word: str, available: bool) -> None:
    assert table(plan, FEED.replace("in_stock", word), "\t").items[0]["available"] is available


def test_several_types_of_an_item_are_several_categories_and_a_number_of_googles_is_none() -> None:
    read = records(plan, ["id", "title", "image_link", "product_type", "google_product_category", "availability"], [
        {"id": "1", "title": "Cup", "image_link": "/1.jpg", "product_type": ["Ware > Cups", "Gifts"],
         "google_product_category": "2951", "availability": "in_stock"},
        {"id": "2", "title": "Jug", "image_link": "/2.jpg", "product_type": "", "google_product_category": "2951",
         "availability": "in_stock"},
    ])  # fmt: skip
    assert read.items[0]["categories"] == ["Ware > Cups", "Gifts"]
    assert "category" not in read.items[1]


def test_names_may_carry_the_prefix_of_the_namespace() -> None:
    read = table(plan, "g:id,title,link,g:image_link,g:price,g:availability\n7,Cup,/7,/7.jpg,5.00 EUR,in stock")
    assert read.items == [{
        "productId": "7", "name": "Cup", "url": "/7", "imageUrl": "/7.jpg", "price": 5, "currency": "EUR",
        "available": True,
    }]  # fmt: skip
