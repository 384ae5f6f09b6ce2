"""The sample shop's widgets: how each place on its pages looks, and what it is filled with."""

from recomengine.widgets.schemas import Theme, WidgetIn

THEME = Theme(border_radius=18, gap=16)
"""The colours are left to the shop's own style sheet, which knows whether the page is dark."""

PLACEMENTS = (
    WidgetIn(placement_id="home", title="For you", layout="grid", columns=4, max_items=8, theme=THEME),
    WidgetIn(
        placement_id="trending", title="Trending", layout="carousel", columns=5, max_items=12, strategy="trending",
        theme=THEME,
    ),
    WidgetIn(placement_id="category", title="Picked for you", layout="carousel", columns=5, max_items=10, theme=THEME),
    WidgetIn(
        placement_id="product", title="Often bought together", layout="grid", columns=4, max_items=4,
        strategy="frequently_bought_together", cta_text="Have a look", theme=THEME,
    ),
    WidgetIn(
        placement_id="similar", title="Similar", layout="carousel", columns=5, max_items=10, strategy="content_based",
        theme=THEME,
    ),
    WidgetIn(placement_id="cart", title="Goes with your cart", layout="list", max_items=4, theme=THEME),
    WidgetIn(placement_id="search", title="More for you", layout="grid", columns=4, max_items=4, theme=THEME),
    WidgetIn(placement_id="thanks", title="For next time", layout="grid", columns=4, max_items=4, theme=THEME),
)  # fmt: skip
