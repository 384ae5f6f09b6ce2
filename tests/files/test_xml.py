"""XML feeds: items of any usual form as records, and none that can grow or reach outside."""

import json

import pytest

from recomengine.files.plan import Options
from recomengine.files.xml import MAX_DEPTH, NOT_WELL_FORMED
from recomengine.web.ndjson import MAX_LINE_BYTES, Unreadable
from recomengine.web.problems import Invalid, MalformedBody
from tests.support.plans import read_whole

RSS = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>My shop</title>
<item>
  <g:id>1</g:id><title>Short</title><g:title>Mug &amp; saucer</g:title>
  <g:price>9.50 EUR</g:price>
  <g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping>
  <g:additional_image_link>https://a.example/1.jpg</g:additional_image_link>
  <g:additional_image_link>https://a.example/2.jpg</g:additional_image_link>
  <description><![CDATA[<b>Blue</b> & white]]></description>
</item>
<item><g:id>2</g:id></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>My shop</title>
<entry><id>1</id><title>Mug</title><link href="https://a.example/1"/><category term="Cups"/></entry></feed>"""
OFFERS = """<shop><offers><offer id="1" available="true"><name>Mug</name></offer><offer id="2"/></offers></shop>"""


def records(
    text: str | bytes, step: int = 1 << 20, options: Options | None = None
) -> list[tuple[int, dict[str, object]]]:
    content = text.encode() if isinstance(text, str) else text
    return [(line, json.loads(record)) for line, record in read_whole("xml", content, options, step=step)]


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_items_of_rss_come_by_the_local_names_of_their_elements(step: int) -> None:
    pictures = ["https://a.example/1.jpg", "https://a.example/2.jpg"]
    assert records(RSS, step) == [
        (3, {
            "id": "1", "title": "Mug & saucer", "price": "9.50 EUR", "shipping.country": "DE",
            "shipping.price": "4 EUR", "additional_image_link": pictures, "description": "<b>Blue</b> & white",
        }),
        (11, {"id": "2"}),
    ]  # fmt: skip


def test_entries_of_atom_and_other_lists_of_products_are_read() -> None:
    assert records(ATOM) == [(2, {"id": "1", "title": "Mug", "link": "https://a.example/1", "category": "Cups"})]
    assert records(OFFERS) == [(1, {"id": "1", "available": "true", "name": "Mug"}), (1, {"id": "2"})]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ('<?xml version="1.0" encoding="windows-1252"?><a><item><name>Füße</name></item></a>'.encode("cp1252"), None),
        ("<a><item><name>Füße</name></item></a>".encode("utf-16"), None),
        ("<a><item><name>Füße</name></item></a>".encode("cp1252"), Options(encoding="windows-1252")),
    ],
)
def test_the_encoding_is_the_one_that_the_feed_or_its_sender_says(content: bytes, options: Options | None) -> None:
    assert records(content, options=options) == [(1, {"name": "Füße"})]


BOMB = """<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a><item><name>&c;</name></item></a>"""
REFUSED = [
    (BOMB, "declares an entity, b"),
    (
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a><item><name>&b;</name></item></a>',
        "declares an entity",
    ),
    ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a><item><name>x</name></item></a>', "a document type elsewhere"),
    ('<!DOCTYPE a PUBLIC "-//X" "http://127.0.0.1:1/a.dtd"><a><item/></a>', "a document type elsewhere"),
    ("<a>" * (MAX_DEPTH + 1), "elements deep"),
    ("<a><item><name>&nbsp;</name></item></a>", NOT_WELL_FORMED[11]),
    ("<a><item><name>Bed & bath</name></item></a>", NOT_WELL_FORMED[4]),
    ("<a><item><name>x</item></a>", NOT_WELL_FORMED[7]),
    ("<a>\n<item><name>x</name></item>", f"beyond line 2. {NOT_WELL_FORMED[3]}"),
    ("<a b='" + "x" * (2 * MAX_LINE_BYTES), f"longer than {MAX_LINE_BYTES} bytes"),
    ("<!--" + "x" * (2 * MAX_LINE_BYTES), f"longer than {MAX_LINE_BYTES} bytes"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[why[:20] for _, why in REFUSED])
def test_what_could_grow_reach_outside_or_is_no_xml_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        records(text, step=1 << 16)
    assert why in refused.value.detail


def test_a_feed_without_items_is_refused_by_what_it_holds() -> None:
    with pytest.raises(Invalid, match="got none of them in html"):
        records("<html><body>Not found</body></html>")


def test_an_item_that_is_too_long_is_told_and_the_next_is_read() -> None:
    content = f"<a><item><name>{'x' * 2 * MAX_LINE_BYTES}</name></item>\n<item><name>b</name></item></a>".encode()
    (first, why), (second, item) = read_whole("xml", content, step=1 << 16)
    assert (first, second, json.loads(item)) == (1, 2, {"name": "b"})
    assert isinstance(why, Unreadable)
