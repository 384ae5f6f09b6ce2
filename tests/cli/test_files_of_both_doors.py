"""The same file, from the command line and over HTTP, gives the same outcome."""

import asyncio
import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.apps import MakeTenant, Servers, Tenant, bearer
from tests.support.processes import COMMAND, PATIENCE_S, environment

TABLE = 'Product Id;NAME;Price\nb1;Bohrer;1.249,00\nb2;"Säge;9\nb3;Feile;7,50;x\nb4;Zange;3\n'
FEED = "<rss><channel><item><id>r1</id><title>Cup</title><price>9.50 USD</price></item></channel></rss>"
FILES = [
    ("a.csv", "text/csv", TABLE.encode(), {}),
    ("old.csv", "text/csv", TABLE.encode("cp1252"), {}),
    ("excel.csv", "text/csv", TABLE.encode("utf-16"), {}),
    ("a.tsv", "text/tab-separated-values", b'id\ttitle\nt1\t"Best of" mug\nt2\tPlate\n', {}),
    ("feed.xml", "application/xml", FEED.encode(), {}),
    ("bomb.xml", "application/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a><item><id>&b;</id></item></a>', {}),
    ("a.json", "application/json", b'[{"productId":"j1","name":"Cup"},\n{"productId":"j2"}]', {}),
    ("a.ndjson", "application/x-ndjson", b'{"productId":"n1","name":"Cup"}\n{broken\n', {}),
    ("mapped.csv", "text/csv", b"Kennung|Was\nm1|Cup\n", {"map": ["Kennung=productId", "Was=name"], "separator": "|"}),
    ("empty.csv", "text/csv", b"", {}),
    ("header.csv", "text/csv", b"productId,name\n", {}),
    ("twice.csv", "text/csv", b"productId,name,name\na,b,c\n", {}),
    ("prose.csv", "text/csv", b"Once upon a time;there was\na;b\n", {}),
]


@pytest.fixture
def by_command(servers: Servers, tmp_path: Path) -> Callable[..., Any]:
    async def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        urls = {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "DATA_DIR": str(tmp_path / "data"),
        }
        return await asyncio.to_thread(
            subprocess.run, [*COMMAND, "import", *arguments], env=environment(urls), capture_output=True, text=True,
            timeout=PATIENCE_S,
        )  # fmt: skip

    return run


async def catalog_of(client: httpx.AsyncClient, tenant: Tenant) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/catalog?limit=100", headers=bearer(tenant.read_write))
    times = ("createdAt", "updatedAt")
    return [{name: value for name, value in item.items() if name not in times} for item in answer.json()["data"]]


@pytest.mark.parametrize(("name", "media", "content", "query"), FILES, ids=[file[0] for file in FILES])
async def test_a_file_gives_the_same_outcome_from_the_command_line_and_over_http(
    client: httpx.AsyncClient, make_tenant: MakeTenant, by_command: Callable[..., Any], tmp_path: Path,
    name: str, media: str, content: bytes, query: dict[str, Any],
) -> None:  # fmt: skip
    here, there = await make_tenant(), await make_tenant()
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    flags = [part for field in query.get("map", ()) for part in ("--map", field)]
    flags += ["--separator", query["separator"]] if "separator" in query else []

    ran = await by_command("catalog", str(tmp_path / f"{name}.gz"), "--tenant", str(here.id), *flags)
    answer = await client.post(
        "/api/v1/catalog/import", params=query, content=gzip.compress(content),
        headers=bearer(there.read_write) | {"Content-Type": media, "Content-Encoding": "gzip"},
    )  # fmt: skip

    assert await catalog_of(client, here) == await catalog_of(client, there)
    if answer.status_code != 200:
        assert answer.json()["code"] in ("invalid", "malformed_body")
        assert ran.returncode == 1
        assert " ".join(answer.json()["detail"].split()) in ran.stderr
        return
    data = answer.json()["data"]
    assert ran.returncode == 0, ran.stderr
    said = [line for line in ran.stderr.splitlines() if line.startswith("line ")]
    assert said == [f"line {one['line']}: {one['message']}" for one in data["errors"] + data["notes"]]
    assert f"{data['created']} created" in ran.stderr
    assert f"{data['rejected']} rejected" in ran.stderr
    for column, field in data.get("columns", {}).get("used", {}).items():
        assert f"{column} → {field}" in ran.stderr
    assert all(sentence in ran.stderr for sentence in data.get("reading", ()))


async def test_a_dry_run_says_what_it_would_reject_and_stores_nothing(
    client: httpx.AsyncClient, make_tenant: MakeTenant, by_command: Callable[..., Any], tmp_path: Path
) -> None:
    tenant = await make_tenant()
    (tmp_path / "items.csv").write_text("productId,name,price\na,Cup,9\nb,,9\n")
    (tmp_path / "events.csv").write_text("userId,eventType,productId\nann,view,a\nann,stare,a\n")

    of_items = await by_command("catalog", str(tmp_path / "items.csv"), "--tenant", str(tenant.id), "--dry-run")
    of_events = await by_command("events", str(tmp_path / "events.csv"), "--tenant", str(tenant.id), "--dry-run")

    assert "1 products could be stored, 1 rejected; nothing was stored" in of_items.stderr
    assert "1 events could be stored, 1 rejected; nothing was stored" in of_events.stderr
    assert "line 3: " in of_items.stderr
    assert await catalog_of(client, tenant) == []
    shopper = await client.get("/api/v1/users/ann", headers=bearer(tenant.read_write))
    assert not (shopper.status_code == 200 and shopper.json()["data"]["events"])


async def test_a_dry_run_of_replacing_says_what_would_go_or_why_it_would_not(
    client: httpx.AsyncClient, make_tenant: MakeTenant, by_command: Callable[..., Any], tmp_path: Path
) -> None:
    tenant = await make_tenant()
    for name, ids in {"all.csv": "abcd", "three.csv": "abc", "one.csv": "a"}.items():
        (tmp_path / name).write_text("productId,name\n" + "".join(f"{each},Cup\n" for each in ids))
    into = ("--tenant", str(tenant.id))
    await by_command("catalog", str(tmp_path / "all.csv"), *into)

    told = await by_command("catalog", str(tmp_path / "three.csv"), *into, "--replace", "--dry-run")
    refused = await by_command("catalog", str(tmp_path / "one.csv"), *into, "--replace", "--dry-run")

    assert "1 that the files lack would become unavailable; nothing was stored" in told.stderr
    assert refused.returncode == 1
    assert "lacks 3 of the 4 products" in " ".join(refused.stderr.split())
    assert all(item["available"] for item in await catalog_of(client, tenant))


async def test_several_files_may_replace_the_catalog_together_if_their_columns_are_the_same(
    client: httpx.AsyncClient, make_tenant: MakeTenant, by_command: Callable[..., Any], tmp_path: Path
) -> None:
    tenant = await make_tenant()
    for name, content in {
        "all.csv": "productId,name\na,A\nb,B\nc,C\nd,D\n", "one.csv": "productId,name\na,A\nb,B\n",
        "two.csv": "productId,name\nc,C\n", "other.csv": "productId,name,price\nc,C,9\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(content)
    into = ("--tenant", str(tenant.id))
    await by_command("catalog", str(tmp_path / "all.csv"), *into)

    refused = await by_command("catalog", str(tmp_path / "one.csv"), str(tmp_path / "other.csv"), *into, "--replace")
    too_few = await by_command("catalog", str(tmp_path / "one.csv"), *into, "--replace")
    replaced = await by_command("catalog", str(tmp_path / "one.csv"), str(tmp_path / "two.csv"), *into, "--replace")
    kept = {item["productId"]: item["available"] for item in await catalog_of(client, tenant)}
    forced = await by_command("catalog", str(tmp_path / "two.csv"), *into, "--replace", "--force")
    left = {item["productId"]: item["available"] for item in await catalog_of(client, tenant)}

    assert (refused.returncode, "other.csv has other columns than" in refused.stderr) == (1, True), refused.stderr
    assert too_few.returncode == 1, too_few.stderr
    assert (replaced.returncode, "1 not in the file and made unavailable" in replaced.stderr) == (0, True), (
        replaced.stderr
    )
    assert kept == {"a": True, "b": True, "c": True, "d": False}
    assert (forced.returncode, left) == (0, {"a": False, "b": False, "c": True, "d": False}), forced.stderr
