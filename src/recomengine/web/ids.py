"""Ids of requests and lists: 128 random bits of a generator that the system seeds once a process. One costs no system
call, as one of uuid4 does.
"""

from random import Random

_bits = Random().getrandbits


def new_id() -> str:
    """32 hexadecimal digits. No secret: who sees enough of them can tell the next ones."""
    return f"{_bits(128):032x}"
