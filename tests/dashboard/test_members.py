"""Members of a tenant: invited by mail, accepted, given roles, removed; and what an analyst may not."""

import re
from collections.abc import Callable

import httpx
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import PASSWORD, Account, Dashboard, Demo, new_account, sign_in
from tests.support.processes import wait_until

TENANTS = "/api/v1/tenants"


def invitation_link(demo: Demo, email: str) -> str:
    """Of the mail that `email` got last; waits for one."""

    def mails() -> list[str]:
        texts = [file.read_text(encoding="utf-8") for file in sorted((demo.data_dir / "outbox").glob("*.eml"))]
        return [text for text in texts if email in text and "/invitation#" in text]

    wait_until(lambda: bool(mails()))
    found = re.search(r"https?://\S+/invitation#\S+", mails()[-1])
    assert found is not None
    return found[0]


def tenant_of(ann: Account, demo: Demo, http: httpx.Client) -> str:
    return str(ann.call(demo, http, "POST", TENANTS, {"name": "Boots & more"})["data"]["id"])


def join(ann: Account, demo: Demo, http: httpx.Client, tenant: str, role: str) -> Account:
    """Another account, which has accepted an invitation."""
    guest = new_account(demo, http)
    ann.call(demo, http, "POST", f"{TENANTS}/{tenant}/invitations", {"email": guest.email, "role": role})
    token = invitation_link(demo, guest.email).partition("#")[2]
    guest.call(demo, http, "POST", "/api/v1/invitations/accept", {"token": token})
    return guest


def choose(page: Page, menu: str, item: str) -> None:
    page.get_by_role("button", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item).click()


def test_a_colleague_is_invited_signs_up_by_the_link_and_joins(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client, new_context: Callable[..., BrowserContext]
) -> None:
    tenant, guest = tenant_of(ann, demo, http), f"guest-{ann.email}"
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/settings")
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(ann.email)
    dialog.get_by_role("button", name="Send the invitation").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is a member of the tenant already")
    dialog.get_by_label("E-mail").fill(guest)
    dialog.get_by_label("Role").select_option("developer")
    dialog.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("row", name=guest)).to_contain_text("developer")

    theirs = new_context().new_page()
    theirs.goto(invitation_link(demo, guest))
    theirs.get_by_role("link", name="Make an account").click()
    theirs.get_by_label("E-mail").fill(guest)
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Make the account").click()
    theirs.get_by_role("button", name="Accept the invitation").click()
    expect(theirs).to_have_url(f"{demo.url}/dashboard/tenants/{tenant}")
    expect(theirs.get_by_text("You are developer of Boots & more now.")).to_be_visible()

    theirs.goto(invitation_link(demo, guest))
    theirs.get_by_role("button", name="Accept the invitation").click()
    expect(theirs.get_by_role("heading", level=1)).to_have_text("This link does not work any more")


def test_an_invitation_of_another_address_says_so(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    tenant, guest = tenant_of(ann, demo, http), f"guest-{ann.email}"
    ann.call(demo, http, "POST", f"{TENANTS}/{tenant}/invitations", {"email": guest, "role": "analyst"})
    page = ann_tab.page
    page.goto(invitation_link(demo, guest))
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("alert")).to_contain_text("The invitation went to another address")
    check_looks(page, "invitation")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Make an account")).to_be_visible()


