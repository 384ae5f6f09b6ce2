"""Lines out of bodies: any cut, any packing, bounded memory."""

import asyncio
import gzip
import re
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from recomengine.files.bounds import MAX_BLANK_LINES, MAX_EMPTY_BYTES
from recomengine.files.forms import MEDIA
from recomengine.files.plan import Options
from recomengine.files.stream import STEP, stream_of
from recomengine.web.ndjson import BOM, LINE_TOO_LONG, MAX_BATCH_BYTES, MAX_LINE_BYTES, Lines
from recomengine.web.problems import MalformedBody, TooLarge
from recomengine.web.upload import upload
from tests.support.plans import KIND

MB = 1024 * 1024


def request_of(chunks: Sequence[bytes], encoding: str = "identity") -> Request:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    headers = [(b"content-type", b"application/x-ndjson"), (b"content-encoding", encoding.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def batches_of(request: Request) -> AsyncIterator[Lines]:
    return stream_of(upload(request, MEDIA), KIND, Options()).batches()


async def lines(chunks: Sequence[bytes], encoding: str = "identity") -> list[tuple[int, bytes]]:
    return [line async for batch in batches_of(request_of(chunks, encoding)) for line in batch]


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(1, 5), st.sampled_from(["identity", "gzip", "zstd"]))
def test_any_body_in_any_cut_is_split_as_a_whole_one_is(parts: list[bytes], size: int, encoding: str) -> None:
    body = b"\n".join(parts)
    expected = [
        (number, line.strip()) for number, line in enumerate(body.removeprefix(BOM).split(b"\n"), 1) if line.strip()
    ]
    packed = {"identity": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[encoding](body)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert asyncio.run(lines(chunks, encoding)) == expected


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
async def test_a_line_too_long_is_marked_and_numbered_and_the_next_is_read(end: bytes) -> None:
    long = b"x" * (MAX_LINE_BYTES + 1)
    assert await lines([b"a\n", long[:MB], long[MB:], b"\nb\n", long + end]) == [
        (1, b"a"),
        (2, LINE_TOO_LONG),
        (3, b"b"),
        (4, LINE_TOO_LONG),
    ]
    assert await lines([b"y" * (MAX_LINE_BYTES - 1) + end]) == [(1, b"y" * (MAX_LINE_BYTES - 1))]


async def test_a_batch_ends_at_its_bytes_as_well_as_at_its_lines() -> None:
    batches = [batch async for batch in batches_of(request_of([b"x" * (MB - 1) + b"\n"] * 20))]
    assert sum(map(len, batches)) == 20
    assert max(sum(len(line) for _, line in batch) for batch in batches) <= MAX_BATCH_BYTES + MAX_LINE_BYTES


def bombs() -> list[tuple[str, bytes]]:
    """Small bodies that expand to 64 MB, or to a million blank lines."""
    blank, endless, many = b"\n" * MB, b"x" * MB, b"x" * (MB // 2 - 1) + b"\n"
    found = []
    for piece in (endless, many):
        packer = zstandard.ZstdCompressor().compressobj()
        found.append(("zstd", b"".join(packer.compress(piece) for _ in range(64)) + packer.flush()))
        found.append(("gzip", gzip.compress(piece * 64, 9)))
    return [*found, ("gzip", gzip.compress(blank, 9)), ("zstd", zstandard.compress(blank))]


@pytest.mark.parametrize(("encoding", "bomb"), bombs())
async def test_a_bomb_costs_little_memory_and_lets_others_run(encoding: str, bomb: bytes) -> None:
    assert len(bomb) < 200_000
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(another())
    tracemalloc.start()
    try:
        async for _ in batches_of(request_of([bomb], encoding)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
    assert peak < 25 * MB
    assert turns > 10


def packed(encoding: str, parts: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(9, wbits=31) if encoding == "gzip" else zstandard.ZstdCompressor().compressobj()
    return b"".join([*(packer.compress(part) for part in parts), packer.flush()])


async def until_refused(body: bytes, encoding: str) -> tuple[list[tuple[int, bytes]], str, int]:
    """The lines before the refusal, what it says, and how many bytes of the body were taken."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        chunk = body[taken : taken + 256]
        taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": taken < len(body)}

    headers = [(b"content-type", b"application/x-ndjson"), (b"content-encoding", encoding.encode())]
    seen: list[tuple[int, bytes]] = []

    async def read() -> None:
        async for batch in batches_of(Request({"type": "http", "method": "POST", "headers": headers}, receive)):
            seen.extend(batch)

    with pytest.raises(TooLarge) as refused:
        await read()
    return seen, refused.value.detail, taken


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("blank", [b"\n", b" \t\r\n"])
async def test_of_a_hundred_million_blank_lines_few_are_read(encoding: str, blank: bytes) -> None:
    body = packed(encoding, [b"a\n\nb\n", *[blank * 1_000_000] * 100])
    seen, detail, taken = await until_refused(body, encoding)
    assert seen == [(1, b"a"), (3, b"b")]
    read = int(re.findall(r"among the first (\d+)\.", detail)[0])
    assert MAX_BLANK_LINES < read < MAX_BLANK_LINES + 2 * STEP
    assert taken <= max(len(body) // 20, 512)


@pytest.mark.parametrize(
    "piece",
    [b"x" * MB, b" " * MB, b" " * (MB - 1) + b"\n", b"x" * (2 * MB) + b"\n"],
    ids=["one line", "spaces", "blank lines", "long lines"],
)
async def test_little_is_read_of_what_expands_to_no_lines(piece: bytes) -> None:
    body = packed("gzip", [b"a\n", *[piece] * (10 * MAX_EMPTY_BYTES // len(piece))])
    seen, detail, taken = await until_refused(body, "gzip")
    assert seen[0] == (1, b"a")
    assert MAX_EMPTY_BYTES < int(re.findall(r"(\d+) bytes", detail)[0]) <= MAX_EMPTY_BYTES + 3 * STEP
    assert taken < len(body) // 8


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
async def test_blank_lines_between_lines_are_fine_in_any_number(encoding: str) -> None:
    many = [b"%d" % number + b"\n" * 11 for number in range(20_000)]
    start = b"\n" * MAX_BLANK_LINES
    body = start + b"".join(many) if encoding == "identity" else packed(encoding, [start, *many])
    assert [line for _, line in await lines([body], encoding)] == [b"%d" % number for number in range(20_000)]


async def test_whole_lines_before_a_break_come_out_before_the_problem() -> None:
    packed = gzip.compress(b"".join(b"%d\n" % (number * 7919 % 10_007) for number in range(5000)))
    seen: list[int] = []

    async def read() -> None:
        async for batch in batches_of(request_of([packed[:-2000]], "gzip")):
            seen.extend(number for number, _ in batch)

    with pytest.raises(MalformedBody) as caught:
        await read()
    assert seen
    assert f"after line {seen[-1]}." in caught.value.detail


async def test_nothing_is_read_ahead_of_who_reads() -> None:
    taken: list[int] = []

    async def receive() -> Message:
        taken.append(len(taken))
        return {"type": "http.request", "body": b"a\n" * STEP, "more_body": len(taken) < 100}

    headers = [(b"content-type", b"application/x-ndjson")]
    batches = batches_of(Request({"type": "http", "method": "POST", "headers": headers}, receive))
    await anext(batches)
    assert len(taken) == 1
