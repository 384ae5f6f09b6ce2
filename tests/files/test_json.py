"""JSON: arrays as well as lines, taken as they stand where their names are the domain's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.files.plan import Options
from recomengine.web.ndjson import MAX_LINE_BYTES, Unreadable
from recomengine.web.problems import MalformedBody
from tests.support.plans import read_whole

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=3), values, max_size=3).map(lambda one: {"own": 1} | one)


@given(st.lists(objects, max_size=5), st.sampled_from([None, 2]), st.integers(1, 30), st.booleans())
def test_any_array_comes_back_by_its_objects_in_any_cut(
    wanted: list[dict[str, object]], indent: int | None, step: int, in_list: bool
) -> None:
    text = json.dumps(wanted, indent=indent) if in_list else "\n".join(json.dumps(one, indent=indent) for one in wanted)
    lines = read_whole("json", b"\xef\xbb\xbf" + text.encode(), step=step)
    assert [json.loads(line) for _, line in lines] == wanted
    starts = [
        number for number, line in enumerate(text.split("\n"), 1) if line in ("{", "  {", "[{") or line[:1] == "{"
    ]
    if indent and wanted:
        assert [number for number, _ in lines] == starts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"own":1},\n{"own":2', "cut short"),
        ('[{"own":1}', "cut short"),
        ('[{"own":1},\n{"own":"a\nb"}]', "beyond line 2. A text there is not closed"),
        ('[{"own":1}] [{"own":2}]', "Expected nothing behind the list"),
        ("[<html>]", "Expected an object in braces, got '<html>]"),
        ('[{"own":"' + "x" * (2 * MAX_LINE_BYTES), f"longer than {MAX_LINE_BYTES} bytes"),
    ],
)
def test_an_array_that_cannot_be_read_to_its_end_says_where_and_why(text: str, why: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        read_whole("json", text.encode(), step=1 << 14)
    assert why in refused.value.detail


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_objects_in_other_names_are_records_for_the_plan(form: str) -> None:
    objects = [
        {"sku": "a", "price": 9.50, "on": True, "none": None, "tags": ["x", 1], "nested": {"b": [1]}},
        {"new": "ü"},
    ]
    text = json.dumps(objects) if form == "json" else "\n".join(map(json.dumps, objects))
    lines = read_whole(form, text.encode())  # type: ignore[arg-type]
    assert [json.loads(line) for _, line in lines] == [
        {"sku": "a", "price": "9.5", "on": "true", "none": "", "tags": ["x", "1"], "nested": '{"b": [1]}'},
        {"new": "ü"},
    ]


def test_objects_in_own_names_are_taken_as_they_stand_unless_columns_are_mapped() -> None:
    line = b'{"own":1,"typo":2.50}'
    assert read_whole("ndjson", line + b"\n") == [(1, line)]
    assert read_whole("ndjson", line + b"\n", Options(map={"typo": "x"})) == [(1, b'{"own":"1","typo":"2.50"}')]


def test_a_line_that_is_no_object_costs_itself_whoever_reads_the_others() -> None:
    lines = read_whole("ndjson", b'{"sku":"a"}\n{broken\n[1]\n{"sku":"b"}\n')
    assert [number for number, line in lines if isinstance(line, Unreadable)] == [2, 3]
    assert len(lines) == 4


def test_lines_in_utf_16_are_read() -> None:
    assert read_whole("ndjson", '{"own":"ü"}\n{"own":2}\n'.encode("utf-16"), step=5) == [
        (1, '{"own":"ü"}'.encode()), (2, b'{"own":2}'),
    ]  # fmt: skip
