"""Files are imported by dropping them, after a look at how they would be read."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo

UNNAMED = (
    b"Ref.,What it is,Price,Shade\nboot,Trail boot,129.90,brown\nsock,Wool sock,much,grey\nmug,Blue mug,7.50,blue\n"
)
ORDERS = b"order_id,customer_id,sku,price\no-1,ann,boot,129.90\no-2,bob,mug,7.50\n"


@pytest.fixture
def tenant(demo: Demo, http: httpx.Client, ann: Account) -> str:
    """Where the pages of a tenant of Ann's stand."""
    made = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Ann's shop"})
    return f"/dashboard/tenants/{made['data']['id']}"


def give(page: Page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": content})


def test_a_file_is_mapped_and_checked_before_anything_is_stored(ann_tab: Dashboard, tenant: str) -> None:
    page = ann_tab.open(f"{tenant}/imports", title="Imports")
    give(page, "products.csv", UNNAMED)
    expect(page.get_by_role("alert")).to_contain_text("The file has no column for the product's id")
    page.get_by_label("What Ref. is", exact=True).select_option("productId")
    page.get_by_label("What What it is is", exact=True).select_option("name")

    expect(page.get_by_text("2 products can be stored")).to_be_visible()
    expect(page.get_by_text("1 rejected")).to_be_visible()
    rows = page.get_by_role("region", name="First rows")
    expect(rows.get_by_role("row")).to_have_count(3)
    expect(rows).to_contain_text("Trail boot")
    expect(page.get_by_role("region", name="Rejected rows")).to_contain_text("much")
    check_looks(page, "import")
    other = page.context.new_page()
    other.goto(f"{ann_tab.demo.url}{tenant}/catalog")
    expect(other.get_by_text("No products yet")).to_be_visible()
    other.close()

    page.get_by_role("button", name="Import the products").click()
    expect(page.get_by_text("The file is imported.")).to_be_visible()
    expect(page.get_by_role("region", name="Rejected rows")).to_contain_text("much")
    page.get_by_role("link", name="See the catalog").click()
    expect(page.get_by_role("link", name="Trail boot")).to_be_visible()
    expect(page.get_by_role("link", name="Blue mug")).to_be_visible()


def test_orders_become_events(ann_tab: Dashboard, tenant: str) -> None:
    page = ann_tab.open(f"{tenant}/imports?kind=events")
    give(page, "orders.csv", ORDERS)
    expect(page.get_by_text("2 events can be stored")).to_be_visible()
    expect(page.get_by_text("all are purchases, as the file has orders")).to_be_visible()
    page.get_by_role("button", name="Import the events").click()
    expect(page.get_by_text("The file is imported.")).to_be_visible()
    page.get_by_role("link", name="See the events").click()
    expect(page.get_by_role("region", name="Events").get_by_role("link", name="ann", exact=True)).to_be_visible()


def test_a_file_that_would_empty_the_catalog_is_refused_until_it_is_meant(ann_tab: Dashboard, tenant: str) -> None:
    page = ann_tab.open(f"{tenant}/imports")
    give(page, "all.csv", b"id,name\n" + b"".join(b"p%d,Product %d\n" % (number, number) for number in range(9)))
    page.get_by_role("button", name="Import the products").click()
    expect(page.get_by_text("The file is imported.")).to_be_visible()
    page.get_by_role("button", name="Choose another file").click()
    give(page, "few.csv", b"id,name\np1,Product 1\n")
    page.get_by_label("The file is the whole catalog").check()
    page.get_by_role("button", name="Import the products").click()
    expect(page.get_by_role("alert")).to_contain_text("The file lacks 8 of the 9 products")
    page.get_by_role("button", name="Replace it all the same").click()
    expect(page.get_by_text("Made unavailable").locator("..")).to_contain_text("8")


def test_a_workbook_is_refused_in_words(ann_tab: Dashboard, tenant: str) -> None:
    page = ann_tab.open(f"{tenant}/imports")
    check_looks(page, "imports")
    give(page, "products.xlsx", b"PK")
    expect(page.get_by_role("alert")).to_contain_text("Save the sheet as CSV first")
