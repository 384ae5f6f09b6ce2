"""`python -m bench.quality.request SHOP_DIR`: what one recommendation costs a serving process, and where the time goes.

The shop's model is built in this process. Each request is a step of a session that the model has not seen: query string
in, JSON out, nothing cached; Redis and HTTP are left out. First the whole is timed, then each part. Results go to
bench/results/request.json.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from bench.quality.offline import as_histories, products_of
from bench.quality.split import Case, split
from bench.results import write_result
from recomengine.catalog.live import LiveCatalog
from recomengine.events.trail import TRAIL_LENGTH, Trail, parse_trail, trail_entry
from recomengine.models import shopper as moments
from recomengine.models.build import build_model
from recomengine.models.model import Model
from recomengine.recommendations import ranked, service
from recomengine.recommendations.schemas import parse_query
from recomengine.recommendations.served import Served
from recomengine.shop import TenantConfig
from recomengine.web.caller import Caller

REQUESTS = 3000
BUDGET_US = {"one recommendation": 400.0, "kernels": 150.0}
TENANT = UUID(int=1)
PARTS = {
    "parse the query": (service, "parse_query"), "parse the trail": (service, "parse_trail"),
    "join history and trail": (service, "look_up"), "context and seeds": (service, "moment"),
    "find, score, rank": (ranked, "rank"), "scores": (ranked, "shown_scores"),
    "lines with reasons": (service, "lines_of"), "the reply as JSON": (service, "reply"),
}  # fmt: skip
KERNELS = {"rank": (ranked, "rank"), "seeds": (moments, "seeds"), "purchases": (moments, "purchases")}


def main() -> None:
    folder = Path(sys.argv[1])
    train, cases = split(folder, "session_next", REQUESTS)
    model, catalog = _model_and_catalog(folder, train)
    requests = [_request(case) for case in cases if case.items]
    answer = _answering(model, catalog)
    whole = _medians(answer, requests, {})
    parts = _medians(answer, requests, PARTS)
    kernels = _medians(answer, requests, KERNELS)
    figures = {
        "shop": folder.name, "requests": len(requests), "products": catalog.size, "one recommendation": whole["all"],
        "kernels": round(sum(kernels[name] for name in KERNELS), 1), "parts": {name: parts[name] for name in PARTS},
        "budget_us": BUDGET_US,
    }  # fmt: skip
    print(figures)
    print(f"written to {write_result('request', figures)}")


def _model_and_catalog(folder: Path, train: Any) -> tuple[Model, LiveCatalog]:
    products = products_of(folder)
    catalog = LiveCatalog()
    catalog.apply([
        {
            "number": each["number"], "product_id": each["productId"], "name": each["name"],
            "category": each["category"], "available": True,
            "price": None if each["price"] is None else Decimal(str(each["price"])), "deleted_at": None,
            "further_categories": [], "image_url": None, "url": None, "currency": None, "created_at": datetime.now(UTC),
        }
        for each in products
    ])  # fmt: skip
    numbers = {each["productId"]: each["number"] for each in products}
    histories, _ = as_histories(train.sort_values("timestamp", kind="stable"), numbers)
    built = build_model(histories, products, len(products))
    return Model(built.arrays, built.stats | {"version": "bench", "throughMs": 0}), catalog


def _request(case: Case) -> tuple[bytes, list[bytes]]:
    """The query string and the entries of the trail, newest first, as Redis has them."""
    now_ms = int(time.time() * 1000)
    steps = list(zip(case.items, case.times, strict=True))[::-1][:TRAIL_LENGTH]
    trail = [trail_entry(Trail(now_ms, moment, "view", product, case.user)).encode() for product, moment in steps]
    return f"userId=s-{case.user}&sessionId={case.user}&limit=20".encode(), trail


def _answering(model: Model, catalog: LiveCatalog) -> Callable[[bytes, list[bytes]], bytes]:
    recommender = service.Recommender(None, None, None, None, None)  # type: ignore[arg-type]
    caller = Caller(TENANT, TENANT, "bench", "read", (), "active", TenantConfig(), str(TENANT))

    def answer(query_string: bytes, entries: list[bytes]) -> bytes:
        query = service.parse_query(query_string)  # type: ignore[attr-defined]
        served = Served((query,))
        known = service.Known(served, service.parse_trail(entries), [], [None])
        of = service._moment(query, catalog, model, known)
        made = recommender._compute(caller, query, catalog, model, of, "")
        return service.reply(caller, served, catalog, model, [made], hit=False)

    service.parse_query = parse_query  # type: ignore[attr-defined]
    assert service.parse_trail is parse_trail
    return answer


def _medians(
    answer: Callable[..., bytes], requests: list[tuple[bytes, list[bytes]]], parts: dict[str, tuple[Any, str]]
) -> dict[str, float]:
    """Median µs of a request: of all of it, and of the calls of each part."""
    spent = dict.fromkeys(parts, 0.0)
    kept = {name: getattr(*place) for name, place in parts.items()}

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*args, **named)
            finally:
                spent[name] += time.perf_counter() - started

        return run

    for name, (module, attribute) in parts.items():
        setattr(module, attribute, timed(name, kept[name]))
    rows = []
    try:
        for query_string, entries in requests:
            spent |= dict.fromkeys(parts, 0.0)
            started = time.perf_counter()
            answer(query_string, entries)
            rows.append([time.perf_counter() - started, *spent.values()])
    finally:
        for name, (module, attribute) in parts.items():
            setattr(module, attribute, kept[name])
    medians = np.median(np.array(rows), axis=0) * 1e6
    return dict(zip(["all", *parts], medians.round(1).tolist(), strict=True))


if __name__ == "__main__":
    main()
