"""CSS that keeps a widget's place on a page until the SDK is there, so that nothing below it moves.

The tag loads the script beside the page, which is drawn without it. So the element of a placement is given its height
before: as long as it is empty, a box in it is as high as the list will be. The script puts the list in place of the
box; where there is no list, it hides the element, and where the script itself never comes, the box goes by itself.

The box has the height that sdk/src/styles.css and sdk/src/renderer.ts give a list, at each of their widths:

    head + rows × card + (rows − 1) × gap,    card = min(400 px, (100% − (columns − 1) × gap) / columns − 18 px) + text

with 18 px of padding and border around a card's picture, which is square. The height is a padding, whose percentages
are those of the element's width. `tests/browser/test_places.py` compares the two.
"""

import re
from collections.abc import Sequence
from math import ceil

from recomengine.widgets.schemas import Look, WidgetIn, look_of

WIDTHS_PX = {1: 0, 2: 290, 3: 560, 4: 760, 6: 1100}
"""From which width on so many columns fit."""
GIVEN_UP_S = 10
HEAD = f"""/* Keeps the place of recommendations until the script is there: the height of each saved widget. */
@keyframes recomengine-place {{ to {{ padding: 0 }} }}
[data-recomengine-placement]:empty {{ container: recomengine / inline-size; min-width: 12em; line-height: 1.4 }}
[data-recomengine-placement]:empty::before {{
  content: ""; display: block; animation: recomengine-place 0s {GIVEN_UP_S}s forwards
}}
"""


def place_styles(looks: Sequence[Look]) -> str:
    """For the placements of these widgets, and as one by default for all others."""
    usual = look_of(WidgetIn(placement_id="usual"))
    rules = [_rules("[data-recomengine-placement]", usual)]
    rules += [_rules(f'[data-recomengine-placement="{_quoted(look.placement_id)}"]', look) for look in looks]
    return HEAD + "".join(rules)


def _rules(selector: str, look: Look) -> str:
    rules, last = [], ""
    for fit, width_px in WIDTHS_PX.items():
        height = _height(look, fit)
        if height != last:
            rule = f"{selector}:empty::before {{ padding-top: {height} }}\n"
            rules.append(
                f"@container recomengine (min-width: {width_px}px) {{ {rule.rstrip()} }}\n" if width_px else rule
            )
        last = height
    return "".join(rules)


def _height(look: Look, fit: int) -> str:
    """Where so many columns fit."""
    gap_px = look.theme.gap if isinstance(look.theme.gap, int) else 16
    columns, rows = _columns_and_rows(look, fit)
    text = 2.8 + (1.4 + 0.25) * look.show_price + (0.25 + 2.8 * 0.8)
    border_px = 2 * bool(look.cta_text)
    text += (0.25 + (0.5 + 2.4) * 0.8) * bool(look.cta_text)
    if look.layout == "list":
        card = f"max(146px, {text:.5g}em + {34 + border_px}px)"
    else:
        picture = f"min(400px, (100% - {(columns - 1) * gap_px}px) / {columns} - 18px)"
        card = f"({picture} + {text:.5g}em + {34 + border_px}px)"
    head = _head(look)
    return f"calc({head}{rows} * {card} + {(rows - 1) * gap_px}px)"


def _head(look: Look) -> str:
    title = "1.96em" if look.title else ""  # of one line
    if look.layout == "carousel":
        return f"max(40px, {title or '0px'}) + 1em + "
    return f"{title} + 1em + " if title else ""


def _columns_and_rows(look: Look, fit: int) -> tuple[int, int]:
    """As `dress` in renderer.ts has them: no card is alone in the last row of a grid."""
    items = look.max_items
    if look.layout == "carousel":
        return min(fit, look.columns), 1
    if look.layout == "list":
        columns = min(2 if fit > 3 else 1, look.columns)
        return columns, ceil(items / columns)
    columns = min(fit, look.columns)
    while columns > 3 and items > 1 and items % columns == 1:
        columns -= 1
    lonely = items > columns > 1 and items % columns == 1
    return columns, ceil(items / columns) - lonely


def _quoted(text: str) -> str:
    """As the inside of a CSS string; `<` too, so that it may stand in a <style> element."""
    return re.sub(r'["\\<\n\r\f]', lambda found: f"\\{ord(found[0]):x} ", text)
