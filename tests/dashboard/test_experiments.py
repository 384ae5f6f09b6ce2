"""Experiments: one is made, started, read and completed, and its winner is adopted."""

from itertools import count, islice
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from recomengine.experiments.assignment import bucket
from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo

SHOPPERS = 150
CLICKED = {"control": 30, "variant": 100}
STRATEGIES = {"control": "trending", "variant": "content_based"}


def test_an_experiment_is_made_started_read_and_its_winner_adopted(
    demo: Demo, http: httpx.Client, ann: Account, ann_tab: Dashboard
) -> None:
    tenant = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Boots"})["data"]["id"]
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/experiments", title="Experiments")
    expect(page.get_by_text("No experiments yet")).to_be_visible()
    check_looks(page, "experiments-empty")
    make(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Content on the home page")
    expect(page.get_by_text("Not known yet.")).to_be_visible()
    expect(page.get_by_text("There is nothing to go by")).to_be_visible()
    check_looks(page, "experiment-draft")

    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("No shopper has seen it yet")).to_be_visible()
    [experiment] = ann.call(demo, http, "GET", f"/api/v1/tenants/{tenant}/experiments")["data"]
    assert (experiment["status"], experiment["placementId"], experiment["trafficSplit"]) == ("running", "home", 50)
    send(demo, http, ann, tenant, experiment["id"])
    page.reload()
    expect(page.get_by_label("What to do")).to_contain_text("Ship the variant")
    expect(page.get_by_role("list", name="Difference")).to_contain_text("Sequential interval")
    check_looks(page, "experiment-results")
    page.get_by_role("tab", name="Health").click()
    expect(page.get_by_text("As it should be")).to_be_visible()
    check_looks(page, "experiment-health")
    page.get_by_role("tab", name="Day by day").click()
    expect(page.get_by_label("Difference day by day").first).to_be_visible()

    page.get_by_role("button", name="Complete").click()
    page.get_by_label("What is served afterwards").select_option("shop")
    expect(page.get_by_label("Strategy", exact=True)).to_have_value("content_based")
    page.get_by_role("button", name="Complete and adopt").click()
    expect(page.get_by_text("Content based is served from now on")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    shop = ann.call(demo, http, "GET", f"/api/v1/tenants/{tenant}")["data"]
    assert shop["config"]["defaultStrategy"] == "content_based"
    page.get_by_role("link", name="Experiments").last.click()
    expect(page.get_by_role("region", name="Experiments")).to_contain_text("Completed")
    check_looks(page, "experiments")


def make(page: Page) -> None:
    page.get_by_role("button", name="New experiment").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Content on the home page")
    form.get_by_label("Variant").select_option("trending")
    form.get_by_role("button", name="Make the draft").click()
    expect(form.get_by_text("Choose another strategy than control’s.")).to_be_visible()
    form.get_by_label("Variant").select_option("content_based")
    check_looks(page, "experiment-new")
    form.get_by_label("Placement").fill("home")
    form.get_by_label("Placement").press("Tab")  # closes its list, which hides what is beside it
    form.get_by_role("button", name="Make the draft").click()


def send(demo: Demo, http: httpx.Client, ann: Account, tenant: str, experiment: str) -> None:
    """What SHOPPERS of each variant see and click."""
    key = ann.call(
        demo, http, "POST", f"/api/v1/tenants/{tenant}/api-keys", {"name": "key", "permissions": "read-write"}
    )["data"]["key"]
    events: list[dict[str, Any]] = []
    for variant, clicked in CLICKED.items():
        named = (f"shopper-{number}" for number in count())
        of_it = (user for user in named if (bucket(user, experiment) < 50) == (variant == "control"))
        for number, user in enumerate(islice(of_it, SHOPPERS)):
            metadata = {
                "experimentId": experiment, "variant": variant, "strategy": STRATEGIES[variant], "placementId": "home",
            }  # fmt: skip
            kinds = ("impression", "click") if number < clicked else ("impression",)
            events += [{"eventType": kind, "userId": user, "productId": "boot", "metadata": metadata} for kind in kinds]
    answer = http.post(
        f"{demo.url}/api/v1/events/batch", json={"events": events}, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.json()["data"]["accepted"] == len(events), answer.text
