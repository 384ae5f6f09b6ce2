"""Product files: columns by many names, cells of many kinds, and what is said at the end."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.catalog.columns import names_of, plan
from recomengine.catalog.formats import ANY, FORMATS
from recomengine.catalog.formats.format import Format
from recomengine.files.cells import plain
from recomengine.files.plan import Options, Record
from recomengine.web.ndjson import Unreadable
from recomengine.web.problems import Invalid
from tests.support.tables import records, table


@pytest.mark.parametrize(
    "header",
    [
        "product_id,name,price,image_url,available", "productId,name,price,imageUrl,available",
        "Product ID,NAME,Price,Image_URL,Available", " product-id , Name , PRICE , image url , AVAILABLE ",
        "item_id,title,unit_price,image_link,in_stock", "SKU,Product Name,Price (EUR),Image,Availability",
        "Artikelnummer,Bezeichnung,Preis €,Bild,Lieferbar",
    ],
)  # fmt: skip
def test_columns_are_known_by_many_names(header: str) -> None:
    read = table(plan, f"{header}\nk-1,Kettle,24.00,https://kettles.example/1.jpg,yes")
    currency = {"currency": "EUR"} if "EUR" in header or "€" in header else {}
    assert read.items == [{
        "productId": "k-1", "name": "Kettle", "price": 24, "imageUrl": "https://kettles.example/1.jpg",
        "available": True, **currency,
    }]  # fmt: skip
    assert read.fields == {"productId", "name", "price", "imageUrl", "available", *currency}


def test_a_row_without_a_name_is_refused_by_its_line_and_never_named_by_its_id() -> None:
    read = table(plan, "sku,title,colour\nk-1,,red\nk-2,Kettle,\n ,Pot,")
    assert [item["name"] for item in read.items] == ["Kettle"]
    assert read.refused == {
        2: "title: expected the product's name, the cell is empty.",
        4: "sku: expected the product's id, the cell is empty.",
    }


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("sku,price,weight", "no column for the product's name (name, title …). Columns found: sku, price, weight."),
        ("title,price", "no column for the product's id (product_id, id, sku …)"),
        ("colour,weight", "the product's id (product_id, id, sku …) and the product's name"),
        ("product_id;name;price", "try --separator ';'"),
    ],
)
def test_a_file_without_id_or_name_is_refused_once(header: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        plan(header.split(","), Options())
    assert words in refused.value.detail


def test_other_columns_become_attributes_and_are_told() -> None:
    read = table(plan, 'id,name,Colour,attributes,title,Blank\n1,Kettle,red,"{""litres"": 1.5}",Red kettle,')
    assert read.items[0]["attributes"] == {"Colour": "red", "litres": 1.5, "title": "Red kettle"}
    assert read.columns.kept == ["Colour", "title", "Blank"]
    assert read.fields == {"productId", "name", "attributes", *(f"attributes.{name}" for name in read.columns.kept)}
    assert "title is kept as an attribute, since name is taken for name." in read.notes


def test_columns_are_mapped_by_hand_and_ignored() -> None:
    read = table(plan, "code,heading,cost\n7,Kettle,3.00", map={"heading": "name", "cost": "ignore"})
    assert read.items == [{"productId": "7", "name": "Kettle"}]
    assert read.columns.ignored == ["cost"]


def test_the_files_own_format_knows_its_own_names_only() -> None:
    read = table(plan, "product_id,name,vendor\n7,Kettle,Acme", format="recomengine")
    assert read.items == [{"productId": "7", "name": "Kettle", "attributes": {"vendor": "Acme"}}]


def test_a_format_that_there_is_not_is_refused() -> None:
    with pytest.raises(Invalid, match="format: expected one of auto, recomengine, shopify"):
        table(plan, "id,name\n1,a", format="excel")


@pytest.mark.parametrize(
    ("cell", "available"),
    [
        ("true", True), ("FALSE", False), ("1", True), ("0", False), ("yes", True), ("No", False), ("in stock", True),
        ("in_stock", True), ("Out of stock", False), ("out_of_stock", False), ("https://schema.org/InStock", True),
        ("http://schema.org/OutOfStock", False), ("preorder", True), ("backorder", True), ("discontinued", False),
        ("12", True), ("-2", False), ("3.0", True), ("sold out", False),
    ],
)  # fmt: skip
def test_availability_is_read_in_many_words(cell: str, available: bool) -> None:
    assert table(plan, f"id,name,availability\n1,Kettle,{cell}").items[0]["available"] is available


def test_a_word_for_what_can_only_be_ordered_is_told() -> None:
    read = table(plan, "id,name,availability\n1,Kettle,Pre-order\n2,Pot,Pre-order\n3,Pan,in stock")
    assert "availability: 'Pre-order' is taken as available, since it can be ordered (rows: 2)." in read.notes


def test_a_number_in_stock_tells_availability_where_nothing_else_does() -> None:
    assert [item.get("available") for item in table(plan, "id,name,Stock\n1,a,4\n2,b,0\n3,c,").items] == [
        True, False, None,
    ]  # fmt: skip
    assert table(plan, "id,name,Stock,available\n1,a,0,yes").items[0]["available"] is True


@pytest.mark.parametrize(
    ("columns", "cells", "words"),
    [
        ("Price", "on request", "Price: expected a number such as 12.50, got 'on request'."),
        ("Price", "12%", "Price: expected a number such as 12.50, alone or with a currency such as EUR, got '12%'."),
        ("price", "9.995", "price: '9.995' may be 9995 or 9.995, which is a third decimal place."),
        ("available", "perhaps", "available: expected true or false, in stock or out of stock, or a number of pieces"),
        ("currency", "shells", "currency: expected a currency such as EUR, got 'shells'."),
        ("category", "A > > B", "category: expected a path such as Shoes > Running, got an empty part in 'A > > B'."),
        ("attributes", '{"a":' * 3000, "attributes: it is nested too deeply. Flatten it."),
        ("attributes", "red", 'attributes: expected a JSON object such as {"colour": "red"}, got \'red\'.'),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_taken_is_refused_by_column_and_value(columns: str, cells: str, words: str) -> None:
    read = table(plan, f"id,name,{columns}\n1,Kettle,{cells}\n2,Pot,")
    assert [item["productId"] for item in read.items] == ["2"]
    assert read.refused[2].startswith(words)


def test_the_columns_own_numbers_tell_what_a_point_means() -> None:
    german = table(plan, 'id,name,price\n1,Sofa,"1.249"\n2,Lamp,"89,90"\n3,Bed,"2.100,00"')
    assert [item["price"] for item in german.items] == [1249, 89.9, 2100]
    english = table(plan, 'id,name,price\n1,Sofa,"1,249"\n2,Lamp,89.90')
    assert [item["price"] for item in english.items] == [1249, 89.9]


@pytest.mark.parametrize(
    ("price", "sale", "dates", "paid"),
    [
        ("20.00", "15.00", "", 15), ("20.00", "", "", 20), ("20.00", "0", "", 20), ("", "15.00", "", 15),
        ("20.00", "25.00", "", 20), ("20.00", "15.00", "2001-01-01T00:00Z/2001-02-01T00:00Z", 20),
        ("20.00", "15.00", "2001-01-01T00:00Z/2901-02-01T00:00Z", 15), ("20.00", "15.00", "soon", 15),
        ("20.00", "15.00", "2001-19-39T00:00:00Z/99999999999999999999", 15),
    ],
)  # fmt: skip
def test_a_sale_is_the_price_while_it_lasts(price: str, sale: str, dates: str, paid: float) -> None:
    read = table(plan, f"id,name,price,sale_price,sale_price_effective_date\n1,Kettle,{price},{sale},{dates}")
    assert read.items[0]["price"] == paid


def test_two_currencies_for_one_price_are_refused() -> None:
    read = table(plan, "id,name,price,currency\n1,Kettle,12 EUR,USD\n2,Pot,12 EUR,EUR\n3,Pan,12,usd")
    assert read.refused == {2: "currency: says USD, and the price EUR."}
    assert [item["currency"] for item in read.items] == ["EUR", "USD"]


@pytest.mark.parametrize(
    ("cell", "paths"),
    [
        ("Tea>Green", ["Tea > Green"]), ("Tea » Green", ["Tea > Green"]), ("Tea &amp; Herbs &gt; Green",
        ["Tea & Herbs > Green"]), ("Tea/Green", ["Tea/Green"]), ("Tea > Green; Gifts > Small", ["Tea > Green",
        "Gifts > Small"]), ("Tea > Green|Gifts > Small", ["Tea > Green", "Gifts > Small"]),
        ('["Tea > Green", "Gifts"]', ["Tea > Green", "Gifts"]), ("Default Category/Tea/Green,Default Category/New",
        ["Default Category > Tea > Green", "Default Category > New"]), ("Root/Tea,Root/New/Fresh", ["Root > Tea",
        "Root > New > Fresh"]), ("Tea > Green > Tea", ["Tea > Green > Tea"]), ("Tea, Herbs", ["Tea, Herbs"]),
    ],
)  # fmt: skip
def test_categories_are_read_with_the_separators_that_stand_in_no_name(cell: str, paths: list[str]) -> None:
    item = records(plan, ["id", "name", "category"], [{"id": "1", "name": "Leaf", "category": cell}]).items[0]
    assert item["category"] == paths[0]
    assert item.get("categories", paths[:1]) == paths


def test_a_separator_of_categories_may_be_said_and_is_asked_for_where_it_may_be_one() -> None:
    flat = table(plan, "id,name,category\n1,Leaf,Tea/Green\n2,Pot,Ware | Clay")
    assert [item["category"] for item in flat.items] == ["Tea/Green", "Ware | Clay"]
    assert "'Tea/Green' is taken as one name" in flat.notes
    assert "--category-separator '/'" in flat.notes
    told = table(plan, "id,name,category\n1,Leaf,Tea/Green\n2,Pot,Ware", category_separator="/")
    assert [item["category"] for item in told.items] == ["Tea > Green", "Ware"]
    assert "separator" not in told.notes


def test_category_and_categories_are_one_list_with_the_category_first() -> None:
    read = table(plan, 'id,name,category,categories\n1,Leaf,Gifts,"[""Tea > Green"", ""Gifts""]"')
    assert (read.items[0]["category"], read.items[0]["categories"]) == ("Gifts", ["Gifts", "Tea > Green"])


def test_outer_blanks_of_ids_are_cut_off_and_told() -> None:
    read = records(plan, ["id", "name"], [{"id": " 7 ", "name": " Kettle "}, {"id": "8", "name": "Pot"}])
    assert [item["productId"] for item in read.items] == ["7", "8"]
    assert "Ids whose outer blanks were cut off: 1." in read.notes


def test_lists_of_json_and_xml_are_lists() -> None:
    read = records(plan, ["id", "title", "product_type", "tag"], [
        {"id": "1", "title": "Leaf", "product_type": ["Tea > Green", "Gifts"], "tag": ["organic", "fair", ""]},
    ])  # fmt: skip
    assert read.items[0]["categories"] == ["Tea > Green", "Gifts"]
    assert read.items[0]["attributes"] == {"tag": ["organic", "fair"]}


def test_columns_that_come_with_later_records_are_taken_as_they_come() -> None:
    read = records(plan, ["id", "title"], [
        {"id": "1", "title": "Leaf"}, {"id": "2", "title": "Pot", "price": "7,50", "glaze": "blue"},
    ])  # fmt: skip
    assert read.items[1] == {"productId": "2", "name": "Pot", "price": 7.5, "attributes": {"glaze": "blue"}}
    assert read.columns.used["price"] == "price"
    assert read.columns.kept == ["glaze"]


def test_numbers_of_attributes_stay_as_they_are_written() -> None:
    made = plan(["id", "name", "attributes"], Options())
    cells: dict[str, str | list[str]] = {"id": "1", "name": "Pot", "attributes": '{"serial": 12345678901234567890123}'}
    assert made.read([Record(2, cells)]) == [
        (2, b'{"productId":"1","name":"Pot","attributes":{"serial":12345678901234567890123}}')
    ]


def test_more_columns_than_a_file_may_have_are_told() -> None:
    read = records(plan, ["id", "name"], [{"id": "1", "name": "Leaf"} | {f"c{at}": "x" for at in range(1998)},
                                          {"id": "2", "name": "Pot", "one more": "x"}])  # fmt: skip
    assert len(read.columns.kept) == 1998
    assert "Cells beyond the first 2000 columns, which are left out: 1." in read.notes


@given(st.lists(st.dictionaries(st.sampled_from([
    "Handle", "Title", "Variant Price", "Variant SKU", "Option1 Value", "Status", "Image Src", "Type", "Parent", "SKU",
    "Regular price", "Sale price", "Categories", "In stock?", "Published", "sku", "configurable_variations",
    "visibility", "attributes", "sale_price_effective_date", "availability", "price", "store_view_code",
]), st.text(max_size=20) | st.lists(st.text(max_size=8), max_size=3), max_size=8), max_size=6),
    st.sampled_from(["auto", "recomengine", "shopify", "woocommerce", "google", "adobe-commerce"]),
)  # fmt: skip
def test_any_cells_are_read_or_refused_in_words(rows: list[dict[str, str | list[str]]], form: str) -> None:
    made = plan(["product_id", "name"], Options(format=form))
    lines = made.read(
        [Record(line, {"product_id": f"{line % 2}", "name": "n", **row}) for line, row in enumerate(rows, 2)]
    )
    for _, line in lines + made.end():
        assert isinstance(line, Unreadable) or json.loads(line)["productId"]


@pytest.mark.parametrize(
    ("column", "cell", "available"),
    [
        ("Active (0/1)", "0", False), ("enabled", "No", False), ("Status", "Discontinued", False),
        ("visible", "1", None),
        ("Status", "active", None),
    ],
)  # fmt: skip
def test_a_product_that_is_switched_off_is_not_available(column: str, cell: str, available: bool | None) -> None:
    read = table(plan, f"id,name,{column}\n1,Kettle,{cell}")
    assert read.items[0].get("available") is available
    assert read.columns.used[column] == "available"


@pytest.mark.parametrize("form", [ANY, *FORMATS], ids=lambda form: form.name)
def test_no_name_of_a_column_stands_for_two_fields(form: Format) -> None:
    names = [name for known in names_of(form).values() for name in known]
    assert {name for name in names if names.count(name) > 1} == set()
    assert all(plain(name) == name for name in names)


def test_what_is_refused_says_which_product_it_is_about() -> None:
    made = plan(["sku", "title", "price"], Options())
    read = made.read([
        Record(2, {"sku": " k-1", "title": "Kettle", "price": "free"}), Record(3, {"sku": "k-2", "title": ""}),
        Record(4, {"sku": "", "title": "Pot"}),
    ])  # fmt: skip
    assert [line.identity for _, line in read if isinstance(line, Unreadable)] == ["k-1", "k-2", None]