def test_an_owner_revokes_invitations_changes_roles_and_removes_members(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    tenant = tenant_of(ann, demo, http)
    bob = join(ann, demo, http, tenant, "analyst")
    ann.call(demo, http, "POST", f"{TENANTS}/{tenant}/invitations", {"email": "late@example.com", "role": "analyst"})
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/settings")
    choose(page, "Actions for the invitation of late@example.com", "Revoke")
    expect(page.get_by_role("row", name="late@example.com")).to_have_count(0)
    choose(page, f"Actions for {bob.email}", "Make developer")
    expect(page.get_by_role("row", name=bob.email)).to_contain_text("developer")
    choose(page, f"Actions for {ann.email}", "Make analyst")
    expect(page.get_by_text("This member is the tenant's only owner.", exact=False)).to_be_visible()
    choose(page, f"Actions for {bob.email}", "Remove")
    page.get_by_role("alertdialog").get_by_role("button", name="Remove the member").click()
    expect(page.get_by_role("row", name=bob.email)).to_have_count(0)
    assert ann.call(demo, http, "GET", f"{TENANTS}/{tenant}/invitations")["data"] == []


def test_an_analyst_reads_all_and_is_offered_no_change(
    ann: Account, demo: Demo, http: httpx.Client, new_context: Callable[..., BrowserContext]
) -> None:
    tenant = tenant_of(ann, demo, http)
    ann.call(demo, http, "POST", f"{TENANTS}/{tenant}/api-keys", {"name": "server", "permissions": "read"})
    bob = join(ann, demo, http, tenant, "analyst")
    context = new_context()
    sign_in(context, demo, bob.email, bob.password)
    tab = Dashboard(demo, context.new_page())
    page = tab.open(f"/dashboard/tenants/{tenant}/keys")
    expect(page.get_by_role("row", name="server")).to_be_visible()
    expect(page.get_by_role("button", name="Create a key")).to_have_count(0)
    expect(page.get_by_role("button", name="Actions for the key server")).to_have_count(0)
    tab.open(f"/dashboard/tenants/{tenant}/settings")
    expect(page.get_by_text("You read these settings as analyst.", exact=False)).to_be_visible()
    expect(page.get_by_label("Currency")).to_be_disabled()
    for name in ("Save", "Invite somebody", "Delete the tenant", f"Actions for {ann.email}"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    tab.open("/dashboard/tenants")
    expect(page.get_by_role("row", name="Boots & more")).to_contain_text("analyst")
    expect(page.get_by_role("button", name="Suspend Boots & more")).to_have_count(0)


def test_an_analyst_is_shown_no_page_of_no_use_and_told_who_may_change_what_they_read(
    ann: Account, demo: Demo, http: httpx.Client, new_context: Callable[..., BrowserContext]
) -> None:
    tenant = tenant_of(ann, demo, http)
    made = ann.call(demo, http, "POST", f"{TENANTS}/{tenant}/widgets", {"placementId": "home"})["data"]
    bob = join(ann, demo, http, tenant, "analyst")
    context = new_context()
    sign_in(context, demo, bob.email, bob.password)
    tab = Dashboard(demo, context.new_page())
    page = tab.open(f"/dashboard/tenants/{tenant}/experiments")
    expect(page.get_by_text("Developers and owners make them.", exact=False)).to_be_visible()
    pages = page.get_by_role("navigation", name="Pages")
    expect(pages.get_by_role("link", name="Catalog")).to_be_visible()
    expect(pages.get_by_role("link", name="Imports")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Catalog")).to_be_visible()
    expect(page.get_by_role("option", name="Imports")).to_have_count(0)
    tab.open(f"/dashboard/tenants/{tenant}/widgets/{made['id']}")
    expect(page.get_by_text("You read this widget as analyst. Developers and owners change it.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Title")).to_be_disabled()
    tab.open(f"/dashboard/tenants/{tenant}/widgets/new")
    expect(page.get_by_text("Your role does not include this")).to_be_visible()
    expect(page.get_by_role("textbox", name="Title")).to_have_count(0)


def test_a_member_leaves(
    ann: Account, demo: Demo, http: httpx.Client, new_context: Callable[..., BrowserContext]
) -> None:
    tenant = tenant_of(ann, demo, http)
    bob = join(ann, demo, http, tenant, "analyst")
    context = new_context()
    sign_in(context, demo, bob.email, bob.password)
    page = Dashboard(demo, context.new_page()).open(f"/dashboard/tenants/{tenant}/settings")

    choose(page, f"Actions for {bob.email}", "Leave")
    page.get_by_role("alertdialog").get_by_role("button", name="Leave the tenant").click()

    expect(page).to_have_url(f"{demo.url}/dashboard")
    expect(page.get_by_text("You have left Boots & more.")).to_be_visible()
    expect(page.get_by_role("link", name="Boots & more")).to_have_count(0)
