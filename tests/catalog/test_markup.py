"""Descriptions as text: mark-up is no words, and a text without any stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.catalog.markup import text_of, without_entities


@pytest.mark.parametrize(
    "text",
    ["", "Plain words.", "R&D, Q & A, a=1&copy=2", "I <3 tents", "5 < 6 > 4", "size x<y", "20 °C\u00a0dry\u200b", "<>",
     "a & b;"],
)  # fmt: skip
def test_a_text_without_mark_up_is_left_as_it_is(text: str) -> None:
    assert text_of(text) == text


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["Cs"])))
def test_no_text_without_mark_up_changes(text: str) -> None:
    assert text_of(text) == text


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ('<p style="color:red">Warm <b>wool</b></p>', "Warm wool"),
        ("<p>one</p><p>two</p>three<br/>four", "one two three four"),
        ("<li>Free</li><li>returns</li>", "Free returns"),
        ("water<strong>proof</strong> H<sub>2</sub>O", "waterproof H2O"),
        ("<style>.a{margin:0}</style>Wool<script>track('</p>')</script>", "Wool"),
        ("Wool<script type=x>never closed", "Wool"),
        ("<scripted>Wool</scripted>", "Wool"),
        ("Wool<!-- <b>old</b> text --> cap", "Wool cap"),
        ('<img alt="5 > 3 <b>photos</b>" src=a.jpg>Wool', "Wool"),
        ("<a href='x>y' title=\"a'b\">Wool</a>", "Wool"),
        ('<a href="x>Wool</a> cap', "Wool cap"),
        ('Wool cap <a href="https://shop.example/wo', "Wool cap"),
        ("<o:p>Wool</o:p><?xml version='1.0'?><!DOCTYPE html>cap", "Wool cap"),
        ("<![CDATA[<p>Wool</p>]]>", "Wool"),
        ("&lt;p class=&quot;x&quot;&gt;Wool &amp;amp; silk&lt;/p&gt;", "Wool & silk"),
        ("&amp;lt;p&amp;gt;Wool&amp;lt;/p&amp;gt;", "Wool"),
        ("M&uuml;tze&nbsp;aus Schur&shy;wolle &#8211; 5&#x20AC;", "Mütze aus Schurwolle – 5€"),
        ("A <b>bold</b> I <3 tents, 5 < 6", "A bold I <3 tents, 5 < 6"),
        ("<DIV><SPAN>Wool</SPAN></DIV>", "Wool"),
    ],
)  # fmt: skip
def test_of_mark_up_only_what_is_read_is_left(description: str, words: str) -> None:
    assert " ".join(text_of(description).split()) == words


@pytest.mark.parametrize(
    ("text", "plain"), [("A &gt; B", "A > B"), ("R&amp;D", "R&D"), ("&bogus; &#0;", "&bogus; \ufffd")]
)
def test_entities_are_read(text: str, plain: str) -> None:
    assert without_entities(text) == plain


PIECES = [
    "<a ",
    "<",
    ">",
    '"',
    "'",
    "=",
    "<!--",
    "-->",
    "<script",
    "</script>",
    "<![CDATA[",
    "&#x",
    "&amp;",
    ";",
    "b ",
    " ",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
def test_the_longest_description_is_read_to_its_end_however_broken_it_is(pieces: list[str]) -> None:
    """A few pieces over and over: a pattern that goes back and forth in them would not come to an end."""
    broken = ("".join(pieces) * 20_000)[:20_000]
    assert text_of("woolcap" + broken).startswith("woolcap")
