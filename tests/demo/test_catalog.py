import re
from collections import Counter

from recomengine.demo.catalog import demo_products, product_id
from recomengine.demo.pictures import COLOURS

FIELDS = {
    "productId", "name", "category", "price", "currency", "imageUrl", "url", "description", "brand", "attributes",
    "available",
}  # fmt: skip


def test_catalog_is_the_same_at_every_call() -> None:
    assert demo_products() == demo_products()


def test_catalog_has_240_products_in_30_aisles_of_8_departments() -> None:
    aisles = Counter(product["category"] for product in demo_products())

    assert len(demo_products()) == 240
    assert set(aisles.values()) == {8}
    assert len(aisles) == 30
    assert len({aisle.split(" > ")[0] for aisle in aisles}) == 8


def test_products_have_the_shape_of_the_catalog_api() -> None:
    for product in demo_products():
        assert set(product) == FIELDS
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", product["productId"])
        assert product["imageUrl"] == f"/shop/pictures/{product['productId']}.svg"
        assert product["url"] == f"/shop/products/{product['productId']}"
        assert re.fullmatch(r"[^>]+ > [^>]+", product["category"])
        assert product["currency"] == "USD"
        assert product["available"] is True


def test_prices_are_positive_and_exact_to_the_cent() -> None:
    for product in demo_products():
        assert product["price"] > 0
        assert round(product["price"], 2) == product["price"]


def test_names_ids_and_descriptions_are_each_used_once() -> None:
    products = demo_products()

    for key in ("productId", "name", "description"):
        assert len({product[key] for product in products}) == len(products)


def test_every_product_has_a_material_and_a_colour_that_can_be_drawn() -> None:
    for product in demo_products():
        assert product["attributes"]["material"]
        assert product["attributes"]["colour"] in COLOURS


def test_product_id_is_plain_ascii() -> None:
    assert product_id("Cafetière, Six Cups") == "cafetiere-six-cups"
    assert product_id("Chef's Knife") == "chefs-knife"
