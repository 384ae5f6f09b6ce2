"""Numbers as people and programs write them: prices with signs and words of currencies, marks of every country.

What stands before the decimals, a point or a comma, is decided for each number by itself: by grouping ("1.249,00"), by
two kinds of marks, by how many digits follow. "1.249" alone says neither 1249 nor 1.249; the other numbers of its
column may decide it, and else it is refused.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from recomengine.files.cells import Refused, shown

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND
VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
"""
CURRENCIES = frozenset(_CODES.split())
SIGNS: dict[str, str | None] = {
    "€": "EUR", "EURO": "EUR", "EUROS": "EUR", "£": "GBP", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "₽": "RUB",
    "₹": "INR",
    "₺": "TRY", "₴": "UAH", "₪": "ILS", "₩": "KRW", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP", "₸": "KZT",
    "R$": "BRL", "US$": "USD", "$US": "USD", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD",
    "HK$": "HKD", "S$": "SGD", "LEI": "RON", "ЛВ": "BGN", "SFR": "CHF", "FR": "CHF",
    "$": None, "KR": None, "¥": None, "RS": None, "DOLLARS": None,
}  # fmt: skip
"""The currency of each sign; None where several countries write it, so that it is the shop's own."""
MAX_CHARS = 60
NOISE = Decimal("0.000001")
"""A price nearer than this to whole cents is those cents: 5.0600000000000005 is what a program's arithmetic leaves."""

_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-", "’": "'"})
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]{1,9}")
_WRITTEN = re.compile(
    r"(?P<before>[^0-9+-]*?)(?P<sign>[+-]?)(?P<between>[^0-9+-]*?)"
    r"(?P<number>(?:(?<![^\W0-9_])[.,])?[0-9](?:[0-9., ']*[0-9])?)(?P<dash>[.,:] ?[-–—]{1,2})?(?P<after>[^0-9]*)"
)  # a mark behind a letter is the letter's: Rs.500; the dash is that of 12,- and 12:-
_SPACED = re.compile(r"[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]+)?")
_POINTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_COMMAED = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3}){2,}|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"
)
_SINGLE = re.compile(r"[0-9]*[.,][0-9]+|[0-9]+")
_UNCLEAR = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


class Amount(NamedTuple):
    value: Decimal
    currency: str | None


def decimal_mark(cells: Iterable[str]) -> str | None:
    """What stands before decimals in cells of one column, as those tell that are clear; None where none do, or they
    differ.
    """
    marks = {mark for cell in cells if (mark := _mark_of(cell)) is not None}
    return marks.pop() if len(marks) == 1 else None


def read_amount(cell: str, mark: str | None = None) -> Amount:
    """A number with the currency that stands beside it; `mark` as `decimal_mark` found it. Raises Refused."""
    if _PLAIN.fullmatch(cell):
        return Amount(Decimal(cell), None)
    if len(cell) <= MAX_CHARS and _EXPONENT.fullmatch(cell):
        return Amount(Decimal(cell), None)
    found = _written(cell)
    if found is None:
        raise Refused(f"expected a number such as 12.50, got {shown(cell)}")
    currency = _currency_of(found, cell)
    dash = found["dash"] or ""
    value = Decimal(_digits(found["number"], dash[0] if dash[:1] in (".", ",") else mark, cell))
    return Amount(-value if found["sign"] == "-" else value, currency)


def read_price(cell: str, mark: str | None = None) -> Amount:
    """An amount of money, exact to 2 places; raises Refused."""
    if _PLAIN.fullmatch(cell):
        return Amount(Decimal(cell), None)
    amount = read_amount(cell, mark)
    value = amount.value
    if value < 0:
        raise Refused(f"expected a price of 0 or more, got {shown(cell)}")
    if not value or value.adjusted() > 12:  # beyond every limit, which is told where it is checked
        return amount
    cents = round(value, 2)
    if abs(value - cents) >= NOISE:
        raise Refused(f"expected at most 2 decimal places, got {shown(cell)}. Round it")
    return Amount(cents, amount.currency)


def read_whole(cell: str, mark: str | None = None) -> int:
    """A whole number, which may be written 4.0; raises Refused."""
    if cell.isdecimal() and len(cell) < 10:
        return int(cell)
    value = read_amount(cell, mark).value
    if value.adjusted() > 18 or value != value.to_integral_value():
        raise Refused(f"expected a whole number, got {shown(cell)}")
    return int(value)


def currency_named(text: str) -> str | None:
    """The currency that a code or sign names: "EUR", "€"; None where it names none for sure."""
    word = text.strip().rstrip(".").upper()
    return word if word in CURRENCIES else SIGNS.get(word)


def _written(cell: str) -> re.Match[str] | None:
    return _WRITTEN.fullmatch(cell.translate(_ALIKE).strip()) if len(cell) <= MAX_CHARS else None


def _currency_of(found: re.Match[str], cell: str) -> str | None:
    parts = (found["before"], found["between"], found["after"])
    words = [word for part in parts if (word := part.strip().rstrip(".").upper())]
    if any(word not in CURRENCIES and word not in SIGNS for word in words):
        raise Refused(f"expected a number such as 12.50, alone or with a currency such as EUR, got {shown(cell)}")
    currencies = {currency for word in words if (currency := currency_named(word)) is not None}
    if len(currencies) > 1:
        raise Refused(f"expected one currency, got {shown(cell)}")
    return currencies.pop() if currencies else None


def _digits(number: str, mark: str | None, cell: str) -> str:
    """As Decimal takes them."""
    if _UNCLEAR.fullmatch(number):
        if mark is None:
            raise Refused(_unclear(number, cell))
        return number.replace(",", ".") if mark in number else re.sub(r"[.,]", "", number)
    if _SINGLE.fullmatch(number):
        return number.replace(",", ".")
    if _SPACED.fullmatch(number):
        return re.sub("[ ']", "", number).replace(",", ".")
    if _POINTED.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    if _COMMAED.fullmatch(number):
        return number.replace(",", "")
    raise Refused(f"expected a number such as 1249.00, got {shown(cell)}")


def _unclear(number: str, cell: str) -> str:
    whole = re.sub(r"[.,]", "", number)
    return (
        f"{shown(cell)} may be {whole} or {number.replace(',', '.')}, which is a third decimal place. "
        f"Write {whole}.00, or round it to 2 places"
    )


def _mark_of(cell: str) -> str | None:
    if _PLAIN.fullmatch(cell):
        return "." if "." in cell else None
    found = _written(cell)
    number = "" if found is None else found["number"]
    if _POINTED.fullmatch(number):
        return ","
    if _COMMAED.fullmatch(number):
        return "."
    if _UNCLEAR.fullmatch(number) or not (_SINGLE.fullmatch(number) or _SPACED.fullmatch(number)):
        return None
    return next((sign for sign in ".," if sign in number), None)
