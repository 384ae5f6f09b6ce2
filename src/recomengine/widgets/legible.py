"""Colours that can be read: where a theme says only one of text and background, the other is chosen for contrast.

Contrast is (L1 + 0.05) / (L2 + 0.05) of the relative luminances, as WCAG 2 defines them. With each colour one of DARK
and LIGHT has at least 4.4, so a list can always be read.
"""

from msgspec import UNSET
from msgspec.structs import replace

from recomengine.widgets.schemas import Theme

DARK, LIGHT = "#111111", "#ffffff"


def legible(theme: Theme) -> Theme:
    text, background = theme.text_color, theme.background_color
    if text is UNSET and background is not UNSET:
        return replace(theme, text_color=opposite(background))
    if background is UNSET and text is not UNSET:
        return replace(theme, background_color=opposite(text))
    return theme


def opposite(color: str) -> str:
    """DARK or LIGHT, whichever stands out more from `color`."""
    return max((DARK, LIGHT), key=lambda other: contrast(color, other))


def contrast(one: str, other: str) -> float:
    """1 to 21. Of a colour that lets the page through, as if it did not."""
    lower, higher = sorted((_luminance(one), _luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


def _luminance(color: str) -> float:
    digits = color[1:]
    pairs = [digit * 2 for digit in digits] if len(digits) == 3 else [digits[at : at + 2] for at in (0, 2, 4)]
    red, green, blue = (_linear(int(pair, 16) / 255) for pair in pairs)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
