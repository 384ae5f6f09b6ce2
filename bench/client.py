"""A million events through the Python client's bulk sender over loopback, while everything is killed three times.

One private system (`recomengine up`, one serve process) and the client in a process of its own, so that its memory and
its CPU are its own. Four figures of one run:

  import    the server's own import of events, in one stream, by urllib: the yardstick
  steady    the bulk sender, undisturbed, and what of a core the client and the serving process take meanwhile
  killed    the bulk sender, while kill -9 ends API, PostgreSQL and Redis three times and they are started again

What is shown: each event has one receipt, and is stored once. A client that takes less CPU an event than the serving
process is faster than one core of it.

`python -m bench client` sends all events; `python -m bench.client 200000` that many.
"""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from bench import data
from bench.refresh import database_url, process_of
from bench.results import write_result
from bench.server import Shop, System, running_system, start
from recomengine_client import Client, Event, Patience, Receipt

EVENTS = 1_000_000
STEADY_SHARE = 10
"""One in so many of the events, for the import and for the undisturbed run."""
KILLS, STARTS = 3, 5
USERS, ITEMS = 50_000, 5_000
DAYS = 1
PATIENCE = Patience(attempts=None, attempt_s=30.0, total_s=3600.0)
SENDER = (sys.executable, "-m", "bench.client", "send")
STORED = "SELECT count(*) AS stored, count(DISTINCT client_event_id) AS ids FROM events WHERE tenant_id = $1"
CLOCK_HZ = os.sysconf("SC_CLK_TCK")


def main(count: int = EVENTS) -> dict[str, Any]:
    figures: dict[str, Any] = {"events": count, "kills": KILLS}
    with running_system() as system:
        figures["import"] = imported(system, count // STEADY_SHARE)
        print(f"import: {figures['import']}", flush=True)
        figures["steady"] = steady(system, count // STEADY_SHARE)
        figures["steady"]["of_import"] = figures["steady"]["per_s"] / figures["import"]["per_s"]
        print(f"steady: {figures['steady']}", flush=True)
        figures["killed"], system = killed(system, count)
        print(f"killed: {figures['killed']}", flush=True)
        system.process.send_signal(signal.SIGTERM)
        system.process.wait(30)
    print(f"written to {write_result('client', figures)}")
    outcome = figures["killed"]
    if outcome["lost"] or outcome["doubled"] or outcome["receipts"] != count:
        raise SystemExit("events were lost or doubled, or have no receipt")
    return figures


def imported(system: System, count: int) -> dict[str, Any]:
    shop = system.shop("import")
    lines = data.ndjson(rows(count))
    began, cpu = time.perf_counter(), cpu_s(process_of(system, "serve"))
    assert shop.upload("/api/v1/events/import", lines)["accepted"] == count
    seconds = time.perf_counter() - began
    used = cpu_s(process_of(system, "serve")) - cpu
    return {"events": count, "seconds": seconds, "per_s": count / seconds, "server_cpu_us": used / count * 1e6}


def steady(system: System, count: int) -> dict[str, Any]:
    server = process_of(system, "serve")
    cpu = cpu_s(server)
    done = finished(sender(system.shop("steady"), count))
    used = cpu_s(server) - cpu
    assert done["accepted"] == count, done
    return done | {
        "server_cpu_us": used / count * 1e6,
        "client_cpu_us": done["cpu_s"] / count * 1e6,
        "client_faster_than_a_server_core": used / done["cpu_s"],
    }


def killed(system: System, count: int) -> tuple[dict[str, Any], System]:
    shop = system.shop("killed")
    down_s = []
    with sender(shop, count) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        try:
            for kill in range(1, KILLS + 1):
                reach(lines, count * kill // (KILLS + 1))
                began = time.perf_counter()
                system = killed_and_started(system)
                down_s.append(time.perf_counter() - began)
                print(f"kill {kill}: back after {down_s[-1]:.1f} s", flush=True)
            done = finished(process, lines)
        finally:
            process.kill()
    row = asyncio.run(stored(system, shop))
    return done | {
        "down_s": down_s, "stored": row["stored"], "lost": count - row["ids"], "doubled": row["stored"] - row["ids"],
    }, system  # fmt: skip


def killed_and_started(system: System) -> System:
    """On a busy machine a start may be given up, and is made again."""
    os.killpg(system.process.pid, signal.SIGKILL)
    system.process.wait(10)
    for _ in range(STARTS - 1):
        try:
            return system._replace(process=start(system.data_dir, system.port))
        except RuntimeError as error:
            print(f"start again: {str(error).splitlines()[-1]}", flush=True)
    return system._replace(process=start(system.data_dir, system.port))


def reach(lines: Iterator[str], receipts: int) -> None:
    """Until the sender has so many receipts."""
    for line in lines:
        said = json.loads(line)
        assert "receipts" not in said, "the sender was done before the kill"
        if said["so_far"] >= receipts:
            return
    raise RuntimeError("the sender ended early")


async def stored(system: System, shop: Shop) -> dict[str, int]:
    connection = await asyncpg.connect(database_url(system))
    try:
        return dict(await connection.fetchrow(STORED, shop.tenant_id))
    finally:
        await connection.close()


def sender(shop: Shop, count: int) -> "subprocess.Popen[str]":
    """The client in a process of its own, which tells how far it is, a line of JSON each, and its figures at last."""
    words = [*SENDER, f"http://{shop.host}:{shop.port}", str(count)]
    environment = os.environ | {"RECOMENGINE_KEY": shop.key}
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)


def finished(process: "subprocess.Popen[str]", lines: Iterator[str] | None = None) -> dict[str, Any]:
    assert process.stdout is not None
    last = {}
    for line in lines or process.stdout:
        last = json.loads(line)
    if process.wait() != 0:
        raise RuntimeError("the sender failed")
    return last


def send(url: str, count: int) -> None:
    """One process's work; each event has its receipt counted by the event's number."""
    seen = bytearray(count)
    told = 0

    def take(receipts: list[Receipt]) -> None:
        nonlocal told
        for receipt in receipts:
            seen[receipt.number] += 1
        told += len(receipts)
        print(json.dumps({"so_far": told}), flush=True)

    client = Client(url, os.environ["RECOMENGINE_KEY"])
    before_mib = peak_mib()
    began, cpu = time.perf_counter(), time.process_time()
    with client, client.bulk(take, patience=PATIENCE) as bulk:
        for row in rows(count):
            bulk.send(Event(row["eventType"], row["userId"], row["productId"], timestamp=row["timestamp"],
                event_id=row["eventId"]))  # fmt: skip
    seconds = time.perf_counter() - began
    counts = bulk.counts
    figures = {
        "seconds": seconds, "per_s": count / seconds, "cpu_s": time.process_time() - cpu,
        "before_mib": before_mib, "peak_mib": peak_mib(), "receipts": sum(seen), "more_than_one": max(seen) - 1,
        "accepted": counts.accepted, "duplicates": counts.duplicates, "rejected": counts.rejected,
        "undelivered": counts.undelivered,
    }  # fmt: skip
    print(json.dumps(figures), flush=True)


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Plain arithmetic, so that making them costs the sender little."""
    start_ms = int(time.time() * 1000) - DAYS * data.DAY_MS
    for i in range(count):
        yield {
            "eventType": data.TYPES[i % len(data.TYPES)], "userId": f"user-{i * 7919 % USERS}",
            "productId": f"product-{i * 104_729 % ITEMS}", "timestamp": start_ms + i * 80, "eventId": f"event-{i}",
        }  # fmt: skip


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_HZ


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
