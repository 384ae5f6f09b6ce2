"""Kinds of text that stand in many bodies.

`$(?!\\n)`: Python's `$` alone also matches before a last line break.
"""

from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)")]
"""A name that a client gives to something: any characters but control characters."""
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
PLAIN = r"^[^\x00]*$"
"""Text without U+0000, which PostgreSQL cannot hold. For the document alone: the checks say more of what is wrong."""
Link = Annotated[str, Meta(max_length=2048, pattern=r"^(https?://|/)[^\s\x00-\x1f\x7f-\x9f]*$(?!\n)")]
