"""How much is used of the time that is promised: a second until every process refuses a revoked key, keeps a changed
limit and offers a new product; ten seconds from SIGTERM to the end; a minute until the sample shop answers. The mark of
each share is 1.

`recomengine demo` with two serve processes; connections enough to reach both ask again until all have seen the change.
"""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

from bench.results import write_result
from bench.server import Shop, free_port, start

HOST = "127.0.0.1"
PROMISED_S = {"revoked_key": 1.0, "changed_limit": 1.0, "new_product": 1.0, "sigterm": 10.0, "demo": 60.0}
ROUNDS, CONNECTIONS = 10, 16
ADVICE = "/api/v1/recommendations?limit=100"
PERSON = {"email": "bench@example.com", "password": "correct horse battery"}


class Answer(NamedTuple):
    response: HTTPResponse
    body: bytes


def main() -> dict[str, Any]:
    data_dir = Path(tempfile.mkdtemp(prefix="recomengine-bench-"))
    data_dir.chmod(0o755)
    begun = time.perf_counter()
    process = start(data_dir, port := free_port(), 2, "demo")
    spent: dict[str, list[float]] = {name: [] for name in PROMISED_S}
    spent["demo"].append(time.perf_counter() - begun)
    try:
        signed_up = Shop(HOST, port, "", "none").call("POST", "/api/v1/auth/signup", PERSON)["data"]
        admin = Shop(HOST, port, "", signed_up["accessToken"])
        one_round(new_shop(admin), port, {name: [] for name in PROMISED_S})  # warm-up: the pools open their connections
        for _ in range(ROUNDS):
            one_round(new_shop(admin), port, spent)
        begun = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait()
        spent["sigterm"].append(time.perf_counter() - begun)
    finally:
        process.kill()
        shutil.rmtree(data_dir, ignore_errors=True)
    shares = {name: round(max(times) / PROMISED_S[name], 3) for name, times in spent.items()}
    figures = {"rounds": ROUNDS, "promised_s": PROMISED_S, "longest_share": shares, "mark": 1.0}
    print(f"{shares}\nwritten to {write_result('promises', figures)}")
    if max(shares.values()) > 1:
        raise SystemExit("a promise was broken")
    return figures


def new_shop(admin: Shop) -> Shop:
    """A tenant of the admin's, whose access token is its `key`."""
    config = {"rateLimits": {"readPerMinute": 5_000_000}}
    made = admin.call("POST", "/api/v1/tenants", {"name": "bench", "config": config})
    return admin._replace(tenant_id=made["data"]["id"])


def one_round(shop: Shop, port: int, spent: dict[str, list[float]]) -> None:
    tenant = f"/api/v1/tenants/{shop.tenant_id}"
    key = shop.call("POST", f"{tenant}/api-keys", {"name": "bench", "permissions": "read-write"})["data"]
    connections = [HTTPConnection(HOST, port) for _ in range(CONNECTIONS)]

    def seen(what: str, change: Callable[[], object], true: Callable[[Answer], bool]) -> None:
        ask_all(connections, key["key"])  # each process has what is about to change
        change()
        spent[what].append(until_all(connections, key["key"], true))

    def make() -> object:
        return shop._replace(key=key["key"]).call("PUT", "/api/v1/catalog/new", {"name": "New"})

    def limit() -> object:
        return shop.call("PATCH", f"{tenant}/config", {"rateLimits": {"readPerMinute": 9_000_000}})

    def revoke() -> object:
        return shop.call("DELETE", f"{tenant}/api-keys/{key['id']}")

    seen("new_product", make, lambda answer: b'"new"' in answer.body)
    seen("changed_limit", limit, lambda answer: answer.response.headers["ratelimit-limit"] == "9000000")
    seen("revoked_key", revoke, lambda answer: answer.response.status == 401)
    for connection in connections:
        connection.close()


def until_all(connections: Sequence[HTTPConnection], key: str, true: Callable[[Answer], bool]) -> float:
    begun, waiting = time.perf_counter(), list(connections)
    while waiting:
        answers = zip(waiting, ask_all(waiting, key), strict=True)
        waiting = [connection for connection, answer in answers if not true(answer)]
    return time.perf_counter() - begun


def ask_all(connections: Sequence[HTTPConnection], key: str) -> list[Answer]:
    for connection in connections:
        connection.request("GET", ADVICE, headers={"Authorization": f"Bearer {key}"})
    responses = [connection.getresponse() for connection in connections]
    return [Answer(response, response.read()) for response in responses]


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
