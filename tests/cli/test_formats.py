"""`recomengine import` of files as other systems write them, from their bytes to what is stored and said."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.commands import Command
from tests.support.databases import fetch

ITEMS = (
    "SELECT product_id, name, price, currency, category, available FROM catalog_items WHERE tenant_id = $1 ORDER BY 1"
)
EVENTS = (
    "SELECT event_type, user_id, product_id, timestamp, metadata FROM events WHERE tenant_id = $1 ORDER BY timestamp, 3"
)


def stored(database: str, tenant: str, query: str) -> list[Any]:
    return [tuple(row) for row in asyncio.run(fetch(database, query, UUID(tenant)))]


SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Published,Option1 Name,Option1 Value,Variant SKU,\
Variant Inventory Qty,Variant Price,Image Src,Status
kite,Kite,"<p>Flies,
far</p>",Winds,Toy,TRUE,Tail,Long,K-L,0,21.00,https://kites.example/l.jpg,active
kite,,,,,,,Short,K-S,4,19.00,,
reel,Reel,,Winds,Part,FALSE,Title,Default Title,R,9,7.00,,active
"""
FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Kites</title>
<item><g:id>01</g:id><title>Kite</title><g:price>21.00 EUR</g:price><g:sale_price>19.00 EUR</g:sale_price>
  <g:availability>in_stock</g:availability><g:product_type>Toys &gt; Kites</g:product_type></item>
<item><g:id>02</g:id><title>Reel</title><g:price>7.00 EUR</g:price><g:availability>out of stock</g:availability></item>
</channel></rss>
"""
SHEET = """Artikelnummer;Bezeichnung;Preis;Kategorie
01;Drachen;1.019,00;Spiel/Drachen
02;Spule;1.007;Spiel
"""


@pytest.mark.parametrize(
    ("name", "text", "flags", "rows", "said"),
    [
        (
            "export.csv", SHOPIFY, [],
            [("kite", "Kite", "19.00", None, "Toy", True), ("reel", "Reel", "7.00", None, "Part", False)],
            ["Read as Shopify's product export.", "3 rows were read as 2 products.", "Variant Price → price"],
        ),
        (
            "feed.xml", FEED, ["--format", "google"],
            [("01", "Kite", "19.00", "EUR", "Toys > Kites", True), ("02", "Reel", "7.00", "EUR", None, False)],
            ["Read as a Google Merchant Center feed.", "product_type → category"],
        ),
        (
            "sheet.csv", SHEET, ["--category-separator", "/"],
            [("01", "Drachen", "1019.00", None, "Spiel > Drachen", True),
             ("02", "Spule", "1007.00", None, "Spiel", True)],
            ["Bezeichnung → name", "Preis → price"],
        ),
    ],
)  # fmt: skip
def test_products_are_stored_as_they_are_meant(
    command: Command, tenant: str, database: str, tmp_path: Path,
    name: str, text: str, flags: list[str], rows: list[Any], said: list[str],
) -> None:  # fmt: skip
    (tmp_path / name).write_text(text, encoding="utf-8")

    ran = command("import", "catalog", str(tmp_path / name), "--tenant", tenant, *flags)

    assert ran.code == 0, ran.err
    assert [(i, n, str(p), *rest) for i, n, p, *rest in stored(database, tenant, ITEMS)] == rows
    assert [words for words in said if words not in ran.err] == []


def test_order_lines_and_what_came_back_are_stored_as_they_are_meant(
    command: Command, tenant: str, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "invoices.csv"
    file.write_text(
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
        '9001,KITE,3.0,04.03.2021 12:00,"19,00",17.0\nC9002,KITE,-1,05.03.2021 9:30,"19,00",17\n9003,REEL,1,,,\n'
    )

    ran = command("import", "events", str(file), "--tenant", tenant)

    assert [(kind, who, what) for kind, who, what, *_ in stored(database, tenant, EVENTS)] == [
        ("purchase", "17", "KITE"), ("return", "17", "KITE"),
    ]  # fmt: skip
    assert json.loads(stored(database, tenant, EVENTS)[1][4])["quantity"] == 1
    assert "line 4: CustomerID: expected the shopper's id, the cell is empty." in ran.err
    assert "credit note (C before the number): 1." in ran.err


@pytest.mark.parametrize(
    ("kind", "header", "words"),
    [
        ("catalog", "colour,weight", "Columns found: colour, weight."),
        ("events", "Typ,Wer", "Columns found: Typ, Wer."),
        ("catalog", "sku,price", "--map 'COLUMN=name'"),
    ],
)  # fmt: skip
def test_a_file_without_a_needed_column_is_refused_in_one_sentence_and_stores_nothing(
    command: Command, tenant: str, database: str, tmp_path: Path, kind: str, header: str, words: str
) -> None:
    file = tmp_path / "table.csv"
    file.write_text(f"{header}\n1,2\n3,4\n")

    ran = command("import", kind, str(file), "--tenant", tenant)

    assert ran.code == 1
    assert words in ran.err
    assert ran.err.count("no column for") == 1
    assert stored(database, tenant, ITEMS) == stored(database, tenant, EVENTS) == []
