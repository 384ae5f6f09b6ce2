"""The lines of a list: each product with its score, and why it is there, in words for the shopper."""

from collections.abc import Sequence

import msgspec

from recomengine.catalog.live import LiveCatalog
from recomengine.models.histories import PURCHASE
from recomengine.models.model import Model
from recomengine.models.shopper import PAGES, Shopper
from recomengine.models.sources import POPULAR, SEEDED, Before, EvidenceKind, Own
from recomengine.recommendations.figures import figures_of
from recomengine.recommendations.ranked import Ranked
from recomengine.recommendations.schemas import Evidence

_encode_lines = msgspec.json.Encoder().encode_lines
UNRANKED = "In this shop's catalog"
"""The reason where there is no model yet, and nothing is known of any product."""
NEWCOMER = "New in this shop"
"""The reason of a product that nobody had to do with yet, where its place is an estimate."""


class Said(msgspec.Struct, frozen=True):
    """What an answer says of a product beside what the catalog has."""

    score: float
    reason: str
    evidence: Evidence


class Line(msgspec.Struct, frozen=True, array_like=True):
    """said: the members of `Said` as JSON without braces, which each answer that has the line takes over."""

    product_id: str
    said: bytes


def as_lines(product_ids: Sequence[str], said: Sequence[Said]) -> list[Line]:
    members = _encode_lines(said).splitlines()  # JSON has no line break of its own
    return [Line(product_id, each[1:-1]) for product_id, each in zip(product_ids, members, strict=True)]


def lines_of(ranked: Ranked, catalog: LiveCatalog, model: Model | None, context: str, shopper: Shopper) -> list[Line]:
    """context: of the moment that the list was ranked for."""
    did: dict[int, int] = dict(zip(shopper.items.tolist(), shopper.types.tolist(), strict=True))
    ids, names, size = catalog.ids, catalog.names, catalog.size
    newcomers = model.newcomers if model else ()
    said, figures = [], figures_of(ranked, model, shopper)
    for product, score, source, seed, figure in zip(*ranked, figures, strict=True):
        kind, form = source.kind, type(source.form)
        seeded = form in SEEDED and 0 <= seed < size
        if model is None:
            reason = UNRANKED
        elif kind is POPULAR and product in newcomers:
            reason = NEWCOMER
        else:
            where = "" if form is Before else context
            reason = reason_of(kind, where, names[seed] if seeded else None, did.get(seed))
        because = (ids[seed],) if seeded else (ids[product],) if form is Own else ()
        said.append(Said(round(score, 6), reason, Evidence(kind.name, because, *figure)))
    return as_lines([ids[product] for product in ranked.products], said)


def reason_of(kind: EvidenceKind, context: str, seed_name: str | None, seed_type: int | None) -> str:
    """A sentence for the shopper. seed_name: none where the evidence started from no product; seed_type: what the
    shopper did with it last.
    """
    if seed_name is None:
        return POPULAR.reason if "{seed}" in kind.reason else kind.reason
    words = kind.reason
    if kind.on_page and context in PAGES:
        words = kind.on_page
    elif kind.bought and seed_type == PURCHASE:
        words = kind.bought
    return words.replace("{seed}", seed_name)
