"""Tables: any separator, quoting, encoding and cut come back whole, and broken structure costs its own lines only."""

import csv
import io
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recomengine.files.forms import source_of
from recomengine.files.plan import Options
from recomengine.files.rows import OPEN_QUOTE
from recomengine.web.ndjson import LINE_TOO_LONG, MAX_LINE_BYTES, Lines, Unreadable
from recomengine.web.problems import Invalid, TooLarge
from tests.support.plans import KIND, read_source, read_whole

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
WRITERS = [
    (csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_NONNUMERIC, "\r\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\n"),
    (csv.QUOTE_ALL, "\r"),
]  # fmt: skip
cells = st.text(st.sampled_from("aZ1 é€\";,|\t\r\n'=+"), max_size=8)


def good(lines: Lines) -> list[dict[str, str]]:
    return [json.loads(line) for _, line in lines if not isinstance(line, Unreadable)]


def bad(lines: Lines) -> dict[int, str]:
    return {number: line.decode() for number, line in lines if isinstance(line, Unreadable)}


@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(WRITERS),
    st.sampled_from(ENCODINGS),
    st.integers(1, 40),
)
def test_any_table_that_a_program_writes_comes_back_whole(
    rows: list[list[str]], separator: str, written_by: tuple[int, str], encoding: str, step: int
) -> None:
    header = ["id", "größe", "name"]
    assume(all(any(row) for row in rows))
    written = io.StringIO()
    quoting, end = written_by
    writer = csv.writer(written, delimiter=separator, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([header, *rows])
    content = written.getvalue().encode(encoding)

    lines = read_whole("table", content, step=step)

    assert good(lines) == [dict(zip(header, row, strict=True)) for row in rows]
    assert bad(lines) == {}


HEADER = "id,name,price\n"
BROKEN = [
    ("an open quote", 'a,"Frame,5\nb,Vase,7\nc,Bowl,9\n', "bc", {2: OPEN_QUOTE}),
    ("an open quote in the last row", 'a,Vase,7\nb,"Frame,5\n', "a", {3: OPEN_QUOTE}),
    (
        "one that closes lines later in a row that does not fit",
        'a,"Frame,5\nb,Vase,7\nc,"Bowl,x",9\n',
        "bc",
        {2: OPEN_QUOTE},
    ),
    ("two in a row", 'a,"Frame,5\nb,"Vase,7\nc,Bowl,9\n', "c", {2: OPEN_QUOTE, 3: OPEN_QUOTE}),
    ("a quote within a cell", 'a,7" frame,5\nb,Vase,7\n', "ab", {}),
    ("text behind a closing quote", 'a,"Best of" mug,5\nb,Vase,7\n', "ab", {}),
    ("a bare line break", "a,Frame with\nlong legs,5\nb,Vase,7\n", "b", {2: "Expected 3 cells", 3: "Expected 3 cells"}),
    ("a short row", "a,Frame\nb,Vase,7\n", "b", {2: "got 2"}),
    ("a long row", "a,Frame,19,90\nb,Vase,7\n", "b", {2: "got 4"}),
    ("a line that is too long", "a," + "x" * 2 * MAX_LINE_BYTES + ",5\nb,Vase,7\n", "b", {2: LINE_TOO_LONG.decode()}),
    ("separators alone, and blank lines", ",,\n\nb,Vase,7\n,,\n \n", "b", {}),
    ("separators behind the row", "a,Frame,5,,\nb,Vase,7\n", "ab", {}),
]


@pytest.mark.parametrize(("rows", "ids", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("step", [7, 1 << 22])
def test_broken_structure_costs_its_own_lines_and_no_other(
    rows: str, ids: str, told: dict[int, str], end: str, step: int
) -> None:
    if step == 7 and len(rows) > 1000:
        step = 4096
    lines = read_whole("table", (HEADER + rows).replace("\n", end).encode(), step=step)
    assert "".join(row["id"] for row in good(lines)) == ids
    assert bad(lines).keys() == told.keys()
    assert all(told[number] in why for number, why in bad(lines).items())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_in_a_table_of_tabs_quotes_are_text_unless_they_hold_the_whole_cell(end: str) -> None:
    rows = [
        'a\t"Best of" mug',
        'b\t"The classic mug',
        'c\tCup 7" tall',
        'd\t"Tea, ""green"""',
        'e\t"two',
        'lines"',
        "f\tPlate",
    ]
    lines = read_whole("tsv", end.join(["id\tname", *rows, ""]).encode())
    assert [row["name"] for row in good(lines)] == [
        '"Best of" mug', '"The classic mug', 'Cup 7" tall', 'Tea, "green"', f"two{end}lines", "Plate"
    ]  # fmt: skip
    assert bad(lines) == {}


def test_rows_behind_quoted_line_breaks_are_numbered_as_an_editor_counts() -> None:
    content = b'id,name\na,"one\ntwo\nthree"\nb\n\nc,Vase\n'
    lines = read_whole("table", content)
    assert [number for number, _ in lines] == [2, 5, 7]
    assert list(bad(lines)) == [5]


def test_a_quoted_cell_that_may_have_swallowed_rows_is_told() -> None:
    source = source_of("table", KIND, Options())
    read_source(source, b'id,name,price\na,"Frame,5\nb,Vase,7\nc,Bowl 7",9\n')
    report = source.report()
    assert report is not None
    assert "Line 2 holds a quoted cell over several lines that look like rows" in report.notes[1]


def test_a_table_of_open_quotes_is_read_in_time_that_grows_with_its_length() -> None:
    """Each line is looked at twice at most; a second look at all that follows would take hours."""
    rows = 200_000
    lines = read_whole("table", b"id,name\n" + b'1,"a\n' * rows, step=1 << 16)
    assert len(bad(lines)) == rows
    long = read_whole("table", b'id,name\n1,"a\n' + b'2,a""b\n' * rows, step=1 << 16)
    assert len(good(long)) == rows
    assert list(bad(long)) == [2]


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize("hint", ["", "sep=X\r\n", "\r\n\r\n"])
def test_the_separator_is_found_from_the_header_alone(separator: str, hint: str) -> None:
    content = hint.replace("X", separator) + f'id{separator}"a, b; c"{separator}price\r\n1{separator}x{separator}9\r\n'
    assert good(read_whole("table", content.encode())) == [{"id": "1", "a, b; c": "x", "price": "9"}]


@pytest.mark.parametrize("encoding", [*ENCODINGS, "iso-8859-1"])
def test_the_encoding_is_found_and_said(encoding: str) -> None:
    source = source_of("table", KIND, Options())
    lines = read_source(source, "id;größe\n1;Füße\n".encode(encoding), step=3)
    assert good(lines) == [{"id": "1", "größe": "Füße"}]
    report = source.report()
    assert report is not None
    shown = "UTF-16" if "16" in encoding else "UTF-8" if "utf" in encoding else "Windows-1252"
    assert report.notes[0] == f"Read as {shown}, separated by ;"


def test_an_encoding_that_is_said_is_taken() -> None:
    content = "id,name\n1,Żółw\n".encode("iso-8859-2")
    assert good(read_whole("table", content, Options(encoding="ISO-8859-2"))) == [{"id": "1", "name": "Żółw"}]


def test_a_row_that_is_not_in_the_files_encoding_is_told_and_the_rest_is_read() -> None:
    content = "id,name\n1,Füße\n2,Bl".encode() + b"\xfc" + "te\n3,Öl\n".encode()
    lines = read_whole("table", content)
    assert [row["name"] for row in good(lines)] == ["Füße", "Öl"]
    assert bad(lines) == {3: "The row is not UTF-8. Save the file as UTF-8, or name its encoding."}


REFUSED = [
    (b"", Options(), "The file is empty"),
    (b"\n\n", Options(), "The file is empty"),
    (b"id,name\n", Options(), "no rows below its header (id, name)"),
    (b"id,name\n,,\n", Options(), "no rows below its header (id, name)"),
    (b"id,price,price\n1,2,3\n", Options(), "names a column twice: price"),
    (b'id,"name\n1,Frame\n', Options(), "The header in line 1 cannot be read"),
    (b"id,name\n1,a\n", Options(separator=";;"), "$.separator: expected one character"),
    (b"id,name\n1,a\n", Options(encoding="klingon"), "$.encoding: expected utf-8"),
    (b"id,name\n1,a\n", Options(encoding="zip"), "$.encoding: expected utf-8"),
]


@pytest.mark.parametrize(("content", "options", "why"), REFUSED)
def test_a_table_that_cannot_be_judged_is_refused_in_words(content: bytes, options: Options, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_whole("table", content, options)
    assert why in refused.value.detail


def test_columns_without_a_name_are_ignored_and_said() -> None:
    source = source_of("table", KIND, Options())
    assert good(read_source(source, b",id,,name,\n0,1,,Vase,\n")) == [{"id": "1", "name": "Vase"}]
    report = source.report()
    assert report is not None
    assert report.columns.ignored == [f"column {number}, which has no name" for number in (1, 3, 5)]


def test_blank_rows_without_end_are_not_read_to_their_end() -> None:
    with pytest.raises(TooLarge):
        read_whole("table", b"id,name\n1,a\n" + b"\n" * 3_000_000, step=1 << 16)
