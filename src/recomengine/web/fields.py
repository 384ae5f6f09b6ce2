"""Kinds of text that stand in many bodies.

`$(?!\\n)`: Python's `$` alone also matches before a last line break.
"""

from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)")]
"""A name that a client gives to something: any characters but control characters."""
PLAIN = r"^[^\x00]*$"
"""Text without U+0000, which PostgreSQL cannot hold. For the document alone: the checks say more of what is wrong."""
_GAP = r"\s\x00-\x1f\x7f-\x9f"
_LINK = rf"^((https?:)?//[^/\\?#{_GAP}][^{_GAP}]*|/([^/\\{_GAP}][^{_GAP}]*)?)$(?!\n)"
Link = Annotated[str, Meta(max_length=2048, pattern=_LINK)]
"""An address, or a path of the shop's own. `/\\host` looks like a path, and browsers read it as an address."""
