"""The replay: some cases of the backtest that are kept to be looked at, each with the list that it would have got.

A case's list is ranked by weights that have not seen it (blend.py: Learned.halves), so how often the lists are right
is what the backtest found, and not what was learned by heart. The cases are spread evenly over all there are, which
come in a random order that repeats. It costs a build the ranking of KEPT cases a context, whose candidates and features
are there already.
"""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32
from recomengine.events.identity import shopper_digest
from recomengine.models.arrays import Arrays
from recomengine.models.blend import Floats, Lists, scores
from recomengine.models.cases import Case

KEPT = 75
"""Cases of a context."""
OFFERED = 10
DONE = 12
"""Of what a shopper had done, the newest."""
REPLAY = "replay"


class HeldBack(msgspec.Struct, frozen=True, array_like=True):
    """Products by number. on_page: those of the page. done: (product, code of the event's type), the newest first.
    bestsellers: whether the most popular products would have been right."""

    context: str
    user_id: str
    on_page: list[int]
    done: list[tuple[int, int]]
    offered: list[int]
    taken: list[int]
    bestsellers: bool

    @property
    def right(self) -> bool:
        return not set(self.taken).isdisjoint(self.offered)


class Described(Protocol):
    @property
    def lists(self) -> Lists: ...
    @property
    def cases(self) -> list[Case]: ...
    @property
    def candidates(self) -> list[Int32]: ...


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[HeldBack]).decode


def held_back(
    context: str, found: Described, halves: tuple[Floats, Floats], users: Sequence[str], popular: Int32
) -> list[HeldBack]:
    """Up to KEPT of these cases. users: by number; popular: products, the most popular first."""
    count = len(found.cases)
    middle, starts, kept = count // 2, found.lists.starts, []
    for at in np.unique(np.linspace(0, count - 1, KEPT).astype(int)).tolist() if count else ():
        case, candidates = found.cases[at], found.candidates[at]
        features = found.lists.features[starts[at] : starts[at] + len(candidates)]
        best = np.argsort(-scores(features, halves[int(at >= middle)]), kind="stable")[:OFFERED]
        shopper = case.moment.shopper
        bought = shopper.purchased if context == "home_new" else case.moment.on_page
        kept.append(
            HeldBack(
                context, users[case.user], case.moment.on_page.tolist(),
                list(zip(shopper.items[:DONE].tolist(), shopper.types[:DONE].tolist(), strict=True)),
                candidates[best].tolist(), case.targets.tolist(),
                bool(np.isin(_first(popular, bought), case.targets).any()),
            )
        )  # fmt: skip
    return kept


def _first(popular: Int32, excluded: Int32) -> Int32:
    head = popular[: OFFERED + len(excluded)]
    return head[~np.isin(head, excluded)][:OFFERED]


def packed(replay: Sequence[HeldBack]) -> NDArray[np.uint8]:
    """As it lies in a model's directory."""
    return np.frombuffer(_encode(list(replay)), np.uint8)


def replay_of(arrays: Arrays, tenant_id: UUID, erased: Collection[bytes]) -> list[HeldBack]:
    """A model's, without the shoppers with these digests; empty of a model from before there was one."""
    if REPLAY not in arrays:
        return []
    return [
        case
        for case in _decode(arrays[REPLAY].tobytes())
        if not erased or shopper_digest(tenant_id.bytes, case.user_id) not in erased
    ]
