"""The memory-mapped string table is a dict."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.strings import StringTable, build_string_table

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(text, unique=True), st.lists(text))
def test_every_string_is_found_and_no_other(strings: list[str], others: list[str]) -> None:
    table = StringTable(*build_string_table(strings))
    assert len(table) == len(strings)
    assert [table.find(string) for string in strings] == list(range(len(strings)))
    assert all(table.find(other) == -1 for other in others if other not in strings)


def test_arrays_that_cannot_be_a_table_are_refused() -> None:
    offsets, data, slots = build_string_table(["a", "b"])
    with pytest.raises(ValueError, match="slots"):
        StringTable(offsets, data, slots[:3])
    with pytest.raises(ValueError, match="offsets"):
        StringTable(offsets + 5, data, slots)
    with pytest.raises(ValueError, match="data"):
        StringTable(offsets, data.astype(np.int32), slots)
