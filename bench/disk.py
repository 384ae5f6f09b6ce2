"""A data dir whose disk is full: `recomengine up` on a small file system of its own, under a stream of events.

The disk is filled and emptied while senders go on. No process of ours may die, whatever was acknowledged must be stored
once, and the system must be itself again without anybody's help once there is room. Where PostgreSQL needs room for its
log and gets
none, it ends by its own rule, and its supervisor starts it until there is room: that is forced here by filling the log.
"""

import asyncio
import errno
import json
import os
import pwd
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from bench.load import Client, http_request
from bench.results import write_result
from bench.server import Shop, System, free_port, start, wait_ready

MEBIBYTES = 400
SENDERS = 8
ENOUGH = 200
FULL_S = 5.0
PATIENCE_S = 60.0
PRODUCTS = 20
BALLAST = "ballast"
STEP_BYTES = 1 << 16
FILL_THE_LOG = "SELECT pg_logical_emit_message(false, 'bench', repeat('x', 1000000))"


class Disk(NamedTuple):
    """A small file system for the processes that one command starts, mounted at `folder` for them alone: it is gone
    when they are.

    Where neither root nor a user namespace may mount, "full" is a limit of 0 bytes on the files that they write.
    """

    folder: Path
    mebibytes: int

    @property
    def prefix(self) -> list[str]:
        """What a command begins with to run on it."""
        if not may_mount():
            return []
        mount = f"mount -t tmpfs -o size={self.mebibytes}m,mode=0755 tmpfs {shlex.quote(str(self.folder))}"
        if os.geteuid() == 0:
            return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        ourselves = f"unshare --user --map-user={os.geteuid()} --map-group={os.getegid()}"
        return [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            f'{mount} && exec {ourselves} "$@"',
            "sh",
        ]

    def seen(self, pid: int) -> Path:
        """The folder as others see it, through the command's process."""
        return Path(f"/proc/{pid}/root{self.folder}") if may_mount() else self.folder

    def fill(self, pid: int, but_bytes: int = 0) -> None:
        """Leave no more room than `but_bytes`; without a mount, to each file."""
        if may_mount():
            _fill(self.seen(pid) / BALLAST, but_bytes)
        else:
            _limit_files(pid, but_bytes)

    def empty(self, pid: int) -> None:
        if may_mount():
            (self.seen(pid) / BALLAST).unlink()
        else:
            _limit_files(pid, resource.RLIM_INFINITY)


