"""Files of the command line's imports: every form, packed or not, and what of them cannot be read."""

import gzip
import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from rich.console import Console

from recomengine.cli.files import Progress, streams_of
from recomengine.files.plan import Options
from recomengine.settings import SettingsError
from recomengine.web.ndjson import LINE_TOO_LONG, MAX_LINE_BYTES, Lines
from tests.support.plans import KIND


async def read(files: Sequence[str]) -> Lines:
    lines: Lines = []
    with Progress(Console(file=io.StringIO()), files) as progress:
        for _, stream in streams_of(files, KIND, Options(), progress):
            lines += [line async for batch in stream.batches() for line in batch]
    return lines


PACKED = [("", bytes), (".gz", gzip.compress), (".zst", zstandard.compress)]
TWO = [(2, '{"id":"1","name":"ü"}'.encode()), (3, b'{"id":"2","name":"x"}')]
FORMS = [
    ("a.ndjson", '\ufeff{"own":1}\r\n\r\n  \n{"own":"ü"}', [(1, b'{"own":1}'), (4, '{"own":"ü"}'.encode())]),
    ("a.JSON", '[{"own":1},\n{"own":2}]', [(1, b'{"own":1}'), (2, b'{"own":2}')]),
    ("a.json", '{"own":\n1}\n{"own":2}', [(1, b'{"own":\n1}'), (3, b'{"own":2}')]),
    ("a.CSV", "\ufeffid,name\r\n1,ü\r\n2,x\r\n", TWO),
    ("a.tsv", "id\tname\n1\tü\n2\tx\n", TWO),
    ("a.txt", "id;name\n1;ü\n2;x\n", TWO),
    ("feed", "<rss>\n<item><id>1</id><name>ü</name></item>\n<item><id>2</id><name>x</name></item></rss>", TWO),
]  # fmt: skip


@pytest.mark.parametrize(("end", "pack"), PACKED)
@pytest.mark.parametrize(("name", "text", "lines"), FORMS)
async def test_a_file_says_by_its_name_or_first_bytes_what_it_is(
    name: str, text: str, lines: Lines, end: str, pack: Any, tmp_path: Path
) -> None:
    file = tmp_path / f"{name}{end}"
    file.write_bytes(pack(text.encode()))
    assert await read([str(file)]) == lines


@pytest.mark.parametrize(("end", "pack"), PACKED)
@pytest.mark.parametrize(("name", "text", "lines"), [form for form in FORMS if form[0] != "a.tsv"])
async def test_standard_input_is_a_file_named_dash_of_any_form(
    name: str, text: str, lines: Lines, end: str, pack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Standard:
        buffer = io.BufferedReader(io.BytesIO(pack(text.encode())))

    monkeypatch.setattr("recomengine.cli.files.sys.stdin", Standard)
    assert await read(["-"]) == lines


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.ndjson.gz", gzip.compress(b"a\n" * 1000, mtime=0)[:-9]),
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
