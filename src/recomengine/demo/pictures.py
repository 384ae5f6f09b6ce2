"""Product pictures as SVG: the aisle gives the shape, the product its colour, so that no image file is needed."""

import hashlib
from functools import cache
from html import escape
from typing import Any

from recomengine.demo.shapes import shape

COLOURS = {
    "black": "#33343a", "brick": "#a8483a", "chalk": "#d9d8d2", "charcoal": "#4c5158", "clay": "#bd8468",
    "copper": "#bf7447", "cream": "#e6d7b4", "forest": "#3c6350", "graphite": "#5d6570", "honey": "#d9a24a",
    "ink": "#37456b", "lagoon": "#3a8fa3", "moss": "#748746", "mustard": "#d0a032", "navy": "#34507e", "oak": "#b58d5b",
    "oat": "#d3bf9d", "ochre": "#cd8a35", "olive": "#85834a", "plum": "#7d4c74", "rose": "#cf8590", "rust": "#b85c34",
    "sage": "#93aa8b", "sand": "#d2b585", "sky": "#76aed0", "slate": "#6f8296", "steel": "#9aa7b1", "teal": "#2f8580",
    "terracotta": "#c46d4d", "walnut": "#7c553c",
}  # fmt: skip

TRIMS = ("#f0e2c8", "#e3c9a0", "#f4ead9", "#d9dfe2")

_WHITE, _NIGHT = "#ffffff", "#1d2430"


@cache
def _mixed(colour: str, other: str, share: float) -> str:
    parts = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def picture(product: dict[str, Any]) -> bytes:
    """A 400 × 400 SVG that needs nothing from outside itself. The same product gives the same bytes."""
    seed = hashlib.sha256(product["productId"].encode()).digest()
    main = _main_colour(product, seed)
    ground = _mixed(main, _WHITE, 0.84)
    drawing = shape(product["name"], product.get("category", "").rpartition(" > ")[2]).substitute(
        main=main,
        dark=_mixed(main, _NIGHT, 0.26),
        light=_mixed(main, _WHITE, 0.34),
        ink=_mixed(main, _NIGHT, 0.72),
        trim=TRIMS[seed[0] % len(TRIMS)],
        ground=ground,
    )
    return _FRAME.format(
        name=escape(product["name"]),
        ground=ground,
        deep=_mixed(main, _WHITE, 0.68),
        disc=_mixed(main, _WHITE, 0.92),
        shadow=_mixed(main, _NIGHT, 0.45),
        x=130 + seed[1] % 140,
        y=120 + seed[2] % 70,
        radius=110 + seed[3] % 50,
        drawing=drawing.replace('class="l"', _LINE).replace('class="t"', _THIN_LINE).replace('class="w"', _WIDE_LINE),
    ).encode()


def _main_colour(product: dict[str, Any], seed: bytes) -> str:
    named = COLOURS.get(product.get("attributes", {}).get("colour", ""))
    return named or list(COLOURS.values())[seed[4] % len(COLOURS)]


_LINE, _THIN_LINE, _WIDE_LINE = (
    f'fill="none" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"' for width in (9, 5, 18)
)

_FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400" role="img">
<title>{name}</title>
<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{ground}"/>\
<stop offset="1" stop-color="{deep}"/></linearGradient></defs>
<rect width="400" height="400" fill="url(#g)"/>
<circle cx="{x}" cy="{y}" r="{radius}" fill="{disc}"/>
<ellipse cx="200" cy="334" rx="142" ry="17" fill="{shadow}" opacity=".2"/>
{drawing}
</svg>
"""