@cache
def may_mount() -> bool:
    """Whether this user may have a mount namespace of its own, as root or through a user namespace."""
    if sys.platform != "linux":
        return False
    words = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    try:
        return (
            subprocess.run(
                ["unshare", *words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
            ).returncode
            == 0
        )
    except FileNotFoundError:
        return False


def _fill(ballast: Path, but_bytes: int) -> None:
    """Write until nothing more can be written, and give back `but_bytes`."""
    with ballast.open("ab", buffering=0) as file:
        for step in (STEP_BYTES, 1):
            try:
                while file.write(bytes(step)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        file.truncate(file.tell() - but_bytes)


def _limit_files(leader: int, most_bytes: int) -> None:
    """For the process and all that come from it, each as the user that it runs as: root in a container may not be any
    other's.
    """
    by_user: dict[int, list[int]] = {}
    for pid in _family(leader):
        by_user.setdefault(Path(f"/proc/{pid}").stat().st_uid, []).append(pid)
    for user, pids in by_user.items():
        who: dict[str, Any] = (
            {} if user == os.geteuid() else {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}
        )
        limits = [
            partial(resource.prlimit, pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY)) for pid in pids
        ]
        subprocess.run(["true"], check=True, cwd="/", preexec_fn=lambda: [limit() for limit in limits], **who)  # noqa: B023 - called at once


def _family(leader: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family = {leader}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


class Small(NamedTuple):
    """A running system on a small disk, and a shop of it with a model."""

    disk: Disk
    system: System
    shop: Shop
    database_url: str


class Ledger(NamedTuple):
    """What senders were told: ids of events that were acknowledged, and how often each status came."""

    acknowledged: set[str]
    statuses: Counter[int]


@contextmanager
def small_system() -> Iterator[Small]:
    folder = Path(tempfile.mkdtemp(prefix="recomengine-disk-"))
    folder.chmod(0o755)
    disk, port = Disk(folder, MEBIBYTES), free_port()
    process = start(folder, port, prefix=disk.prefix)
    try:
        seen = disk.seen(process.pid)
        system = System(process, seen, "127.0.0.1", port)
        url = json.loads((seen / "servers.json").read_text(encoding="utf-8"))["database_url"].replace(
            str(folder), str(seen)
        )
        yield Small(disk, system, _with_model(system.shop("disk", DATABASE_URL=url)), url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder)


def _with_model(shop: Shop) -> Shop:
    shop.call(
        "POST",
        "/api/v1/catalog/batch",
        {"items": [{"productId": f"p{i}", "name": f"Boot {i}", "category": "Boots"} for i in range(PRODUCTS)]},
    )
    views = [
        {"eventType": "view", "userId": f"u{i % 7}", "productId": f"p{i % PRODUCTS}", "eventId": f"first-{i}"}
        for i in range(100)
    ]
    shop.call("POST", "/api/v1/events/batch", {"events": views})
    shop.refresh()
    shop.call("GET", "/api/v1/recommendations?userId=u1")  # which loads the model
    return shop


async def fill_and_empty(small: Small, name: str, *, fill_the_log: bool) -> dict[str, Any]:
    """One round under load, and what became of it."""
    ledger, over, before = Ledger(set(), Counter()), asyncio.Event(), _ours(small)
    senders = [asyncio.create_task(_send(small.shop, f"{name}-{number}", ledger, over)) for number in range(SENDERS)]
    try:
        await _until(lambda: len(ledger.acknowledged) >= ENOUGH)
        await asyncio.to_thread(small.disk.fill, small.system.process.pid)
        if fill_the_log:
            await _fill_the_log(small.database_url)
        refused = ledger.statuses[503]
        await _until(lambda: ledger.statuses[503] > refused)
        await asyncio.sleep(FULL_S)
        asked = await _ask(small.shop)
        await asyncio.to_thread(small.disk.empty, small.system.process.pid)
        emptied, enough = time.perf_counter(), len(ledger.acknowledged) + ENOUGH
        await _until(lambda: len(ledger.acknowledged) >= enough)
        recovered_s = time.perf_counter() - emptied
    finally:
        over.set()
        await asyncio.gather(*senders)
    await asyncio.to_thread(wait_ready, small.system.process, small.system.port, small.disk.folder)
    version = (await asyncio.to_thread(small.shop.refresh))["version"]
    return {
        "fill_the_log": fill_the_log, **await _count(small, ledger, name), "statuses": dict(ledger.statuses), **asked,
        "accepts_again_after_s": round(recovered_s, 2), "built_afterwards": bool(version),
        "died": sorted(set(before.values()) - set(_ours(small).values())),
    }  # fmt: skip


async def _send(shop: Shop, name: str, ledger: Ledger, over: asyncio.Event) -> None:
    client = Client(shop.host, shop.port, 1)
    sent = 0
    while not over.is_set():
        ids = [f"{name}-{(sent := sent + 1)}" for _ in range(10)]
        events = [
            {"eventType": "view", "userId": f"u{sent % 500}", "productId": f"p{sent % PRODUCTS}", "eventId": each}
            for each in ids
        ]
        status, answer = await client.send(
            http_request("POST", "/api/v1/events/batch", shop.key, json.dumps({"events": events}).encode())
        )
        ledger.statuses[status] += 1
        if status == 202:
            ledger.acknowledged.update(
                each["eventId"] for each in json.loads(answer)["data"]["results"] if each["status"] != "rejected"
            )
        else:
            await asyncio.sleep(0.05)
    client.close()


async def _ask(shop: Shop) -> dict[str, Any]:
    """What the system says of itself while the disk is full, and whether it recommends from its model."""
    client = Client(shop.host, shop.port, 1)
    _, ready = await client.send(http_request("GET", "/ready", shop.key))
    status, answer = await client.send(http_request("GET", "/api/v1/recommendations?userId=u1", shop.key))
    client.close()
    return {"ready": json.loads(ready), "recommended": len(json.loads(answer)["data"]) if status == 200 else status}


async def _fill_the_log(url: str) -> None:
    """Until PostgreSQL ends for want of room."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(url)
        while True:
            await connection.execute(FILL_THE_LOG)


async def _count(small: Small, ledger: Ledger, name: str) -> dict[str, int]:
    connection = await asyncpg.connect(small.database_url)
    rows = await connection.fetch(
        "SELECT client_event_id, count(*) AS stored FROM events WHERE tenant_id = $1 AND client_event_id LIKE $2 GROUP "
        "BY 1",
        small.shop.tenant_id, f"{name}-%",
    )  # fmt: skip
    await connection.close()
    stored = {row["client_event_id"]: row["stored"] for row in rows}
    return {
        "acknowledged": len(ledger.acknowledged), "missing": len(ledger.acknowledged - stored.keys()),
        "stored_twice": sum(1 for count in stored.values() if count > 1),
    }  # fmt: skip


def _ours(small: Small) -> dict[int, str]:
    """The supervisor, the API and the worker: number and command line, which are one's own."""
    found = {}
    for pid in _family(small.system.process.pid):
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if "-m recomengine" in command:
                found[pid] = f"{pid} {command.partition('-m recomengine')[2].strip()}"
    return found


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.02)


def main() -> dict[str, Any]:
    with small_system() as small:
        rounds = []
        for number, fill_the_log in enumerate((False, True)):
            rounds.append(asyncio.run(fill_and_empty(small, f"round{number}", fill_the_log=fill_the_log)))
            print(f"round {number}: {rounds[-1]}", flush=True)
    figures = {
        "file_system": f"tmpfs of {MEBIBYTES} MiB" if may_mount() else "files of at most 0 bytes",
        "rounds": rounds,
    }
    write_result("disk", figures)
    if any(row["missing"] or row["stored_twice"] or row["died"] for row in rounds):
        raise SystemExit("acknowledged events were lost or doubled, or a process died")
    return figures
