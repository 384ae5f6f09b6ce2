"""WooCommerce's product export: variable products and their variations, several categories in a cell."""

import pytest

from recomengine.catalog.columns import plan
from tests.support.tables import Read, table

HEADER = (
    'ID,Type,SKU,Name,Published,"Is featured?","Visibility in catalog","Short description",Description,"In stock?",'
    'Stock,"Sale price","Regular price",Categories,Tags,Images,Parent,"Attribute 1 name","Attribute 1 value(s)",'
    '"Attribute 1 visible"\n'
)


def read(*rows: str) -> Read:
    return table(plan, HEADER + "\n".join(rows))


CUP = (
    '10,variable,CUP,Cup,1,0,visible,Small,"Clay\\nand glaze",1,,,,"Ware > Cups, Gifts","tea, clay",'
    '"https://cups.example/1.jpg, https://cups.example/2.jpg",,Glaze,"Blue, Green",1'
)
BLUE = "11,variation,CUP-B,Cup - Blue,1,0,visible,,,0,0,,9.00,,,,CUP,Glaze,Blue,1"
GREEN = "12,variation,CUP-G,Cup - Green,1,0,visible,,,1,3,7.50,9.00,,,,id:10,Glaze,Green,1"


@pytest.mark.parametrize("rows", [(CUP, BLUE, GREEN), (BLUE, CUP, GREEN), (GREEN, BLUE, CUP)])
def test_variations_make_the_price_and_stock_of_their_product_wherever_they_stand(rows: tuple[str, ...]) -> None:
    made = read(*rows)
    attributes = made.items[0].pop("attributes")
    assert made.items == [{
        "productId": "CUP", "name": "Cup", "description": "Clay\nand glaze", "category": "Ware > Cups",
        "categories": ["Ware > Cups", "Gifts"], "imageUrl": "https://cups.example/1.jpg", "price": 7.5,
        "available": True,
    }]  # fmt: skip
    assert attributes["Tags"] == "tea, clay"
    assert sorted(attributes["Glaze"]) == ["Blue", "Green"]
    assert "3 rows were read as 1 products." in made.notes


@pytest.mark.parametrize(
    ("cell", "paths"),
    [
        ('"Wide\rtops"', ["Wide tops"]),
        ('"Ware > Cups, Gifts"', ["Ware > Cups", "Gifts"]), ('"Ware, ""Cups, small"""', ["Ware", "Cups, small"]),
        ('"Ware > Cups\\, small, Gifts"', ["Ware > Cups, small", "Gifts"]), ("Ware", ["Ware"]),
        ('"Ware, Ware > Cups"', ["Ware > Cups"]),
    ],
)  # fmt: skip
def test_categories_of_a_cell_are_told_apart(cell: str, paths: list[str]) -> None:
    item = read(f"1,simple,A,A,1,0,visible,,,1,,,5.00,{cell},,,,,,").items[0]
    assert [item["category"], *item.get("categories", [])[1:]] == paths


@pytest.mark.parametrize(
    ("published", "visibility", "stock", "available"),
    [
        ("1", "visible", "1", True), ("0", "visible", "1", False), ("-1", "visible", "1", False),
        ("1", "hidden", "1", False), ("1", "search", "1", True), ("1", "visible", "0", False),
        ("1", "visible", "backorder", True),
    ],
)  # fmt: skip
def test_a_product_is_available_where_it_is_published_visible_and_in_stock(
    published: str, visibility: str, stock: str, available: bool
) -> None:
    item = read(f"1,simple,A,A,{published},0,{visibility},,,{stock},,,5.00,,,,,,,").items[0]
    assert item["available"] is available


def test_a_product_without_a_sku_is_known_by_its_id() -> None:
    made = read("7,simple,,Bowl,1,0,visible,Deep,,1,,,5.00,,,,,,,", "8,simple,JUG,Jug,1,0,visible,,,1,,,6.00,,,,,,,")
    assert [item["productId"] for item in made.items] == ["7", "JUG"]
    assert made.items[0]["description"] == "Deep"


def test_a_variation_without_its_product_is_one_of_its_own() -> None:
    assert [item["productId"] for item in read(BLUE).items] == ["CUP-B"]


def test_a_variation_that_is_not_published_counts_for_nothing() -> None:
    item = read(CUP, BLUE, GREEN.replace("Green,1,0,visible", "Green,0,0,visible")).items[0]
    assert (item["price"], item["available"]) == (9, False)


def test_a_word_for_backorder_is_told_by_its_column() -> None:
    assert (
        "In stock?: 'backorder' is taken as available" in read("1,simple,A,A,1,0,visible,,,backorder,,,5,,,,,,,").notes
    )


def test_the_export_is_known_when_its_columns_were_renamed_by_hand() -> None:
    renamed = HEADER.replace("SKU,Name", "product_id,name").replace('"In stock?"', "available").replace(
        '"Regular price"', "price"
    ).replace("Categories", "category")  # fmt: skip
    made = table(plan, renamed + "\n".join([CUP, BLUE, GREEN]))
    assert [(item["productId"], item["price"], item["categories"]) for item in made.items] == [
        ("CUP", 7.5, ["Ware > Cups", "Gifts"])
    ]
