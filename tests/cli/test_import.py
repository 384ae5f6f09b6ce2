"""`recomengine import`: files of every kind, good and bad."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import zstandard

from tests.cli.lines import event, is_one_line, ndjson
from tests.support.commands import Command
from tests.support.databases import execute, fetch


def events_of(database: str, tenant: str) -> list[Any]:
    rows = """SELECT event_type, user_id, product_id, session_id, timestamp, metadata FROM events
              WHERE tenant_id = $1 ORDER BY timestamp"""
    return asyncio.run(fetch(database, rows, UUID(tenant)))


def items_of(database: str, tenant: str) -> dict[str, Any]:
    rows = asyncio.run(fetch(database, "SELECT * FROM catalog_items WHERE tenant_id = $1", UUID(tenant)))
    return {row["product_id"]: row for row in rows}


@pytest.mark.parametrize("kind", ["ndjson", "ndjson.gz", "ndjson.zst", "csv", "csv.gz", "csv.zst", "tsv"])
def test_events_of_every_kind_of_file_are_stored_once_however_often_it_is_imported(
    command: Command, tenant: str, database: str, tmp_path: Path, kind: str
) -> None:
    wanted = [event(number, sessionId=f"s-{number}", metadata={"price": 9.5, "orderId": "o"}) for number in range(5000)]
    separator = "\t" if kind == "tsv" else ","
    rows = [
        [e["eventType"], e["userId"], e["productId"], str(e["timestamp"]), e["sessionId"], "9.5", "o", ""]
        for e in wanted
    ]
    columns = ["event_type", "user_id", "item_id", "timestamp", "session_id", "price", "order_id", "quantity"]
    table = "\ufeff" + "\r\n".join(separator.join(row) for row in [columns, *rows])
    plain = ndjson(*wanted) if kind.startswith("ndjson") else table.encode()
    file = tmp_path / f"events.{kind}"
    file.write_bytes(compressed(plain, kind))

    first, again = (command("import", "events", str(file), "--tenant", tenant) for _ in range(2))

    assert first.code == again.code == 0
    assert "5000 events stored, 0 were there, 0 rejected" in first.err
    assert "0 events stored, 5000 were there, 0 rejected" in again.err
    stored = events_of(database, tenant)
    assert len(stored) == 5000
    assert tuple(stored[6])[:4] == ("view", "user-6", "p-1", "s-6")
    assert stored[6]["timestamp"].timestamp() * 1000 == wanted[6]["timestamp"]
    assert json.loads(stored[6]["metadata"]) == {"price": 9.5, "orderId": "o"}


def compressed(plain: bytes, kind: str) -> bytes:
    if kind.endswith(".gz"):
        return gzip.compress(plain[:1000]) + gzip.compress(
            plain[1000:]
        )  # members one after the other, as `cat a.gz b.gz` makes them
    if kind.endswith(".zst"):
        return zstandard.compress(plain[:1000]) + zstandard.compress(plain[1000:])
    return plain


@pytest.mark.parametrize("kind", ["ndjson", "ndjson.gz", "ndjson.zst", "csv", "csv.gz", "tsv"])
def test_standard_input_says_by_its_content_what_it_is(command: Command, tenant: str, database: str, kind: str) -> None:
    separator = "\t" if kind == "tsv" else ","
    table = "".join(
        separator.join(row) + "\n"
        for row in [["userId", "eventType", "productId"], ["ann", "view", "boot"], ["bob", "view", "clog"]]
    )
    plain = ndjson(b"", event(0), event(1)) if kind.startswith("ndjson") else table.encode()

    ran = command("import", "events", "-", "--tenant", tenant, stdin=compressed(plain, kind))

    assert "2 events stored" in ran.err, ran.err
    assert len(events_of(database, tenant)) == 2


def test_bad_lines_are_reported_by_number_and_the_rest_goes_in(
    command: Command, tenant: str, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(
        ndjson(
            event(0),
            b"{not json",
            event(1, eventType="stare"),
            b"",
            event(2),
            b'{"a":"' + b"x" * 2_000_000 + b'"}',
            event(3),
        )
    )

    ran = command("import", "events", str(file), "--tenant", tenant)

    reported = [line for line in ran.err.splitlines() if line.startswith("line ")]
    assert ran.code == 0
    assert [line.partition(":")[0] for line in reported] == ["line 2", "line 3", "line 6"]
    assert "$.eventType" in reported[1]
    assert "longer than" in reported[2]
    assert "3 events stored, 0 were there, 3 rejected" in ran.err
    assert len(events_of(database, tenant)) == 3


def test_bad_rows_of_csv_are_reported_with_their_reason_and_the_rest_goes_in(
    command: Command, tenant: str, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.csv"
    rows = [
        b"userId,eventType,productId,timestamp,price,quantity,metadata", b"ann,view,boot,1700000000000,,,",
        b"ann,view,boot,1700000000001,cheap,,", b"ann,view,boot,1700000000002,nan,,",
        b"ann,view,boot,1700000000003,,,,one,too,many",
        "ann,view,größe,1700000000009,,,".encode(), b"ann,view,\xff,1700000000004,,,",
        b"ann,view,boot,1700000000005,,,{broken", b'ann,view,boot,1700000000006,,,"[1]"', b"ann,view",
        b"ann,view,boot,yesterday,,,", b"ann,view," + b"x" * 2_000_000 + b",1700000000007,,,",
        b'bob,purchase,boot,1700000000008,19.99,2,"{""gift"": true}"',
    ]  # fmt: skip
    file.write_bytes(b"\n".join(rows) + b"\n")

    ran = command("import", "events", str(file), "--tenant", tenant)

    reported = dict(line.split(": ", 1) for line in ran.err.splitlines() if line.startswith("line "))
    assert ran.code == 0
    assert [*reported] == [f"line {number}" for number in (3, 4, 5, 7, 8, 9, 10, 11, 12)]
    assert "cheap" in reported["line 3"]
    assert "nan" in reported["line 4"]
    assert "Expected 7 cells as in the header, got 10" in reported["line 5"]
    assert "not UTF-8" in reported["line 7"]
    assert "Expected 7 cells as in the header, got 2" in reported["line 10"]
    assert "unreadable" not in ran.err
    stored = events_of(database, tenant)
    assert [row["user_id"] for row in stored] == ["ann", "bob", "ann"]
    assert json.loads(stored[1]["metadata"]) == {"price": 19.99, "quantity": 2, "gift": True}


def test_hostile_numbers_of_csv_are_reported_by_their_rows_and_the_rest_goes_in(
    command: Command, tenant: str, database: str, tmp_path: Path
) -> None:
    huge = "9" * 5000
    events, products = tmp_path / "events.csv", tmp_path / "products.csv"
    events.write_text("\n".join([
        "userId,eventType,productId,timestamp,price,quantity,metadata", f"ann,view,boot,{huge},,,",
        f"ann,view,boot,1700000000001,{huge},,", f"ann,view,boot,1700000000002,,{huge},",
        f'ann,view,boot,1700000000003,,,"{{""a"": [1, {huge}]}}"', 'ann,view,boot,1700000000004,,,"{""a"": [1e400]}"',
        'ann,view,boot,1700000000005,,,"{""a"": ""\\ud800""}"', 'ann,view,boot,1700000000006,,,"{""a"": 1e-16000}"',
    ]))  # fmt: skip
    products.write_text("\n".join([
        "productId,name,price,attributes", f"a,A,{huge},", "b,B,1e400,", 'c,C,,"{""a"": [1e400]}"',
        'd,D,0e999999999,"{""a"": 1e-16000}"',
    ]))  # fmt: skip

    of_events, of_products = (
        command("import", kind, str(file), "--tenant", tenant)
        for kind, file in (("events", events), ("catalog", products))
    )

    reported = dict(line.split(": ", 1) for line in of_events.err.splitlines() if line.startswith("line "))
    assert [*reported] == [f"line {number}" for number in (2, 3, 4, 5, 6, 7)]
    assert all(len(message) < 300 and "sys" not in message for message in reported.values())
    assert reported["line 5"].startswith("$.metadata.a[1]: ")
    assert reported["line 6"].startswith("$.metadata.a[0]: ")
    assert reported["line 7"].startswith("metadata: $.a: holds half of a surrogate pair")
    assert [json.loads(row["metadata"]) for row in events_of(database, tenant)] == [{"a": 0}]
    reported = dict(line.split(": ", 1) for line in of_products.err.splitlines() if line.startswith("line "))
    assert [*reported] == ["line 2", "line 3", "line 4"]
    assert reported["line 4"].startswith("$.attributes.a[0]: ")
    assert {
        name: (row["price"], json.loads(row["attributes"])) for name, row in items_of(database, tenant).items()
    } == {"d": (0, {"a": 0})}


@pytest.mark.parametrize("kind", ["ndjson.gz", "ndjson.zst"])
def test_a_file_that_is_cut_short_is_an_error_after_what_came_before_is_stored(
    command: Command, tenant: str, database: str, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"events.{kind}"
    whole = compressed(ndjson(*(event(number, sessionId=str(uuid4())) for number in range(8000))), kind)
    file.write_bytes(whole[: len(whole) * 3 // 4])

    ran = command("import", "events", str(file), "--tenant", tenant)

    assert ran.code == 1
    assert f"{file} cannot be read to its end" in ran.err
    assert is_one_line(ran.err[ran.err.index("error:") :])
    assert 2000 <= len(events_of(database, tenant)) < 8000

    file.write_bytes(whole)
    assert command("import", "events", str(file), "--tenant", tenant).code == 0
    assert len(events_of(database, tenant)) == 8000


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08\0garbage", b"plain text", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff\xff"]
)
def test_a_broken_compressed_file_is_one_line_of_error(
    command: Command, tenant: str, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(content)

    ran = command("import", "events", str(file), "--tenant", tenant)

    assert ran.code == 1
    assert "cannot be read to its end" in ran.err
    assert is_one_line(ran.err)


def test_a_file_of_bad_lines_only_is_an_error(command: Command, tenant: str, tmp_path: Path) -> None:
    file = tmp_path / "prose.ndjson"
    file.write_text("Once upon a time\n")

    ran = command("import", "events", str(file), "--tenant", tenant)

    assert ran.code == 1
    assert "No event was stored" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.ndjson", b"", "There are no events in the file"),
        ("none.json", b"[]", "There are no events in the file"),
        ("none.ndjson.gz", b"", "There are no events in the file"),
        ("none.csv", b"", "none.csv: The file is empty"),
        ("header.csv", b"userId,eventType,productId\r\n", "no rows below its header (userId, eventType, productId)"),
        ("feed.xml", b"<rss><channel/></rss>", "got none of them in rss"),
    ],
)
def test_a_file_without_rows_is_said_and_fails(
    command: Command, tenant: str, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)

    ran = command("import", "events", str(tmp_path / name), "--tenant", tenant)

    assert (ran.code, said in ran.err) == (1, True), ran.err


def test_several_files_are_imported_in_one_go_and_a_missing_one_is_named(
    command: Command, tenant: str, database: str, tmp_path: Path
) -> None:
    for number in range(2):
        (tmp_path / f"{number}.ndjson").write_bytes(ndjson(event(number)))

    ran = command(
        "import",
        "events",
        str(tmp_path / "0.ndjson"),
        str(tmp_path / "1.ndjson"),
        str(tmp_path / "2.ndjson"),
        "--tenant",
        tenant,
    )

    assert ran.code == 1
    assert ran.err.endswith(f"error: {tmp_path}/2.ndjson cannot be read: No such file or directory. Check the path.\n")
    assert len(events_of(database, tenant)) == 2


@pytest.mark.parametrize("arguments", [["import", "events", "-"], ["import", "catalog", "-"], ["refresh"]])
def test_an_unknown_tenant_is_refused_and_nothing_is_stored(
    command: Command, tenant: str, database: str, arguments: list[str]
) -> None:
    stranger = str(uuid4())

    ran = command(*arguments, "--tenant", stranger, stdin=ndjson(event(0)))

    assert ran.code == 1
    assert ran.err == f"error: There is no tenant {stranger}. Make one with `recomengine tenant create`.\n"
    assert events_of(database, stranger) == []


def test_a_deleted_tenant_is_refused(command: Command, tenant: str, database: str) -> None:
    asyncio.run(execute(database, "UPDATE tenants SET status = 'deleted' WHERE id = $1", UUID(tenant)))

    assert f"There is no tenant {tenant}" in command("refresh", "--tenant", tenant).err


def test_a_catalog_comes_from_csv_with_other_columns_as_attributes(
    command: Command, tenant: str, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.csv"
    file.write_text(
        "product_id,name,category,price,available,colour,image_url\n"
        'boot,"Boot, brown",Shoes > Boots,129.90,true,brown,//img.example/boot.svg\n'
        "clog,,,,no,,\n"
        "sock,Sock,,free,true,,\n"
        "hat,Hat,,9.00,perhaps,,\n"
        "cap,Cap,,inf,true,,\n"
    )

    first, again = (command("import", "catalog", str(file), "--tenant", tenant) for _ in range(2))

    items = items_of(database, tenant)
    assert first.code == again.code == 0
    assert "1 products: 1 created, 0 changed, 0 unchanged; 0 lines repeated, 4 rejected" in first.err
    reported = [line.split(":")[0] for line in first.err.splitlines() if line.startswith("line")]
    assert sorted(reported) == ["line 3", "line 4", "line 5", "line 6"]
    assert (
        "available: expected true or false, in stock or out of stock, or a number of pieces, got 'perhaps'" in first.err
    )
    assert "kept as attributes: colour" in first.err
    assert items.keys() == {"boot"}
    boot = items["boot"]
    assert (boot["name"], boot["category"], str(boot["price"])) == ("Boot, brown", "Shoes > Boots", "129.90")
    assert boot["image_url"] == "https://img.example/boot.svg"
    assert json.loads(boot["attributes"]) == {"colour": "brown"}


@pytest.mark.parametrize("kind", ["ndjson", "ndjson.gz", "ndjson.zst"])
def test_a_catalog_comes_from_ndjson_and_a_later_line_wins(
    command: Command, tenant: str, database: str, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"catalog.{kind}"
    lines = [{"productId": f"p-{number}", "name": f"Product {number}", "price": 1} for number in range(2500)]
    file.write_bytes(
        compressed(ndjson(*lines, b"nonsense", {"productId": "p-0", "name": "Renamed", "price": 2.5}), kind)
    )

    ran = command("import", "catalog", str(file), "--tenant", tenant)

    items = items_of(database, tenant)
    assert "2500 products: 2500 created, 0 changed, 0 unchanged; 1 lines repeated, 1 rejected" in ran.err
    assert len(items) == 2500
    assert (items["p-0"]["name"], str(items["p-0"]["price"])) == ("Renamed", "2.50")


def test_lines_that_were_there_with_other_content_are_named(command: Command, tenant: str, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    line = {"price": 9.5, "orderId": "o-1", "lineId": "1"}
    sold = [event(0, eventType="purchase", metadata=line | {"price": price}) for price in (9.5, 9.5, 8)]
    file.write_bytes(ndjson(*sold, event(1, userId=" ann ")))

    ran = command("import", "events", str(file), "--tenant", tenant)

    assert "2 events stored, 2 were there (1 with other content), 0 rejected; of 1, blanks around ids" in ran.err
    assert "line 3: was there with other content and stays as it was; it differs in price" in ran.err
    assert "line 4: blanks around userId were cut off" in ran.err
