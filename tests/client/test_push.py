"""`recomengine-client push` as a real process against a server process."""

import asyncio
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from recomengine_client import parts, progress
from recomengine_client.parts import Span, end_of_part, is_cut
from recomengine_client.progress import line
from recomengine_client.resuming import Memory
from tests.client.server import Server
from tests.support.apps import Tenant
from tests.support.commands import Ran
from tests.support.databases import fetchval
from tests.support.processes import PATIENCE_S, POLL_S, free_port

STORED = "SELECT count(*) FROM events WHERE tenant_id = $1"
Run = Callable[..., Ran]


def event(number: int, **members: object) -> str:
    made = {"eventType": "view", "userId": f"u{number}", "productId": "boots", "timestamp": 1767225600000 + number}
    return json.dumps(made | members)


@pytest.fixture
def push(other_process: str, tenant: Tenant, tmp_path: Path) -> Run:
    """`push(words…, …=…)`: what the command did; keywords go into its environment."""

    def run(*words: str, stdin: str = "", **environ: str) -> Ran:
        given = {"RECOMENGINE_URL": other_process, "RECOMENGINE_KEY": tenant.read_write,
                 "XDG_STATE_HOME": str(tmp_path / "state")}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "recomengine_client", "push", *words], input=stdin, capture_output=True, text=True,
            check=False, timeout=PATIENCE_S, env={"PATH": os.defpath} | given | environ,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.mark.parametrize(("name", "pack"), [
    ("e.ndjson", lambda text: text), ("e.ndjson.gz", gzip.compress), ("e.jsonl.zst", zstandard.compress),
    ("e.json", lambda text: text),
])  # fmt: skip
def test_files_of_events_are_pushed_plain_and_packed_and_pushing_again_adds_nothing(
    push: Run, tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / name
    file.write_bytes(pack("\n".join(event(i) for i in range(50)).encode()))
    first, second = push("events", str(file)), push("events", str(file))
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("events: 50 stored, in ")
    assert second.out.startswith("events: 50 there already, in ")


def test_a_table_of_products_goes_on_with_what_is_said_of_it(push: Run, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("Code;Title;Colour\nboots;Leather boots;red\nsocks;Wool socks;blue\n", encoding="utf-8")
    done = push("catalog", str(file), "--map", "Code=productId", "--map", "Title=name", "--separator", ";")
    assert done.code == 0, done.err
    assert done.out.startswith("catalog: 2 created, in ")
    assert "columns: Code → productId, Title → name\nkept: Colour" in done.out


def test_lines_that_are_rejected_are_told_by_their_place_in_their_file(push: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "one.ndjson", tmp_path / "two.ndjson"
    one.write_text(event(1), encoding="utf-8")
    two.write_text("\n".join([event(2), event(3, eventType="buy"), event(4)]), encoding="utf-8")
    done = push("events", str(one), str(two))
    assert done.code == 4
    assert done.out.startswith("events: 3 stored, 1 rejected, in ")
    assert f"{two}, line 2: $.eventType: expected one of" in done.out
    two.write_text(event(3, eventType="buy"), encoding="utf-8")
    assert push("events", str(two)).code == 1


def test_a_file_that_is_the_whole_catalog_takes_away_what_it_lacks(push: Run, tmp_path: Path) -> None:
    file = tmp_path / "products.ndjson"
    lines = [json.dumps({"productId": f"p{i}", "name": "One"}) for i in range(4)]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert push("catalog", str(file)).code == 0
    file.write_text(lines[0], encoding="utf-8")
    refused = push("catalog", str(file), "--mode", "replace")
    assert (refused.code, refused.out) == (1, "")
    assert "force" in refused.err
    done = push("catalog", str(file), "--mode", "replace", "--force")
    assert done.code == 0
    assert "3 not in the file and unavailable now" in done.out


def test_standard_input_is_pushed_when_it_is_said_what_it_is(push: Run) -> None:
    unknown = push("events", "-", stdin=event(1))
    assert unknown.code == 2
    assert "--type" in unknown.err
    assert push("events", "-", "--type", "ndjson", stdin=event(1)).out.startswith("events: 1 stored")


@pytest.mark.parametrize(("words", "said"), [
    (("catalog", "a.csv", "--force"), "--force goes with --mode replace alone"),
    (("catalog", "a.csv", "b.csv", "--mode", "replace"), "give one"),
    (("events", "a.csv", "--map", "Title"), "--map Title=name"),
    (("events", "nowhere.csv"), "nowhere.csv cannot be read or written: No such file"),
])  # fmt: skip
def test_a_command_that_is_wrong_says_what_to_do(push: Run, words: tuple[str, ...], said: str) -> None:
    done = push(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_key_and_a_url_that_are_wrong_say_so(push: Run, tenant: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "e.ndjson"
    file.write_text(event(1), encoding="utf-8")
    assert "RECOMENGINE_KEY" in push("events", str(file), RECOMENGINE_KEY="").err
    weak = push("events", str(file), RECOMENGINE_KEY=tenant.read)
    assert weak.code == 1
    assert "the server refuses: " in weak.err
    assert tenant.read not in weak.err


def test_an_empty_file_is_told_and_not_taken_for_done(push: Run, tmp_path: Path) -> None:
    file = tmp_path / "e.ndjson"
    file.touch()
    done = push("events", str(file))
    assert done.code == 2
    assert "is empty" in done.err


def test_an_interrupted_push_goes_on_behind_what_was_sent(push: Run, tmp_path: Path) -> None:
    """What interrupts it here is a second part that the server refuses, for it is blank."""
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    first.write_text(event(0), encoding="utf-8")
    padded: list[str] = []
    while sum(len(each) + 1 for each in padded) < parts.PART_BYTES:
        padded.append(event(len(padded) + 1, metadata={"pad": "x" * 7000}))
    second.write_text("\n".join(padded) + "\n" * 5_000_000, encoding="utf-8")
    broken = push("events", str(first), str(second))
    assert (broken.code, broken.err.count("an earlier push")) == (1, 0)
    assert broken.out.startswith(f"events: {1 + len(padded):,} stored")
    again = push("events", str(first), str(second))
    assert again.code == 1
    assert f"{first}: an earlier push has sent all of it." in again.err
    assert f"{second}: an earlier push has sent {len(padded):,} lines of it; going on behind them." in again.err
    assert again.out.startswith(f"events: {1 + len(padded):,} stored")
    anew = push("events", str(first), str(second), "--restart")
    assert "an earlier push" not in anew.err
    assert anew.out.startswith(f"events: {1 + len(padded):,} there already")


async def test_a_push_waits_for_a_server_that_is_killed_and_started_again(
    push: Run, server: Server, tenant: Tenant, tmp_path: Path
) -> None:
    file, count = tmp_path / "e.ndjson", 6000
    file.write_text("\n".join(event(i) for i in range(count)), encoding="utf-8")
    pushing = asyncio.create_task(asyncio.to_thread(push, "events", str(file), RECOMENGINE_URL=server.url))
    while not pushing.done() and not await fetchval(server.database_url, STORED, tenant.id):
        await asyncio.sleep(POLL_S)
    server.kill()
    server.start()
    done = await pushing
    assert (done.code, done.err) == (0, "")
    assert await fetchval(server.database_url, STORED, tenant.id) == count


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 60), st.booleans())
def test_parts_are_the_file_cut_at_ends_of_lines(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], part_bytes: int, ended: bool
) -> None:
    text = b"\n".join(b"x" * length for length in lengths) + (b"\n" if ended else b"")
    file = tmp_path_factory.getbasetemp() / "parts"
    file.write_bytes(text)
    read, start = [], 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "PART_BYTES", part_bytes)
        while start < len(text):
            span = Span(file, start, end_of_part(file, start, len(text)))
            read.append(b"".join(span.pieces(lambda _: None)))
            assert span.lines == read[-1].count(b"\n")
            start = span.end
    assert b"".join(read) == text
    assert all(part.endswith(b"\n") and len(part) >= part_bytes for part in read[:-1])


@pytest.mark.parametrize(("first_line", "media", "encoding", "cut"), [
    (b'{"userId": "ann", "eventType": "view"}', "application/x-ndjson", None, True),
    (b'{"userId": "ann"}', "application/x-ndjson", "gzip", False),
    (b'{"customer": "ann"}', "application/x-ndjson", None, False),
    (b"not json", "application/x-ndjson", None, False),
    (b"userId,eventType", "text/csv", None, False),
])  # fmt: skip
def test_only_plain_lines_of_the_servers_own_are_cut(
    tmp_path: Path, first_line: bytes, media: str, encoding: str | None, cut: bool
) -> None:
    file = tmp_path / "file"
    file.write_bytes(first_line + b"\n")
    assert is_cut(file, "events", media, encoding) is cut


def test_what_is_remembered_is_of_this_very_file_and_way(tmp_path: Path) -> None:
    file, folder = tmp_path / "e.ndjson", tmp_path / "state"
    file.write_bytes(b"{}\n{}\n")
    memory = Memory(folder, file, "url", "key")
    memory.keep(memory.place().behind(3, 1, {"accepted": 1}))
    kept = Memory(folder, file, "url", "key").place()
    assert (kept.offset, kept.line, kept.counts) == (3, 1, {"accepted": 1})
    assert kept.behind(6, 1, {"accepted": 1}).counts == {"accepted": 2}
    assert Memory(folder, file, "url", "another key").place().offset == 0
    file.write_bytes(b"{}\n{}\n{}\n")
    assert Memory(folder, file, "url", "key").place().offset == 0
    next(folder.glob("*.json")).write_text("damaged", encoding="utf-8")
    assert memory.place().offset == 0
    memory.forget()
    assert not [*folder.iterdir()]


@given(st.integers(0, 10**12), st.none() | st.integers(0, 10**12), st.floats(0, 1e6))
def test_the_bar_fits_a_line_whatever_it_shows(done: int, total: int | None, seconds: float) -> None:
    assert len(line(done, total, seconds)) < 120
    assert "\n" not in line(done, total, seconds)


def test_a_terminal_sees_how_far_it_is_and_a_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0)
    seen = {}
    for shown in (True, False):
        stream = io.StringIO()
        monkeypatch.setattr(stream, "isatty", lambda shown=shown: shown)
        bar = progress.Progress(stream, 2_000_000)
        bar.advance(1_000_000)
        bar.clear()
        seen[shown] = stream.getvalue()
    assert "] " + " 50% 1.0 of 2.0 MB, " in seen[True]
    assert seen[True].endswith("\r\x1b[K")
    assert seen[False] == ""


async def test_a_push_that_is_stopped_by_hand_says_how_to_go_on(
    other_process: str, tenant: Tenant, database_url: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "recomengine_client", "push", "events", "-", "--type", "ndjson"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": os.defpath, "RECOMENGINE_URL": other_process, "RECOMENGINE_KEY": tenant.read_write},
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )  # fmt: skip
    assert process.stdin is not None
    for number in range(20_000):
        process.stdin.write(event(number, sessionId=uuid4().hex).encode() + b"\n")
    process.stdin.flush()
    while not await fetchval(database_url, STORED, tenant.id):
        await asyncio.sleep(POLL_S)
    process.send_signal(signal.SIGINT)
    _, said = await asyncio.to_thread(process.communicate, timeout=PATIENCE_S)
    assert process.returncode == 130
    assert said.decode().startswith("recomengine-client: stopped. Run the same command again")


def test_a_server_that_is_not_there_is_told_with_what_to_do(tmp_path: Path, push: Run) -> None:
    file = tmp_path / "e.ndjson"
    file.write_text(event(1), encoding="utf-8")
    done = push("events", str(file), "--url", f"http://127.0.0.1:{free_port()}", "--wait", "0")
    assert done.code == 3
    assert "Run the same command again to go on" in done.err
