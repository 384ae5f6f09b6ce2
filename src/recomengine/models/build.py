"""Events and catalog to a model's arrays: the whole of a build that is arithmetic, without SQL and files.

Every figure is relative to the tenant's newest event, so a history of years ago builds the same model as a live one.
"""

import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import orjson

from recomengine._core.csr import CSR
from recomengine._core.strings import build_string_table
from recomengine.catalog.categories import CategoryCodes
from recomengine.models.arrays import Arrays, csr, put_csr
from recomengine.models.backtest import Backtest, Shelf, backtest
from recomengine.models.content import build_content, categories_of, content_table
from recomengine.models.encoder import put_encoder, put_near
from recomengine.models.encoder_trial import BEFORE, NEVER_TRIED, FormerTrial, learned_from_all
from recomengine.models.evidence import Begin, build_evidence, ignore
from recomengine.models.held_back import REPLAY, packed
from recomengine.models.histories import Histories, newest_per_user
from recomengine.models.rebuying import again_shares
from recomengine.models.sources import ENCODER, KIND_OF_STRATEGY

HISTORY_LENGTH = 200
CONTENT_FIELDS = ("number", "name", "category", "brand", "description", "attributes", "further_categories")
CONTENT_ARRAYS = (
    "terms.offsets", "terms.data", "terms.slots", "terms.idf", "vectors.indptr", "vectors.indices", "vectors.data",
)  # fmt: skip


class Built(NamedTuple):
    arrays: Arrays
    stats: dict[str, Any]


class Former(NamedTuple):
    """What a former build leaves to take over: what it learned, and the arrays of its content where the products are
    still the same. trial: of the encoder, where it is to be tried anew.
    """

    learned: Backtest | None
    content: Arrays
    content_digest: str
    trial: FormerTrial = NEVER_TRIED


NOTHING_FORMER = Former(None, {}, "")


def build_model(
    histories: Histories,
    products: Sequence[Mapping[str, Any]],
    n_items: int,
    former: Former = NOTHING_FORMER,
    begin: Begin = ignore,
) -> Built:
    """All arrays of a model (named as the files are), and what the manifest says of them. n_items: product numbers in
    use.
    """
    started = time.perf_counter()
    arrays: Arrays = {}
    begin("content")
    digest = content_digest(products, n_items)
    content = (
        _take_content(arrays, former.content)
        if digest == former.content_digest
        else _put_content(arrays, products, n_items)
    )
    learned, shelf = former.learned, shelf_of(products, n_items)
    content_s = time.perf_counter() - started
    if learned is None:
        begin("backtest")
        learned = backtest(histories, content, shelf, former.trial)
    backtest_s = time.perf_counter() - started - content_s
    evidence, seconds = build_evidence(histories, content, n_items, begin, learned.following)
    arrays |= evidence
    begin("encoder")
    learned, seconds["encoder"] = _put_encoders(arrays, histories, learned)
    arrays["item_again"] = again_shares(histories, shelf.categories)
    _put_strings(arrays, "users", histories.users)
    _put_history(arrays, histories)
    arrays[REPLAY] = packed(learned.replay)
    for context, weights in learned.weights.items():
        arrays[f"weights.{context}"] = weights
    seconds = {"content": round(content_s, 3), "backtest": round(backtest_s, 3), **seconds}
    return Built(arrays, _stats(histories, len(products), n_items, learned, seconds) | {"contentDigest": digest})


def shelf_of(products: Sequence[Mapping[str, Any]], n_items: int) -> Shelf:
    """The products of the backtest: all that are there, whether or not they can be bought today."""
    shelf = Shelf(np.zeros(n_items, np.uint8), np.full(n_items, -1, np.int64), np.full(n_items, -1, np.int32))
    codes = CategoryCodes()
    for product in products:
        number = product["number"]
        shelf.available[number] = 1
        if product["price"] is not None:
            shelf.price_cents[number] = round(product["price"] * 100)
        shelf.categories[number] = codes.code(categories_of(product))
    return shelf._replace(paths=codes.paths)


def _stats(
    histories: Histories, products: int, n_items: int, learned: Backtest, seconds: dict[str, float]
) -> dict[str, Any]:
    return {
        "events": len(histories.items), "users": len(histories.users), "items": products, "numbers": n_items,
        "newestMs": histories.newest_ms, "repeatShare": round(learned.repeat_share, 4), "singles": learned.singles,
        "strategies": by_strategy(learned), "contexts": learned.report, "seconds": seconds,
        "settings": {"sequence": learned.following._asdict()},
        "encoder": learned.encoder.verdict,
    }  # fmt: skip


def by_strategy(learned: Backtest) -> dict[str, dict[str, Any]]:
    """What the backtest says of each strategy in each context that had cases: its figure, and the source it is answered
    from.
    """
    found: dict[str, dict[str, Any]] = {strategy: {} for strategy in ("auto", *KIND_OF_STRATEGY)}
    for context, report in learned.report.items():
        if "sources" not in report:
            continue
        chosen = report["chosen"]
        found["auto"][context] = (report["blend"] if chosen == "blend" else report["sources"][chosen]) | {
            "source": chosen
        }
        for strategy, kind in KIND_OF_STRATEGY.items():
            if (source := learned.singles[context].get(kind.name)) is not None:
                found[strategy][context] = report["sources"][source] | {"source": source}
    return found


def _put_history(arrays: Arrays, histories: Histories) -> None:
    indptr, kept = newest_per_user(histories, HISTORY_LENGTH)
    arrays["history.indptr"] = indptr
    arrays["history.items"], arrays["history.kinds"] = histories.items[kept], histories.types[kept]
    arrays["history.times"], arrays["history.groups"] = histories.times_ms[kept], histories.groups[kept]


def content_digest(products: Sequence[Mapping[str, Any]], n_items: int) -> str:
    """Of all that content is made from. Prices and stock, which change often, are no part of it."""
    digest = blake2b(b"%d" % n_items, digest_size=16)
    for product in products:
        digest.update(orjson.dumps([product.get(name) for name in CONTENT_FIELDS]))
    return digest.hexdigest()


def _take_content(arrays: Arrays, former: Arrays) -> CSR:
    arrays |= {name: former[name] for name in CONTENT_ARRAYS}
    return csr(former, "content")


def _put_content(arrays: Arrays, products: Sequence[Mapping[str, Any]], n_items: int) -> CSR:
    content = build_content(products, n_items)
    _put_strings(arrays, "terms", content.terms)
    arrays["terms.idf"] = content.idf
    put_csr(arrays, "vectors", content.vectors)
    return content_table(content, n_items)


def _put_encoders(arrays: Arrays, histories: Histories, learned: Backtest) -> tuple[Backtest, float]:
    """`learned` with the encoder that is served, where the shop gains by one, and seconds."""
    started = time.perf_counter()
    tried = learned_from_all(histories, learned.encoder)
    for name, encoder in ((BEFORE, tried.before), (ENCODER, tried.served)):
        if encoder is not None:
            put_encoder(arrays, name, encoder)
    if tried.near is not None:
        put_near(arrays, ENCODER, tried.near)
    return learned._replace(encoder=tried), round(time.perf_counter() - started, 3)


def _put_strings(arrays: Arrays, name: str, strings: Sequence[str]) -> None:
    offsets, data, slots = build_string_table(strings)
    arrays[f"{name}.offsets"], arrays[f"{name}.data"], arrays[f"{name}.slots"] = offsets, data, slots
