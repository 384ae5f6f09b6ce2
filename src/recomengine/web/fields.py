"""Kinds of text that stand in many bodies.

`$(?!\\n)`: Python's `$` alone also matches before a last line break.
"""

from typing import Annotated

from msgspec import Meta

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)"
Title = Annotated[
    str,
    Meta(
        min_length=1, max_length=200, pattern=ONE_LINE,
        extra={"expected": "text of 1 to 200 characters, none of them a control character"},
    ),
]  # fmt: skip
"""What people call something: a key, a tenant, an experiment."""
Id = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=ONE_LINE,
        extra={"expected": "an id of 1 to 128 characters, none of them a control character"},
    ),
]
"""A name that a client gives to something: any characters but control characters."""
PLAIN = r"^[^\x00]*$"
"""Text without U+0000, which PostgreSQL cannot hold. For the document alone: the checks say more of what is wrong."""
_GAP = r"\s\x00-\x1f\x7f-\x9f"
_REST = rf"([^{_GAP}]| )*"
_LINK = rf"^ *((https?:)?//[^/\\?#{_GAP}]+( *|[/?#]{_REST})|/([^/\\{_GAP}]{_REST})?)$(?!\n)"
Link = Annotated[
    str,
    Meta(
        max_length=2048, pattern=_LINK,
        extra={"expected": "a link of at most 2048 characters, such as https://shop.example/a.jpg or /a.jpg"},
    ),
]  # fmt: skip
"""An address, or a path of the shop's own. `/\\host` looks like a path, and browsers read it as an address."""
