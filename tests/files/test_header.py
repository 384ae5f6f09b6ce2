"""Names of columns, and what is taken for what."""

import pytest

from recomengine.files.cells import plain
from recomengine.files.header import Header, currency_of, missing
from recomengine.files.plan import Options
from recomengine.web.problems import Invalid

NAMES = {"productId": ("productid", "sku", "id"), "name": ("name", "title"), "price": ("price",)}


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("Product_ID", "productid"), (" product id ", "productid"), ("product-id", "productid"), ("g:price", "price"),
        ("Body (HTML)", "body"), ("In stock?", "instock"), ("Price [EUR]", "price"), ("(none)", "none"),
        ("Größe", "größe"), ("Gro\u0308ße", plain("Größe")), ("ﬁt", "fit"),
    ],
)  # fmt: skip
def test_names_are_compared_without_case_blanks_and_signs(name: str, compared: str) -> None:
    assert plain(name) == compared.casefold()


@pytest.mark.parametrize(
    ("column", "currency"),
    [
        ("Price (EUR)", "EUR"), ("price_usd", "USD"), ("Preis €", "EUR"), ("Price [£]", "GBP"), ("price", None),
        ("Price (net)", None), ("unit-pcs", None), ("€", None), ("my price", None),
    ],
)  # fmt: skip
def test_a_columns_name_may_end_with_a_currency(column: str, currency: str | None) -> None:
    assert currency_of(column) == currency


def test_the_best_of_columns_that_mean_the_same_comes_first() -> None:
    header = Header(["ID", "Sku", "Title", "", "Price (EUR)"], NAMES, {})
    assert header.columns_of == {"productId": ["Sku", "ID"], "name": ["Title"], "price": ["Price (EUR)"]}
    assert header.blank == [""]


@pytest.mark.parametrize("mapped", [{"Label": "name"}, {"label": "Name"}, {" LABEL ": "name"}, {"Label": "NAME"}])
def test_a_column_is_taken_for_what_it_is_mapped_to(mapped: dict[str, str]) -> None:
    header = Header(["id", "Label", "title"], NAMES, mapped)
    assert header.columns_of["name"] == ["Label", "title"]


def test_a_column_may_be_ignored() -> None:
    header = Header(["id", "title", "Price"], NAMES, {"price": "ignore"})
    assert (header.ignored, "price" in header.columns_of) == (["Price"], False)


@pytest.mark.parametrize(
    ("mapped", "words"),
    [
        ({"Titel": "name"}, "there is no column Titel. Found: id, Label"),
        ({"Label": "heading"}, "there is no field heading that Label could be for. Expected one of name, price, "),
    ],
)
def test_a_map_of_what_is_not_there_is_refused(mapped: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        Header(["id", "Label"], NAMES, mapped)


@pytest.mark.parametrize(
    ("columns", "suspicion"),
    [
        (["id;title;price"], "separated by semicolons: try --separator ';'"),
        (["id\ttitle\tprice"], "separated by tabs: try --separator 'tab'"),
        (["id|title|price"], "separated by pipes: try --separator '|'"),
        (["id", "GrÃ¶ße"], "look misread"), (["i\0d\0", "n\0"], "look misread"), (["sku", "größe"], ""),
    ],
)  # fmt: skip
def test_what_lacks_a_column_is_refused_with_what_was_found_and_what_to_do(columns: list[str], suspicion: str) -> None:
    header = Header(columns, NAMES, {})
    told = missing({"the product's name": ("name", "title")}, header, Options()).detail
    assert told.startswith("The file has no column for the product's name (name, title …). Columns found: ")
    assert suspicion in told
    assert "--map '" in told


def test_a_long_header_is_told_in_part() -> None:
    header = Header([f"column {number}" for number in range(900)] + ["x" * 5000], NAMES, {})
    told = missing({"the product's name": ("name",)}, header, Options()).detail
    assert "column 29 and 871 more" in told
    assert len(told) < 1000
