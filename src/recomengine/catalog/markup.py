"""Descriptions as text: what a shopper reads of them, without tags, scripts, styles, comments and entities.

A text without mark-up is left as it is, to the byte. Each pattern below ends where it fails at the next `<` or `>`, or
takes all that is left, so the cost is that of one walk through the text, whatever is in it.
"""

import html
import re

ROUNDS = 3
"""Rounds: for mark-up as it is, escaped, and escaped twice."""
_HIDDEN = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|(script|style|noscript|template)(?=[\s/>]).*?(?:</\1\s*>|\Z)|!\[CDATA\[)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTES = r"""(?:[^<>"']++|"[^"<>]*+"|'[^'<>]*+')*+"""
_LETTERS = re.compile(
    rf"</?(?:b|strong|i|em|u|s|del|ins|sub|sup|small|big|mark|font|wbr)(?=[\s/>]){_ATTRIBUTES}>", re.IGNORECASE
)
"""Tags that change how letters look, also within a word; all others stand between words."""
_TAG = re.compile(rf"<(?:/?[a-z]{_ATTRIBUTES}|[!?][^<>]*+)>", re.IGNORECASE)
_VALUE = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+')""")
_BROKEN = re.compile(r"<(?:[/!?]?[a-z][^<>]*+>|[a-z][\w:-]*+\s++[a-z][\w:-]*+\s*+=[^<>]*+)", re.IGNORECASE)
"""A tag with a quote that does not close, or that does not close itself because the text was cut there."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
"""Where a word may be broken, and what joins: no part of the word."""


def text_of(description: str) -> str:
    """What is to be read. Mark-up that was escaped as a whole, as some feeds have it, is mark-up all the same."""
    text, before = description, ""
    for _ in range(ROUNDS):
        if text == before or ("<" not in text and "&" not in text):
            break
        before, text = text, without_entities(_without_tags(text))
    return text if text == description else _INVISIBLE.sub("", text)


def without_entities(text: str) -> str:
    """`&gt;` as >; only whole ones, so that R&D and a=1&copy=2 stay."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _TAG.sub(" ", _LETTERS.sub("", _HIDDEN.sub(" ", text).replace("]]>", " ")))
    if _BROKEN.search(text) is None:
        return text
    return _BROKEN.sub(" ", _TAG.sub(" ", _VALUE.sub("=", text)))
