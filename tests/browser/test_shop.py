"""The sample shop as its visitors have it: from the first visit to an order that the figures count to the list it came
from.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from recomengine.demo.catalog import demo_products
from recomengine.demo.prepare import DEMO_FILE
from recomengine.demo.simulation import regulars
from tests.support.browsers import CONTEXT, check_look
from tests.support.live_shops import patient_client
from tests.support.processes import Up, reachable_dir, start_up, stop, wait_until

PRODUCTS = {product["name"]: product for product in demo_products()}
PAGES = {
    "home": "/shop", "category": "/shop/categories/kitchen/mugs", "product": "/shop/products/hip-flask",
    "search": "/shop/search?q=copper", "cart": "/shop/cart", "checkout": "/shop/checkout",
    "thank you": "/shop/thank-you", "missing": "/shop/nothing",
}  # fmt: skip
Json = dict[str, Any]


@pytest.fixture(scope="module")
def wayfern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`recomengine demo`, as anybody starts it."""
    up = start_up(reachable_dir(tmp_path_factory, "demo"), command="demo")
    yield up
    stop(up)


@pytest.fixture(scope="module")
def figures(wayfern: Up) -> Iterator["Figures"]:
    with patient_client() as client:
        yield Figures(wayfern, client)


class Figures:
    """What the shop's owner is told of it."""

    def __init__(self, up: Up, client: httpx.Client) -> None:
        made = json.loads((up.data_dir / DEMO_FILE).read_text(encoding="utf-8"))
        body = {"email": made["email"], "password": made["password"]}
        token = client.post(f"{up.url}/api/v1/auth/login", json=body).json()["data"]["accessToken"]
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}
        self._tenant = f"{up.url}/api/v1/tenants/{made['tenantId']}"

    def overview(self) -> Json:
        answer = self._client.get(f"{self._tenant}/analytics/overview", headers=self._headers)
        assert answer.status_code == 200, answer.text
        figures: Json = answer.json()["data"]
        return figures


def cards(page: Page, placement: str) -> Locator:
    """Once the list is there, in place of its skeleton."""
    place = page.locator(f"[data-recomengine-placement={placement}], [data-placement={placement}]")
    expect(place.locator("[aria-busy=true]")).to_have_count(0)
    found = place.locator("li a[href]")
    expect(found.first).to_be_visible()
    return found


def names(page: Page, placement: str) -> list[str]:
    return cards(page, placement).all_inner_texts()


def of_department(department: str, products: list[str]) -> int:
    return sum(PRODUCTS[name]["category"].startswith(f"{department} > ") for name in products)


def put_in_cart(page: Page, url: str, product: str) -> None:
    page.goto(f"{url}/shop/products/{product}")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#cart-count")).to_be_visible()


def shop_as(page: Page, who: str) -> None:
    with page.expect_navigation():
        page.get_by_label("Shop as").select_option(label=who)


def test_a_first_visit_ends_in_an_order_that_is_counted_to_the_list_it_came_from(
    page: Page, wayfern: Up, figures: Figures
) -> None:
    before = figures.overview()
    page.goto(f"{wayfern.url}/shop")
    card = cards(page, "home").first
    bought = PRODUCTS[card.inner_text()]
    card.click()
    expect(page).to_have_url(re.compile(bought["url"]))
    page.get_by_label("Quantity").select_option("2")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("status")).to_contain_text("is in your cart")
    page.get_by_role("link", name="Cart 2 items").click()
    assert bought["name"] not in names(page, "cart")
    expect(page.get_by_role("heading", name="Goes with your cart")).to_be_visible()
    page.get_by_role("link", name="Check out").click()
    with page.expect_request(lambda request: '"placementId":"thanks"' in (request.post_data or "")) as asked:
        page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert f'"exclude":["{bought["productId"]}"]' in (asked.value.post_data or "")
    assert bought["name"] not in names(page, "thanks")
    expect(page.locator("#order-lines li")).to_have_count(1)
    expect(page.locator("#cart-count")).to_be_hidden()

    def attributed() -> bool:
        return figures.overview()["attributedConversions"] == before["attributedConversions"] + 1

    wait_until(attributed)
    revenue = figures.overview()["attributedRevenue"] - before["attributedRevenue"]
    assert revenue == pytest.approx(2 * bought["price"])


