"""Files of the command line's imports: tables and lines, packed or not, and what of them cannot be read."""

import gzip
import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from rich.console import Console

from recomengine.cli.files import Progress, read_batches
from recomengine.settings import SettingsError
from recomengine.web.ndjson import LINE_TOO_LONG, MAX_LINE_BYTES, Unreadable


def plain(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row)


async def read(files: Sequence[str], convert: Any = plain) -> list[tuple[int, bytes]]:
    with Progress(Console(file=io.StringIO()), files) as progress:
        return [line async for batch in read_batches(files, convert, progress) for line in batch]


PACKED = [("", bytes), (".gz", gzip.compress), (".zst", zstandard.compress)]


@pytest.mark.parametrize(("end", "pack"), PACKED)
async def test_lines_are_numbered_and_blank_ones_left_out(end: str, pack: Any, tmp_path: Path) -> None:
    file = tmp_path / f"events.ndjson{end}"
    file.write_bytes(pack(b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"b":2}'))
    assert await read([str(file)]) == [(1, b'{"a":1}'), (4, b'{"b":2}')]


@pytest.mark.parametrize(("end", "pack"), PACKED)
async def test_rows_of_a_table_come_as_what_they_are_converted_to(end: str, pack: Any, tmp_path: Path) -> None:
    file = tmp_path / f"items.CSV{end}"
    file.write_bytes(pack('\ufeffid,name\r\n1,"two\nlines"\r\n2,ü\r\n'.encode()))
    assert await read([str(file)]) == [(3, b'{"id":"1","name":"two\\nlines"}'), (4, '{"id":"2","name":"ü"}'.encode())]


async def test_a_cell_that_cannot_be_read_is_a_bad_line_that_says_why(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("price\n1\nmuch\n")

    def priced(row: dict[str, Any]) -> bytes:
        return plain({"price": float(row["price"])})

    good, bad = await read([str(file)], priced)
    assert good == (2, b'{"price":1.0}')
    assert bad[0] == 3
    assert isinstance(bad[1], Unreadable)
    assert b"could not convert string to float: 'much'" in bad[1]


async def test_a_line_too_long_is_marked_and_the_next_is_read(tmp_path: Path) -> None:
    file = tmp_path / "long.ndjson"
    file.write_bytes(b"a\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\nb\n" + b"x" * (2 * MAX_LINE_BYTES))
    assert await read([str(file)]) == [(1, b"a"), (2, LINE_TOO_LONG), (3, b"b"), (4, LINE_TOO_LONG)]


async def test_several_files_come_one_after_the_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.ndjson").write_text(f"{name}1\n{name}2\n")
    lines = await read([str(tmp_path / "a.ndjson"), str(tmp_path / "b.ndjson")])
    assert [line for _, line in lines] == [b"a1", b"a2", b"b1", b"b2"]


async def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.ndjson"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"a\nb\n"))
    writer.start()
    assert await read([str(pipe)]) == [(1, b"a"), (2, b"b")]
    writer.join()


async def test_standard_input_is_a_file_named_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        buffer = io.BufferedReader(io.BytesIO(b'{"a":1}\n{"b":2}\n'))

    monkeypatch.setattr("recomengine.cli.files.sys.stdin", Standard)
    assert await read(["-"]) == [(1, b'{"a":1}'), (2, b'{"b":2}')]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.ndjson.gz", gzip.compress(b"a\n" * 1000)[:-9]),
        ("no.ndjson.gz", b"plain text"),
        ("no.ndjson.zst", b"plain text"),
    ],
)
async def test_a_file_that_cannot_be_read_to_its_end_says_so(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=f"{name} cannot be read to its end"):
        await read([str(tmp_path / name)])


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent.ndjson cannot be read: No such file"):
        await read([str(tmp_path / "absent.ndjson")])
