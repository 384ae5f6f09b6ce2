"""What the simulated shoppers do on purpose, so that a model can be checked against it."""

from collections.abc import Sequence
from typing import NamedTuple

from recomengine.demo.catalog import Product, product_id

TASTES: dict[str, tuple[str, ...]] = {
    "Weekend camper": ("Outdoor > Tents", "Outdoor > Sleeping Bags", "Outdoor > Camp Cooking"),
    "Long-distance walker": ("Footwear > Hiking Boots", "Clothing > Rain Jackets", "Packs & Travel > Backpacks"),
    "Coffee lover": ("Kitchen > Coffee & Tea Gear", "Pantry > Coffee Beans", "Kitchen > Mugs"),
    "Home cook": ("Kitchen > Cookware", "Kitchen > Knives & Boards", "Kitchen > Storage Jars"),
    "Nest builder": ("Home > Cushions", "Home > Blankets", "Home > Lamps"),
    "Gardener": ("Garden > Planters", "Garden > Garden Tools", "Garden > Seeds"),
    "Trail runner": ("Footwear > Trail Shoes", "Pantry > Trail Snacks", "Packs & Travel > Water Bottles"),
    "Slow evenings": ("Pantry > Tea", "Home > Candles", "Footwear > Sandals"),
    "Traveller": ("Packs & Travel > Duffels", "Clothing > Hats & Gloves", "Clothing > Socks"),
    "Garden host": ("Outdoor > Camp Furniture", "Outdoor > Headlamps & Lanterns", "Clothing > Base Layers"),
}

# The first is what people come for, the second what they then put into the same basket.
PAIRS = (
    ("Curlew Two-Person Tent", "Pocket Torch"),
    ("Heron Family Tent", "Waxed Picnic Rug"),
    ("Harrier Solo Tent", "Titanium Spork Pair"),
    ("Hazel Three-Season Sleeping Bag", "Bed Socks"),
    ("Kestrel Gas Stove", "Freeze-Dried Lentil Curry"),
    ("Campfire Coffee Percolator", "Campfire Coarse Ground Coffee"),
    ("Folding Fire Bowl", "Fireside Folding Chair"),
    ("Ceramic Pour-Over Dripper", "Highland Single-Origin Beans"),
    ("Stovetop Espresso Pot", "Dark Harbour Espresso Beans"),
    ("Glass Teapot with Infuser", "Jasmine Pearls"),
    ("Hand Coffee Grinder", "Coffee Canister"),
    ("Scree Leather Hiking Boots", "Hiker Cushion Socks"),
    ("Ridgeway Waterproof Boots", "Cloudburst Rain Trousers"),
    ("Hare Trail Runners", "Electrolyte Tablets, Twenty"),
    ("Fox Long-Distance Trail Shoes", "Skyline Running Vest"),
    ("Fellwalker 28 Backpack", "Brook Insulated Bottle"),
    ("Squall Rain Jacket", "Waxed Rain Cap"),
    ("Carry-On Travel Backpack", "Packing Cubes, Set of Four"),
    ("Ferry Weekend Duffel", "Lavender Travel Candle"),
    ("Cast-Iron Skillet", "Magnetic Knife Rack"),
    ("Enamelled Casserole", "Stoneware Bread Crock"),
    ("Hand Trowel", "Kitchen Herb Seeds"),
    ("Terracotta Long Tom Pot", "Leather Gardening Gloves"),
    ("Herringbone Wool Throw", "Cedar & Smoke Candle"),
    ("Brass Reading Lamp", "Velvet Cushion"),
    ("Felt House Slippers", "Breakfast Leaf Tea"),
)

RISING = ("Folding Solar Lantern", "Cotton Travel Hammock", "Sunflower Seeds, Giant", "Cold Brew Blend", "Sun Hoodie")

CONSUMED_AISLES = (
    "Pantry > Coffee Beans", "Pantry > Tea", "Pantry > Trail Snacks", "Home > Candles", "Garden > Seeds",
)  # fmt: skip

RISING_DAYS = 2


class GroundTruth(NamedTuple):
    """Product ids throughout."""

    pairs: tuple[tuple[str, str], ...]
    """Bought together: what people come for, and what they add."""
    tastes: dict[str, tuple[str, ...]]
    """Groups of products that the same people like; together they cover the catalog."""
    rising: tuple[str, ...]
    """In demand only in the last `RISING_DAYS` days."""
    consumables: tuple[str, ...]
    """Bought again and again by the same people."""


def ground_truth(products: Sequence[Product]) -> GroundTruth:
    return GroundTruth(
        pairs=tuple((product_id(wanted), product_id(added)) for wanted, added in PAIRS),
        tastes={name: _in_aisles(products, aisles) for name, aisles in TASTES.items()},
        rising=tuple(product_id(name) for name in RISING),
        consumables=_in_aisles(products, CONSUMED_AISLES),
    )


def _in_aisles(products: Sequence[Product], aisles: Sequence[str]) -> tuple[str, ...]:
    return tuple(product["productId"] for product in products if product["category"] in aisles)