def test_what_is_clicked_changes_the_next_page(page: Page, wayfern: Up) -> None:
    page.goto(f"{wayfern.url}/shop")
    before = names(page, "home")
    for product in ("copper-watering-can", "border-spade"):
        with page.expect_response("**/api/v1/events/batch"):
            page.goto(f"{wayfern.url}/shop/products/{product}")
    page.goto(f"{wayfern.url}/shop")

    expect(page.locator("[data-recomengine-placement=home]")).to_contain_text("Because you viewed Border Spade")
    after = names(page, "home")
    assert of_department("Garden", after) > of_department("Garden", before)


def test_a_page_is_that_of_whoever_one_shops_as(page: Page, wayfern: Up) -> None:
    lists = {}
    page.goto(f"{wayfern.url}/shop")
    lists["a new visitor"] = names(page, "home")
    for _, taste in regulars()[2:6:3]:
        shop_as(page, taste)
        lists[taste] = names(page, "home")
    shop_as(page, "a new visitor")

    assert of_department("Kitchen", lists["Coffee lover"]) + of_department("Pantry", lists["Coffee lover"]) > 4
    assert of_department("Garden", lists["Gardener"]) > 4
    assert names(page, "home") == lists["a new visitor"], "and nothing of them is left"


def test_carts_are_their_shoppers_own_and_lines_can_be_changed_and_taken_out(page: Page, wayfern: Up) -> None:
    put_in_cart(page, wayfern.url, "hip-flask")
    put_in_cart(page, wayfern.url, "bobble-hat")
    page.goto(f"{wayfern.url}/shop/cart")
    lines = page.locator("#lines > li")
    expect(lines).to_have_count(2)
    page.get_by_label("Quantity of Bobble Hat").select_option("3")
    expect(page.locator("#cart-count")).to_have_text("4")
    page.get_by_role("button", name="Remove Hip Flask").click()
    expect(lines).to_have_count(1)
    expect(page.locator(".summary [data-total]").first).to_have_text(f"${3 * PRODUCTS['Bobble Hat']['price']:.2f}")
    shop_as(page, "Gardener")
    expect(page.get_by_role("heading", name="Nothing in here yet")).to_be_visible()
    cards(page, "cart")


def test_behind_the_page_each_event_has_its_receipt_and_each_product_its_reason(page: Page, wayfern: Up) -> None:
    page.goto(f"{wayfern.url}/shop/products/curlew-two-person-tent")
    page.keyboard.press("Control+.")
    panel = page.get_by_role("complementary", name="Behind the page")
    expect(panel).to_be_visible()
    cards(page, "product").first.scroll_into_view_if_needed()  # the panel takes room, and what was in view moves
    expect(panel.locator(".sent", has_text="view").locator(".receipt")).to_have_text("accepted")
    expect(panel.locator(".sent", has_text="in product").first).to_contain_text("impression")
    page.get_by_role("button", name="Add to cart").click()
    expect(panel.locator(".sent").first).to_contain_text("add to cart")
    expect(panel.locator(".sent").first).to_contain_text("Curlew Two-Person Tent")
    expect(panel.locator(".sent").first.locator(".receipt")).to_have_text("accepted")
    together = panel.locator("section", has_text="Often bought together")
    expect(together.locator("li").first).to_contain_text("Pocket Torch")
    expect(together.locator("li").first).to_contain_text("bought together, from Curlew Two-Person Tent")
    page.keyboard.press("Control+.")
    expect(panel).to_have_count(0)


def test_the_panel_stays_open_over_pages_and_keeps_what_left_the_one_before(page: Page, wayfern: Up) -> None:
    page.goto(f"{wayfern.url}/shop")
    cards(page, "home")
    page.get_by_role("button", name="Behind the page").click()
    panel = page.get_by_role("complementary", name="Behind the page")
    expect(panel.get_by_role("button", name="Close")).to_be_focused()
    cards(page, "home").first.click()
    cards(page, "similar")

    expect(panel.locator(".sent", has_text="click")).to_contain_text("in home")
    expect(panel.locator(".sent", has_text="view").first).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Behind the page")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_has_a_violation_that_axe_finds_and_none_is_wider_than_its_window(
    browser: Browser, wayfern: Up, width: int, scheme: str
) -> None:
    context = browser.new_context(
        **CONTEXT | {"viewport": {"width": width, "height": 800}}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    put_in_cart(page, wayfern.url, "hip-flask")
    for name, path in PAGES.items():
        page.goto(wayfern.url + path)
        page.wait_for_load_state("networkidle")
        check_look(page, f"{name} at {width}, {scheme}")
    page.goto(wayfern.url + PAGES["product"])
    cards(page, "similar")
    page.keyboard.press("Control+.")
    check_look(page, f"behind the page at {width}, {scheme}")
    context.close()
