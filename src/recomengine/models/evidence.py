"""The evidence of a model, put together from the table of its sources: built as arrays, checked, and made what serving
reads.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR, Float32, Int32
from recomengine._core.encoder import Encoder
from recomengine._core.ranking import Ranker
from recomengine._core.sources import Neighbours, Sequences, Source, encoded, own, ranking, sessions, table
from recomengine.models.arrays import Arrays, csr, put_csr
from recomengine.models.encoder import encoder_in, near_in
from recomengine.models.following import FOLLOWING, NEAR, Following, as_array
from recomengine.models.grouping import Grouped
from recomengine.models.histories import Histories
from recomengine.models.rankings import descending, popularity
from recomengine.models.shopper import BEFORE
from recomengine.models.sources import (
    ENCODER,
    INDEXES,
    PARTS,
    PLACE,
    RANKINGS,
    SOURCES,
    TABLES,
    Before,
    Encoded,
    EvidenceSource,
    Index,
    Ranking,
    Table,
)

MAX_RANKING = 1000
INDEX_PARTS = ("indptr", "items", "at", "where", "idf")
NO_RANKING = np.empty(0, np.int32), np.empty(0, np.float32)

Begin = Callable[[str], None]
"""Is told each part of a build when it begins."""


def ignore(_part: str) -> None:
    """Where nobody asks how far a build is."""


def build_evidence(
    histories: Histories, content: CSR, n_items: int, begin: Begin = ignore, following: Following = NEAR
) -> tuple[Arrays, dict[str, float]]:
    """(arrays, seconds of each part) for `n_items` product numbers; content: items × items, as `content_table` makes
    it.
    """
    arrays: Arrays = {FOLLOWING: as_array(following)}
    seconds: dict[str, float] = {}
    for part in PARTS:
        begin(part)
        started = time.perf_counter()
        _put_part(arrays, part, Grouped(histories, n_items, following=following))
        seconds[part] = round(time.perf_counter() - started, 3)
    put_csr(arrays, "content", content)
    return arrays, seconds


def _put_part(arrays: Arrays, part: str, shop: Grouped) -> None:
    for source in SOURCES:
        if source.part == part:
            _put(arrays, source, shop)
    if part == "rankings":
        arrays["fallback.items"] = descending(popularity(shop.counts, shop.size))
        arrays["item_features"] = shop.figures.of_items
        arrays["item_shoppers"] = shop.counts.shoppers(shop.size)


def _put(arrays: Arrays, source: EvidenceSource, shop: Grouped) -> None:
    match source.form:
        case Table(build=build) if build is not None:
            put_csr(arrays, source.name, build(shop))
        case Index(name=name, build=build):
            arrays |= {
                f"{name}.{part}": array for part, array in zip(INDEX_PARTS, shop.index(name, *build(shop)), strict=True)
            }
        case Ranking(build=build):
            scores = build(shop)
            items = descending(scores)[:MAX_RANKING]
            arrays[f"{source.name}.items"], arrays[f"{source.name}.scores"] = items, scores[items]


class Evidence(NamedTuple):
    """Evidence that sources read, by source: checked tables and sequences, rankings, (items, scores), and the encoder
    where the model has one.
    """

    tables: Mapping[str, Neighbours]
    sequences: Mapping[str, Sequences]
    rankings: Mapping[str, tuple[Int32, Float32]]
    encoder: Encoder | None = None


NOTHING = Evidence({}, {}, {})


def evidence_of(
    arrays: Mapping[str, NDArray[Any]], n_items: int, sources: Sequence[EvidenceSource] = SOURCES
) -> Evidence:
    """A model's own evidence of those `sources` that it was built with; checking it reads all of it, so do it once a
    model.
    """
    names = {source.name for source in sources}
    learned = encoder_in(arrays, ENCODER) if ENCODER in names else None
    return Evidence(
        {name: Neighbours(csr(arrays, name), n_items) for name in TABLES if name in names},
        {
            name: Sequences(*(arrays[f"{form.name}.{part}"] for part in INDEX_PARTS))
            for name, form in INDEXES.items()
            if name in names
        },
        {name: (arrays[f"{name}.items"], arrays[f"{name}.scores"]) for name in RANKINGS if name in names},
        None if learned is None else Encoder(*learned, near=near_in(arrays, ENCODER), n_items=n_items),
    )


def folded(shop: Grouped) -> Evidence:
    """The evidence of what came after a build, to stand beside the model's; shop: made with the model's arrays."""
    tables = {name: form.build(shop) for name, form in TABLES.items() if form.build is not None and form.folds}
    return Evidence(
        {name: Neighbours(matrix, shop.size) for name, matrix in tables.items() if len(matrix.data)},
        {name: Sequences(*shop.index(form.name, *form.build(shop))) for name, form in INDEXES.items()}, {},
    )  # fmt: skip


def make_ranker(arrays: Mapping[str, NDArray[Any]], n_items: int) -> Ranker:
    """The sources of a model's arrays alone."""
    return ranker_of(arrays["item_features"], evidence_of(arrays, n_items))


def ranker_of(item_features: Float32, *evidence: Evidence) -> Ranker:
    """The sources, in the order of SOURCES, over the evidence of a model and what is folded into it; of rankings the
    last one counts.
    """
    return Ranker([_joined(source, evidence) for source in SOURCES], item_features)


def _joined(source: EvidenceSource, evidence: Sequence[Evidence], later: int = 0) -> Source:
    """later: added to the number of its profile."""
    name, form = source.name, source.form
    match form:
        case Before(source=of):
            return _joined(SOURCES[PLACE[of]], evidence, BEFORE)
        case Table():
            return table([one.tables[name] for one in evidence if name in one.tables], form.profile + later)
        case Index():
            found = [one.sequences[name] for one in evidence if name in one.sequences]
            return sessions(
                found,
                form.profile + later,
                sample=form.sample,
                neighbours=form.neighbours,
                decay=form.decay,
                length=form.length,
                back=form.back,
            )
        case Ranking():
            return ranking(
                *next((one.rankings[name] for one in reversed(evidence) if name in one.rankings), NO_RANKING)
            )
        case Encoded():
            return encoded(next((one.encoder for one in evidence if one.encoder is not None), None))
        case _:
            return own()
