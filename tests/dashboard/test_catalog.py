"""The catalog's pages: products are searched and filtered in the address, and one of them shows all that is known."""

import re

from playwright.sync_api import expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Dashboard

SHOES = "badger-walking-shoes"


def test_products_are_found_and_the_search_stands_in_the_address(dashboard: Dashboard) -> None:
    page = dashboard.open("catalog", title="Catalog")
    products = page.get_by_role("region", name="Products")
    expect(products.get_by_role("row")).to_have_count(101)
    page.get_by_role("button", name="Show more").click()
    expect(products.get_by_role("table")).to_have_attribute(
        "aria-rowcount", re.compile(r"\d{3}")
    )  # drawn as far as seen

    page.get_by_label("Search products").fill("badger")
    expect(page).to_have_url(re.compile(r"\?q=badger$"))
    expect(products.get_by_role("link", name="Badger Walking Shoes")).to_be_visible()
    page.get_by_label("Availability").select_option("Not available")
    expect(page.get_by_text("No product fits")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Search products")).to_have_value("badger")
    expect(page.get_by_label("Availability")).to_have_value("false")


def test_a_product_shows_its_facts_what_is_near_it_and_its_events(dashboard: Dashboard) -> None:
    page = dashboard.open("catalog?q=badger+walking")
    page.get_by_role("link", name="Badger Walking Shoes").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Badger Walking Shoes")
    expect(page.get_by_text("Footwear > Trail Shoes").first).to_be_visible()
    near = page.get_by_role("region", name="Content-based").get_by_role("listitem")
    expect(near).to_have_count(8)
    expect(near.first).to_contain_text("Similar to Badger Walking Shoes")
    together = page.get_by_role("region", name="Products bought together with this one")
    expect(together.get_by_role("columnheader")).to_have_text(["Product", "Orders", "Lift"])
    expect(together.get_by_role("row").nth(1)).to_contain_text("×")
    expect(together.get_by_role("row").nth(1)).to_contain_text(re.compile(r"[0-9] of [0-9]"))
    expect(page.get_by_role("region", name="Bought together", exact=True)).to_contain_text("× chance")
    page.get_by_role("region", name="Events of this product").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(f'"productId": "{SHOES}"')
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Follow them live").click()
    expect(page).to_have_url(re.compile(rf"/events\?productId={SHOES}$"))


def test_a_product_that_is_not_there_says_so(dashboard: Dashboard) -> None:
    page = dashboard.open("catalog/no/such-product")
    expect(page.get_by_text("This product is not in the catalog")).to_be_visible()
    expect(page.get_by_text("Nobody had to do with this product yet.")).to_be_visible()


def test_the_catalogs_pages_look_right(dashboard: Dashboard) -> None:
    check_looks(dashboard.open("catalog?q=shoes"), "catalog")
    page = dashboard.open(f"catalog/{SHOES}")
    expect(page.get_by_role("region", name="Events of this product")).to_be_visible()
    expect(page.get_by_role("region", name="Content-based")).to_be_visible()
    check_looks(page, "product")
