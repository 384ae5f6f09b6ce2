"""Tables: any separator, quoting, encoding and cut come back whole, and broken structure costs its own lines only."""

import csv
import io
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recomengine.files.rows import OPEN_QUOTE
from recomengine.web.ndjson import LINE_TOO_LONG, MAX_LINE_BYTES, Lines, Unreadable
from tests.support.plans import read_whole

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
