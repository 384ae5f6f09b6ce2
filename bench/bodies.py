"""Bodies of 10 MB that a thousand connections without a good credential hold open: what the serving process takes.

One private system (`recomengine up`, one serve process). Each connection sends of its body what the server reads, never
the end, and stays. `declared` and `chunked` go on as long as the server does; `short` stops where it would be refused;
`wrong key` has one in a header. Meanwhile a shop sends batches and /health is asked. The mark is 100 MB more than
before.
"""

import asyncio
import json
import resource
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from bench.load import http_request, open_loop
from bench.refresh import peak_mib, process_of
from bench.results import write_result
from bench.server import Shop, running_system

CONNECTIONS = 1000
BODY_BYTES = 10_000_000
SHORT_BYTES = 64 * 1024
PIECE = b" " * 16 * 1024
SECONDS = 5.0
RATE = 20.0
MARK_MB = 100
PATH = "/api/v1/events/batch"


class Holder(NamedTuple):
    """How one kind of connection sends."""

    header: str
    most_bytes: int


KINDS = {
    "declared": Holder(f"Content-Length: {BODY_BYTES}", BODY_BYTES - 1),
    "chunked": Holder("Transfer-Encoding: chunked", BODY_BYTES - 1),
    "short": Holder("Transfer-Encoding: chunked", SHORT_BYTES),
    "wrong key": Holder(f"Content-Length: {BODY_BYTES}\r\nX-API-Key: rk_none", BODY_BYTES - 1),
}


def main() -> dict[str, Any]:
    _raise_limit_of_files()
    figures: dict[str, Any] = {"connections": CONNECTIONS, "body_bytes": BODY_BYTES, "mark_mb": MARK_MB}
    for name, holder in KINDS.items():
        with running_system() as system:
            figures[name] = asyncio.run(measure(system.shop("bench"), holder, process_of(system, "serve")))
        print(f"{name}: {figures[name]}", flush=True)
    print(f"written to {write_result('bodies', figures)}")
    return figures


async def measure(shop: Shop, holder: Holder, server: int) -> dict[str, Any]:
    body = json.dumps({"events": [{"eventType": "view", "userId": "ann", "productId": "boot"}]}).encode()
    batch = http_request("POST", PATH, shop.key, body)
    health = http_request("GET", "/health", "none")
    for request in (batch, health):  # warm-up
        await open_loop(shop.host, shop.port, repeat(request), rate=RATE, seconds=1)
    Path(f"/proc/{server}/clear_refs").write_text("5")  # the peak starts anew
    before = peak_mib(server)
    holders = [asyncio.create_task(hold(shop, holder)) for _ in range(CONNECTIONS)]
    batches, healths = await asyncio.gather(
        *(open_loop(shop.host, shop.port, repeat(request), rate=RATE, seconds=SECONDS) for request in (batch, health))
    )
    peak = peak_mib(server)
    for task in holders:
        task.cancel()
    answers = await asyncio.gather(*holders)
    return {
        "before_mib": before, "peak_mib": peak, "grown_mb": round((peak - before) * 1.048576, 1),
        "answered": {status: answers.count(status) for status in sorted(set(answers))},
        "batch": batches.summary, "health": healths.summary,
    }  # fmt: skip


async def hold(shop: Shop, holder: Holder) -> str:
    """Send and stay until cancelled; what the server has answered by then."""
    answer = "nothing"
    reader, writer = await asyncio.open_connection(shop.host, shop.port)
    with suppress(asyncio.CancelledError, ConnectionError):
        sending = asyncio.create_task(_send(writer, holder))
        try:
            answer = (await reader.readline()).decode().split()[1]
            await asyncio.Event().wait()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.close()
    return answer


async def _send(writer: asyncio.StreamWriter, holder: Holder) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{holder.header}\r\n\r\n"
    writer.write(head.encode())
    left = holder.most_bytes
    while left:
        piece = PIECE[:left]
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if "chunked" in holder.header else piece)
        left -= len(piece)
        await writer.drain()


def _raise_limit_of_files() -> None:
    """The server takes it over from here."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2 * CONNECTIONS:
        raise SystemExit(f"Expected to be allowed {2 * CONNECTIONS} open files, got {most}. Raise `ulimit -Hn`.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CONNECTIONS), most))


if __name__ == "__main__":
    main()
