import re
from xml.etree import ElementTree

from recomengine.demo.catalog import demo_products
from recomengine.demo.pictures import picture

SVG = "{http://www.w3.org/2000/svg}"


def test_every_picture_is_a_square_svg_that_names_its_product() -> None:
    for product in demo_products():
        root = ElementTree.fromstring(picture(product))
        assert root.tag == f"{SVG}svg"
        assert root.get("viewBox") == "0 0 400 400"
        assert root.findtext(f"{SVG}title") == product["name"]


def test_pictures_need_nothing_from_outside() -> None:
    for product in demo_products():
        text = picture(product).decode().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"href|http|<script|<style|<image|@import|\$", text)
        assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#g"}


def test_every_aisle_has_its_own_shape() -> None:
    by_aisle = {}
    for product in demo_products():
        alike = {"productId": "same", "name": "Same", "category": product["category"], "attributes": {"colour": "moss"}}
        by_aisle[product["category"]] = picture(alike)

    assert len(set(by_aisle.values())) == len(by_aisle) == 30


def test_products_of_an_aisle_differ_by_colour() -> None:
    tents = [picture(product) for product in demo_products() if product["category"] == "Outdoor > Tents"]

    assert len(set(tents)) == len(tents)


def test_same_product_gives_the_same_bytes() -> None:
    product = demo_products()[0]

    assert picture(product) == picture(dict(product))


def test_a_thing_unlike_its_aisle_is_drawn_as_itself() -> None:
    hat = {"productId": "same", "name": "Bobble Hat", "category": "Clothing > Hats & Gloves"}

    assert picture(hat | {"name": "Mittens"}) != picture(hat).replace(b"Bobble Hat", b"Mittens")


def test_names_are_escaped() -> None:
    hostile = {"productId": "x", "name": '</title><script>"&{main}$dark', "category": "A > B"}

    assert ElementTree.fromstring(picture(hostile)).findtext(f"{SVG}title") == hostile["name"]


def test_a_product_without_aisle_or_colour_is_drawn_as_a_parcel() -> None:
    ElementTree.fromstring(picture({"productId": "bare", "name": "Bare"}))
