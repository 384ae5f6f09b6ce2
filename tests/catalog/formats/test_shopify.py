"""Shopify's product export: rows of one Handle are one product."""

import pytest

from recomengine.catalog.columns import plan
from tests.support.tables import table

EXPORT = """
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,\
Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Image Src,\
Image Position,SEO Title,Status
tea-pot,Tea pot,<p>Clay</p>,Kiln,Home > Tea,Pot,"clay, tea",TRUE,Glaze,Blue,TP-B,900,shopify,0,deny,39.00,\
https://pots.example/b.jpg,1,Pots,active
tea-pot,,,,,,,,,Green,TP-G,900,shopify,2,deny,35.00,https://pots.example/g.jpg,2,,
tea-pot,,,,,,,,,,,,,,,,https://pots.example/side.jpg,3,,
gift-card,Gift card,,,,Voucher,,TRUE,Title,Default Title,GC,0,,,deny,10.00,,,,active
whisk,Whisk,,Kiln,,Tool,,FALSE,Title,Default Title,W,20,shopify,5,deny,8.00,,,,active
scoop,Scoop,,Kiln,,Tool,,TRUE,Title,Default Title,S,20,shopify,5,deny,3.00,,,,draft
tray,Tray,,Kiln,,Tool,,TRUE,Size,S,T-S,20,shopify,-1,continue,14.00,,,,active
jar,Jar,,Kiln,,Tool,,TRUE,Title,Default Title,J,20,shopify,0,deny,6.00,,,,active
"""


def test_rows_of_a_handle_are_one_product_with_the_first_rows_texts_and_the_lowest_price() -> None:
    read = table(plan, EXPORT)
    assert read.items[0] == {
        "productId": "tea-pot", "name": "Tea pot", "description": "<p>Clay</p>", "brand": "Kiln",
        "category": "Home > Tea", "price": 35, "imageUrl": "https://pots.example/b.jpg", "available": True,
        "attributes": {"Tags": "clay, tea", "Glaze": ["Blue", "Green"], "Variant SKU": ["TP-B", "TP-G"]},
    }  # fmt: skip
    assert read.refused == {}
    assert "Read as Shopify's product export." in read.notes
    assert "8 rows were read as 6 products." in read.notes


@pytest.mark.parametrize(
    ("product", "available"),
    [("tea-pot", True), ("gift-card", True), ("whisk", False), ("scoop", False), ("tray", True), ("jar", False)],
)
def test_a_product_is_available_where_shoppers_may_see_it_and_any_variant_can_be_bought(
    product: str, available: bool
) -> None:
    items = {item["productId"]: item for item in table(plan, EXPORT).items}
    assert items[product]["available"] is available


def test_the_type_stands_in_for_a_category_that_is_not_filled_in() -> None:
    items = {item["productId"]: item for item in table(plan, EXPORT).items}
    assert items["whisk"]["category"] == "Tool"


@pytest.mark.parametrize(
    "header", [("Handle,Title", "product_id,name"), ("Handle,Title", "ID,Product name"), ("Handle", "sku")]
)
def test_the_export_is_known_when_its_first_columns_were_renamed(header: tuple[str, str]) -> None:
    assert table(plan, EXPORT.replace(*header, 1)).items == table(plan, EXPORT).items


def test_the_newer_names_of_columns_are_known() -> None:
    read = table(plan, """
Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Option1 name,\
Option1 value,Price,Compare-at price,Inventory tracker,Inventory quantity,Continue selling when out of stock,\
Product image URL,Image position
Tea pot,tea-pot,<p>Clay</p>,Kiln,Home > Tea,Pot,clay,TRUE,Active,TP-B,Glaze,Blue,39.00,45.00,shopify,0,DENY,\
https://pots.example/b.jpg,1
,tea-pot,,,,,,,,TP-G,,Green,35.00,,shopify,2,DENY,,
Scoop,scoop,,Kiln,,Tool,,FALSE,Active,S,Title,Default Title,3.00,,shopify,5,DENY,,
""")  # fmt: skip
    pot, scoop = read.items
    assert (pot["productId"], pot["price"], pot["available"], pot["name"]) == ("tea-pot", 35, True, "Tea pot")
    assert pot["attributes"] == {"Tags": "clay", "SKU": ["TP-B", "TP-G"], "Glaze": ["Blue", "Green"]}
    assert (scoop["productId"], scoop["available"]) == ("scoop", False)


def test_a_variant_that_cannot_be_read_costs_its_row_alone() -> None:
    read = table(plan, EXPORT.replace("deny,35.00", "deny,cheap"))
    assert read.refused == {3: "Variant Price: expected a number such as 12.50, got 'cheap'."}
    assert (read.items[0]["price"], read.items[0]["available"], len(read.items)) == (39, False, 6)
    read = table(plan, EXPORT.replace("shopify,2,", "shopify,two,"))
    assert read.refused == {3: "Variant Inventory Qty: expected a number such as 12.50, got 'two'."}


def test_a_handle_that_comes_again_without_a_title_is_refused() -> None:
    read = table(plan, EXPORT + "tea-pot,,,,,,,,,Red,TP-R,900,shopify,1,deny,1.00,,,,\n")
    assert read.refused == {10: "Title: expected the product's name, the cell is empty."}


def test_variants_are_products_of_their_own_where_their_skus_are_the_ids() -> None:
    read = table(plan, EXPORT, map={"Variant SKU": "product_id"})
    assert read.refused == {}
    assert [(item["productId"], item["name"], item["price"], item["available"]) for item in read.items[:2]] == [
        ("TP-B", "Tea pot", 39, False), ("TP-G", "Tea pot", 35, True),
    ]  # fmt: skip
    assert read.items[1]["imageUrl"] == "https://pots.example/g.jpg"
    assert read.items[1]["category"] == "Home > Tea"
    assert [item["productId"] for item in read.items] == ["TP-B", "TP-G", "GC", "W", "S", "T-S", "J"]
