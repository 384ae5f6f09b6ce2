"""`python -m bench.quality DIR… [--only SHOP[:PROTOCOL]] [--baselines FILE]`: every shop below DIR, every protocol.

For each: a new tenant of a private system, catalog and training events imported through HTTP, the model refreshed, and
each case asked with default settings. Results go to bench/results/quality.json. FILE holds, per shop and protocol,
`{"metric", "value", "method"}` of the figure to compare with. `lists` in a row is a digest of all lists: two runs that
give the same lists have the same.
"""

import argparse
import hashlib
import json
import time
import urllib.parse
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from bench.data import ndjson
from bench.quality.command import is_asked_for, parser_of, shops_below
from bench.quality.metrics import beyond_accuracy, one_case, summarise
from bench.quality.split import Case, protocols_of, read_catalog, split
from bench.results import write_result
from bench.server import Shop, System, running_system

HEADLINE = {"session_next": "MRR@20"}
SLICE = 200_000
LENGTH = 20


def main() -> None:
    options = _options()
    baselines = json.loads(options.baselines.read_text(encoding="utf-8")) if options.baselines else {}
    rows = []
    with running_system() as system:
        for shop in shops_below(options.dirs):
            for protocol in protocols_of(shop):
                if is_asked_for(options.only, shop, protocol):
                    rows.append(
                        measure(system, shop, protocol, baselines.get(shop.name, {}).get(protocol), options.max_cases)
                    )
                    print(_line(rows[-1]), flush=True)
    write_result("quality", {"rows": rows})


def _options() -> argparse.Namespace:
    parser = parser_of("Measure recommendation quality on shops.", max_cases=5000)
    parser.add_argument("--baselines", type=Path, help="JSON of figures to compare with")
    return parser.parse_args()


def measure(
    system: System, folder: Path, protocol: str, baseline: dict[str, Any] | None, max_cases: int
) -> dict[str, Any]:
    train, cases = split(folder, protocol, max_cases)
    shop = system.shop(f"{folder.name}-{protocol}")
    started = time.perf_counter()
    _upload(shop, "/api/v1/catalog/import", map(_product, read_catalog(folder).to_dict("records")))
    _upload(shop, "/api/v1/events/import", map(_event, train.to_dict("records")))
    imported = time.perf_counter()
    model = shop.refresh()
    built = time.perf_counter()
    answers = _ask_sessions(shop, cases) if protocol == "session_next" else _ask(shop, cases)
    asked = time.perf_counter()
    lists = [
        [p for p in dict.fromkeys(answer) if p not in case.exclude] for answer, case in zip(answers, cases, strict=True)
    ]
    figures = summarise([one_case(products, case.targets) for products, case in zip(lists, cases, strict=True)])
    metric = HEADLINE.get(protocol, "NDCG@10")
    row = {
        "shop": folder.name, "protocol": protocol, "metric": metric, "value": figures[metric], "figures": figures,
        "events": len(train), "import_s": round(imported - started, 1), "build_s": round(built - imported, 1),
        "ask_s": round(asked - built, 1), "short_lists": sum(len(products) < LENGTH for products in lists),
        "lists": hashlib.sha256(json.dumps(lists).encode()).hexdigest()[:16], "model": model,
    } | beyond_accuracy(lists, train.item_id.value_counts().to_dict(), len(read_catalog(folder)))  # fmt: skip
    if baseline:
        row |= {
            "baseline": baseline["value"],
            "method": baseline["method"],
            "ratio": round(figures[metric] / baseline["value"], 4),
        }
    return row


def _upload(shop: Shop, path: str, rows: Iterator[dict[str, Any]]) -> None:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == SLICE:
            _send(shop, path, part)
            part = []
    if part:
        _send(shop, path, part)


def _send(shop: Shop, path: str, rows: list[dict[str, Any]]) -> None:
    answer = shop.upload(path, ndjson(rows))
    if answer.get("rejected"):
        raise RuntimeError(f"{path} rejected {answer['rejected']} rows: {answer.get('errors', [])[:2]}")


def _product(row: dict[str, str]) -> dict[str, Any]:
    product: dict[str, Any] = {"productId": row["item_id"], "name": row["name"] or row["item_id"]}
    if row["category"]:
        product["category"] = row["category"]
    if row["price"]:
        product["price"] = max(0.0, round(float(row["price"]), 2))
    if row["attributes"]:
        product["attributes"] = json.loads(row["attributes"])
    return product


def _event(row: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "eventType": row["event_type"], "userId": row["user_id"], "productId": row["item_id"],
        "timestamp": int(row["timestamp"]),
    }  # fmt: skip
    if row.get("session_id"):
        event["sessionId"] = row["session_id"]
    known = {"price": float, "quantity": lambda value: int(float(value)), "order_id": str}
    names = {"order_id": "orderId"}
    metadata = {
        names.get(k, k): make(row[k]) for k, make in known.items() if k in row and row[k] != "" and not pd.isna(row[k])
    }
    if metadata:
        event["metadata"] = metadata
    return event


def _ask(shop: Shop, cases: list[Case]) -> list[list[str]]:
    answers: list[list[str]] = []
    for start in range(0, len(cases), 100):
        requests = [_query(case) for case in cases[start : start + 100]]
        replies = shop.call("POST", "/api/v1/recommendations/batch", {"requests": requests})["data"]
        answers += [[item["productId"] for item in reply["data"]] for reply in replies]
    return answers


def _query(case: Case) -> dict[str, Any]:
    query: dict[str, Any] = {"userId": case.user, "limit": LENGTH}
    if case.kind in ("fbt", "complete"):
        visitor = zlib.crc32(repr((case.user, case.items)).encode())
        query = {
            "userId": f"visitor-{visitor}", "limit": LENGTH, "productId": case.items[-50:],
            "context": "product" if case.kind == "fbt" else "cart",
        }  # fmt: skip
    if case.kind == "page_next":
        query |= {"productId": list(case.items), "context": "product"}
    if case.kind == "next_basket_new":
        query["excludePurchased"] = True
    return query


def _ask_sessions(shop: Shop, cases: list[Case]) -> list[list[str]]:
    """Replay each session click by click; a case is asked when all that it knows has been sent."""
    sessions: dict[str, list[int]] = {}
    for position, case in enumerate(cases):
        sessions.setdefault(case.user, []).append(position)
    answers: list[list[str]] = [[] for _ in cases]

    def replay(session: str) -> None:
        sent = 0
        for position in sorted(sessions[session], key=lambda p: len(cases[p].items)):
            case = cases[position]
            for product, moment in list(zip(case.items, case.times, strict=True))[sent:]:
                shop.call(
                    "POST",
                    "/api/v1/events",
                    {
                        "eventType": "view",
                        "userId": f"s-{session}",
                        "sessionId": session,
                        "productId": product,
                        "timestamp": moment,
                    },
                )
            sent = len(case.items)
            query = urllib.parse.urlencode({"userId": f"s-{session}", "sessionId": session, "limit": LENGTH})
            answers[position] = [
                item["productId"] for item in shop.call("GET", f"/api/v1/recommendations?{query}")["data"]
            ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(replay, sessions))
    return answers


def _line(row: dict[str, Any]) -> str:
    text = f"{row['shop']:14s} {row['protocol']:16s} {row['metric']:8s} {row['value']:.4f}"
    if "ratio" in row:
        text += f"  best single {row['baseline']:.4f} ({row['method']})  x{row['ratio']:.3f}"
    return f"{text}  import {row['import_s']} s, build {row['build_s']} s, ask {row['ask_s']} s"


if __name__ == "__main__":
    main()
