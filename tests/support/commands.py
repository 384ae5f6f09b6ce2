"""A command of the program, and what it did."""

from collections.abc import Callable
from typing import NamedTuple


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Ran]
