"""Prices and quantities as people and programs write them."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.files.cells import Refused
from recomengine.files.numbers import Amount, currency_named, decimal_mark, read_amount, read_price, read_whole

PRICES = {
    "7": "7", "7.5": "7.5", "1024.99": "1024.99", "31,40": "31.40", "2.048,15": "2048.15", "2,048.15": "2048.15",
    "2 048,15": "2048.15", "2\u00a0048,15": "2048.15", "2\u202f048,15": "2048.15", "2'048.15": "2048.15",
    "2’048.15": "2048.15", "3.500.000": "3500000", "3,500,000": "3500000", "3,50,000.25": "350000.25",
    "18.5000": "18.50", "0,5": "0.5", ".75": "0.75", "64,-": "64", "64:-": "64", "1.799,-": "1799", "64.–": "64",
    "6.2e1": "62", "8.110000000000001": "8.11", "0.30000000000000004": "0.30", "19.999999999999996": "20",
}  # fmt: skip


@pytest.mark.parametrize(("cell", "price"), PRICES.items())
def test_a_price_is_read_whatever_its_marks(cell: str, price: str) -> None:
    assert read_price(cell) == (Decimal(price), None)


@pytest.mark.parametrize(
    ("cell", "currency"),
    [
        ("31.40 USD", "USD"), ("USD 31.40", "USD"), ("31,40€", "EUR"), ("€31.40", "EUR"), ("31,40 Eur", "EUR"),
        ("£31.40", "GBP"), ("31,40 zł", "PLN"), ("31,40 Kč", "CZK"), ("CHF 31.40", "CHF"), ("US$31.40", "USD"),
        ("R$ 31,40", "BRL"), ("$31.40", None), ("31,40 kr", None), ("kr. 31,40", None), ("Rs.31.40", None),
        ("€ 31,40 EUR", "EUR"),
    ],
)  # fmt: skip
def test_a_currency_beside_a_price_is_read_where_it_names_one(cell: str, currency: str | None) -> None:
    assert read_price(cell) == (Decimal("31.40"), currency)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("gratis", "expected a number such as 12.50, got 'gratis'"), ("15%", "got '15%'"), ("", "got ''"),
        ("4 pcs", "got '4 pcs'"), ("from 12.00", "got 'from 12.00'"), ("12.00 - 15.00", "got '12.00 - 15.00'"),
        ("12 EUR USD", "got '12 EUR USD'"), ("EUR 12 USD", "expected one currency"), ("1.2.3", "got '1.2.3'"),
        ("12 50", "got '12 50'"), ("12,50,30", "got '12,50,30'"), ("nan", "got 'nan'"), ("inf", "got 'inf'"),
        ("-3.10", "expected a price of 0 or more, got '-3.10'"), ("−€3.10", "0 or more"),
        ("0.125", "at most 2 decimal places, got '0.125'"), ("1234,567", "at most 2 decimal places"),
        ("7.333333333333333", "at most 2 decimal places"), ("9" * 500, "of 500 characters"),
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused_in_words(cell: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        read_price(cell)
    assert words in str(refused.value)


@pytest.mark.parametrize("cell", ["1.249", "1,249", "12.500", "€ 12.500"])
def test_a_number_that_may_be_two_is_refused_unless_its_column_tells(cell: str) -> None:
    with pytest.raises(Refused, match="may be"):
        read_price(cell)
    comma, point = decimal_mark([cell, "89,90"]), decimal_mark([cell, "89.90"])
    thousands, decimals = (comma, point) if "." in cell else (point, comma)
    assert read_amount(cell, thousands).value in (1249, 12500)
    assert read_amount(cell, decimals).value in (Decimal("1.249"), Decimal("12.5"))


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["5", "1.249"], None), (["1.249,00"], ","), (["1,249.00", "7"], "."), (["7,5", "7.5"], None),
        (["3.500.000"], ","), (["much", "7,5"], ","), (["1 249,5"], ","), ([], None),
    ],
)  # fmt: skip
def test_a_columns_clear_numbers_tell_its_decimal_mark(cells: list[str], mark: str | None) -> None:
    assert decimal_mark(cells) == mark


@pytest.mark.parametrize(
    ("cell", "number"), [("4", 4), ("4.0", 4), ("4,00", 4), ("-6", -6), ("−6", -6), ("12 000", 12000)]
)
def test_a_whole_number_may_have_decimals_of_nothing(cell: str, number: int) -> None:
    assert read_whole(cell) == number


@pytest.mark.parametrize("cell", ["1.5", "a dozen", "4 boxes", "1e30", "9" * 500])
def test_what_is_no_whole_number_is_refused(cell: str) -> None:
    with pytest.raises(Refused, match="expected a"):
        read_whole(cell)


@pytest.mark.parametrize(
    ("text", "currency"), [("eur", "EUR"), ("€", "EUR"), ("$", None), ("EURO", "EUR"), ("x", None)]
)
def test_a_currency_is_known_by_code_and_sign(text: str, currency: str | None) -> None:
    assert currency_named(text) == currency


@given(st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100), st.sampled_from(["{:,.2f}", "{:.2f}"]))
def test_every_price_is_read_back_from_english_and_german_writing(price: Decimal, form: str) -> None:
    english = form.format(price)
    german = english.translate(str.maketrans(",.", ".,"))
    assert read_price(english) == read_price(german) == Amount(price, None)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(cell: str) -> None:
    with suppress(Refused):
        assert read_price(cell).value >= 0
