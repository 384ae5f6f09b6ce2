"""A theme that says only one of text and background can be read all the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.widgets.legible import DARK, LIGHT, contrast, legible, opposite
from recomengine.widgets.schemas import Theme
from tests.widgets.shop import Shop

COLORS = st.from_regex(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", fullmatch=True)


@pytest.mark.parametrize(("theme", "completed"), [
    ({"backgroundColor": "#101820"}, {"textColor": LIGHT}), ({"backgroundColor": "#fafafa"}, {"textColor": DARK}),
    ({"textColor": "#eee"}, {"backgroundColor": DARK}), ({"textColor": "#222"}, {"backgroundColor": LIGHT}),
    ({"textColor": "#333", "backgroundColor": "#222"}, {}), ({"primaryColor": "#222"}, {}), ({}, {}),
])  # fmt: skip
async def test_pages_are_told_the_color_that_is_missing_and_admins_what_was_saved(
    shop: Shop, theme: dict[str, str], completed: dict[str, str]
) -> None:
    made = await shop.make(theme=theme)
    assert made["theme"] == theme
    assert (await shop.look()).json()["data"]["theme"] == theme | completed
    (placed,) = await shop.page({"placementId": "home"})
    assert placed["widget"]["theme"] == theme | completed


@given(COLORS)
def test_whatever_the_one_color_the_other_stands_out(color: str) -> None:
    assert contrast(color, opposite(color)) >= 4.3
    for theme in (Theme(background_color=color), Theme(text_color=color)):
        shown: Any = legible(theme)
        assert contrast(shown.text_color, shown.background_color) >= 4.3


def test_contrast_is_wcags() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffffcc") == pytest.approx(4.478, abs=0.001)
