"""What shoppers see of a list: its cards, in each layout, on any page."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsers import PACKAGES
from tests.support.rendering import LAYOUTS, STRICT, item, items, open_stage, show, skeleton, widget
from tests.support.sites import Site

FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
ROWS = """() => {
    const rows = []
    for (const card of document.querySelectorAll('.re-card')) {
        if (!card.offsetParent) continue
        if (rows.at(-1)?.top !== card.offsetTop) rows.push({ top: card.offsetTop, cards: 0 })
        rows.at(-1).cards++
    }
    return rows.map(row => row.cards)
}"""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cards_stand_in_the_order_of_the_items_and_are_given_back_so(page: Page, site: Site, layout: str) -> None:
    open_stage(page, site)
    given = page.evaluate(
        "args => Renderer.show(host, ...args, {}).map(card => card.querySelector('a').textContent)",
        [widget(layout), [item(number) for number in (3, 1, 2)]],
    )
    expected = [item(number)["name"] for number in (3, 1, 2)]
    assert given == page.locator(".re-link").all_text_contents() == expected


@pytest.mark.parametrize("width", [260, 330, 600, 800, 1240])
def test_no_card_of_a_grid_is_alone_in_its_last_row(page: Page, site: Site, width: int) -> None:
    open_stage(page, site, css=f"#host {{ width: {width}px }}")
    for columns in (2, 3, 4, 5, 6):
        for count in (1, 2, 3, 4, 5, 7, 8, 9, 13):
            show(page, widget(columns=columns), items(count))
            rows = page.evaluate(ROWS)
            assert sum(rows) in (count - 1, count)
            assert max(rows) <= columns
            assert len(rows) == 1 or max(rows) == 1 or rows[-1] > 1, (columns, count, rows)


def test_a_grid_takes_as_many_columns_as_fit(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget(columns=6), items(12))
    seen = []
    for width in (300, 360, 640, 840, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        seen.append(page.evaluate(ROWS)[0])
    assert seen == [1, 2, 3, 4, 6]


def test_pictures_load_late_and_have_their_size_before(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget(), items(1))
    image = page.locator("#host img")
    for name, value in {"loading": "lazy", "width": "400", "height": "400", "alt": ""}.items():
        expect(image).to_have_attribute(name, value)
    box = page.locator(".re-media").bounding_box()
    assert box
    assert abs(box["width"] - box["height"]) < 1


SHIFTS = """async ([widget, items, options]) => {
    let shifted = 0
    const observer = new PerformanceObserver(list => {
        for (const entry of list.getEntries()) shifted += entry.value
    })
    observer.observe({ type: 'layout-shift' })
    const frames = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    Renderer.skeleton(host, widget, options)
    await frames()
    shifted = 0
    observer.takeRecords()
    Renderer.show(host, widget, items, options)
    const root = host.shadowRoot ?? host
    while (root.querySelector('[src$="/broken.png"]')) await frames()
    await frames()
    const measured = shifted + observer.takeRecords().reduce((sum, entry) => sum + entry.value, 0)
    host.before('Something above all cards')
    while (!shifted) await frames()
    return [measured, shifted]
}"""
LONG = "Extraordinarily waterproof Donaudampfschifffahrtsgesellschaftskapitänsmütze with ear flaps and a very long name"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("options", [{}, {"shadow": True}, {"showReason": False}])
def test_nothing_moves_when_the_list_takes_the_skeletons_place(
    page: Page, site: Site, layout: str, width: int, options: dict[str, Any]
) -> None:
    page.set_viewport_size({"width": width, "height": 1600})
    open_stage(page, site)
    differing = [
        item(0, name=LONG, reason=f"Because you viewed {LONG}"),
        item(1, imageUrl="/broken.png"),
        item(2, imageUrl=None, price=None, reason=None),
        item(3, name="Mug", url=None, price=123456789.5, currency="CHF"),
    ]
    measured, control = page.evaluate(SHIFTS, [widget(layout, maxItems=4), differing, options])
    assert measured == 0
    assert control > 0


PRICES = [
    ({"price": 1234.5, "currency": "USD"}, {}, "$1,234.50"),
    ({"price": 1234.5, "currency": "EUR"}, {"locale": "de-DE"}, "1.234,50 €"),
    ({"price": 5, "currency": None}, {"currency": "GBP"}, "£5.00"),
    ({"price": 5, "currency": "EUR"}, {"locale": "en-US@posix"}, "€5.00"),
    ({"price": 5, "currency": "ABC"}, {}, "ABC 5.00"),
    ({"price": 5, "currency": "euros"}, {}, "5 euros"),
    ({"price": 0, "currency": "JPY"}, {}, "¥0"),
    ({"price": None, "currency": "USD"}, {}, ""),
]


@pytest.mark.parametrize(("fields", "options", "words"), PRICES)
def test_a_price_is_in_the_shops_language_and_currency_or_in_plain_words(
    page: Page, site: Site, fields: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    open_stage(page, site)
    show(page, widget(), [item(0, **fields)], options)
    assert page.locator(".re-price").text_content() == words.replace("ABC ", "ABC\xa0").replace(" €", "\xa0€")


def test_the_page_says_the_language_where_no_locale_is_given(page: Page, site: Site) -> None:
    open_stage(page, site, marks='lang="fr-FR"')
    show(page, widget(), [item(0, price=9.5, currency="EUR")])
    expect(page.locator(".re-price")).to_have_text("9,50 €")


def test_an_item_without_a_currency_has_the_widgets_or_is_a_number(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget(currency="USD"), [item(0, price=9.5, currency=None)])
    expect(page.locator(".re-price")).to_have_text("$9.50")
    show(page, widget(currency=None), [item(0, price=9.5, currency=None)])
    expect(page.locator(".re-price")).to_have_text("9.5")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,<p>", "blob:x", ""]
)
def test_only_addresses_of_the_web_become_links_and_pictures(page: Page, site: Site, address: str) -> None:
    open_stage(page, site)
    show(page, widget(), [item(0, url=address, imageUrl=address)])
    assert page.locator(".re-link").get_attribute("href") is None
    assert page.locator("#host img").count() == 0
    expect(page.locator(".re-cta")).to_have_text("")


def test_addresses_are_as_of_the_page(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget(), [item(0, url="products/0", imageUrl=f"//127.0.0.1:{site.port}/i/0.svg")])
    expect(page.locator(".re-link")).to_have_attribute("href", f"{site.origin}/products/0")
    expect(page.locator("#host img")).to_have_attribute("src", f"{site.origin}/i/0.svg")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_text_goes_in_as_text(page: Page, site: Site, layout: str) -> None:
    attack = "<img src=x onerror='window.harmed = true'>"
    open_stage(page, site)
    given = widget(layout, title=attack, ctaText=attack, theme={"fontFamily": attack, "primaryColor": "url(/steal)"})
    show(page, given, [item(0, name=attack, reason=attack, currency=attack, imageUrl=None)])
    page.evaluate(FRAMES)
    assert page.locator("#host img").count() == 0
    assert page.locator(".re-link").text_content() == attack
    assert not page.evaluate("'harmed' in window")


@pytest.mark.parametrize("shadow", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_strict_policy_and_trusted_types_refuse_nothing(page: Page, site: Site, layout: str, shadow: bool) -> None:
    headers = {name: value + "; style-src 'self'" for name, value in STRICT.items()}
    open_stage(page, site, headers)
    page.evaluate("() => { window.refused = []; addEventListener('securitypolicyviolation', e => refused.push(e)) }")
    skeleton(page, widget(layout), {"shadow": shadow})
    show(page, widget(layout, theme={"gap": 10}), items(4), {"shadow": shadow})
    page.evaluate(FRAMES)
    assert page.evaluate("refused.length") == 0
    expect(page.locator(".re-cards")).to_have_css("display", "grid")
    expect(page.locator(".re-cards")).to_have_css("column-gap", "10px")


def test_a_hundred_renders_leave_one_style_sheet(page: Page, site: Site) -> None:
    open_stage(page, site)
    for _ in range(100):
        show(page, widget(), items(2))
    assert page.evaluate("document.adoptedStyleSheets.length") == 1
    assert page.locator("#host > *").count() == 1


def test_in_a_shadow_root_the_pages_styles_do_not_reach_the_cards(page: Page, site: Site) -> None:
    open_stage(page, site, css=".re .re-card { background: rgb(255, 0, 0) !important }")
    show(page, widget(), items(2), {"shadow": True})
    expect(page.locator(".re-card").first).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_theme_is_seen(page: Page, site: Site) -> None:
    open_stage(page, site)
    theme = {
        "primaryColor": "rgb(200, 0, 0)", "textColor": "rgb(1, 2, 3)", "backgroundColor": "rgb(250, 251, 252)",
        "borderColor": "rgb(9, 9, 9)", "borderRadius": 3, "fontFamily": "serif", "gap": 30,
    }  # fmt: skip
    show(page, widget(theme=theme), items(4))
    card, cards = page.locator(".re-card").first, page.locator(".re-cards")
    expect(card).to_have_css("color", "rgb(1, 2, 3)")
    expect(card).to_have_css("background-color", "rgb(250, 251, 252)")
    expect(card).to_have_css("border-color", "rgb(9, 9, 9)")
    expect(card).to_have_css("border-radius", "3px")
    expect(card).to_have_css("font-family", "serif")
    expect(cards).to_have_css("column-gap", "30px")


WHITE, DARK = "rgb(255, 255, 255)", "rgb(18, 18, 18)"
SCHEMES = [
    ("light", "", {}, WHITE),
    ("dark", "", {}, WHITE),  # a page that is always light
    ("dark", "color-scheme: light dark", {}, DARK),
    ("dark", "", {"colorScheme": "auto"}, DARK),
    ("light", "", {"colorScheme": "auto"}, WHITE),
    ("light", "", {"colorScheme": "dark"}, DARK),
    ("dark", "color-scheme: light dark", {"colorScheme": "light"}, WHITE),
]


@pytest.mark.parametrize(("preferred", "css", "theme", "background"), SCHEMES)
def test_cards_are_dark_where_the_page_is_or_the_theme_says_so(
    page: Page, site: Site, preferred: Any, css: str, theme: dict[str, Any], background: str
) -> None:
    page.emulate_media(color_scheme=preferred)
    open_stage(page, site, css=f":root {{ {css} }}")
    show(page, widget(theme=theme), items(2))
    expect(page.locator(".re-card").first).to_have_css("background-color", background)


def test_a_theme_with_a_background_alone_stays_readable_in_the_dark(page: Page, site: Site) -> None:
    page.emulate_media(color_scheme="dark")
    open_stage(page, site, css=":root { color-scheme: light dark }")
    show(page, widget(theme={"backgroundColor": "#fff"}), items(2))
    expect(page.locator(".re-card").first).to_have_css("color", "rgb(0, 0, 0)")


def test_nothing_moves_smoothly_as_some_must_not_see(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget("carousel"), items(8))
    expect(page.locator(".re-cards")).to_have_css("scroll-behavior", "auto")
    assert page.evaluate("document.getAnimations().length") == 0


def test_of_what_nothing_is_known_the_skeleton_is_a_usual_one(page: Page, site: Site) -> None:
    open_stage(page, site)
    skeleton(page, {"placementId": "home"})
    expect(page.locator(".re-card")).to_have_count(8)
    expect(page.locator("#host > section")).to_have_attribute("aria-busy", "true")
    assert page.evaluate(ROWS) == [4, 4]
    assert page.locator("#host").inner_text().strip() == ""


def test_a_template_makes_the_cards(page: Page, site: Site) -> None:
    open_stage(page, site)
    made = page.evaluate(
        """([widget, items]) => {
            const template = (item, widget) => Object.assign(document.createElement('b'),
                { textContent: `${item.name} of ${widget.placementId}` })
            Renderer.skeleton(host, widget, { template })
            const waiting = document.querySelectorAll('#host b').length
            const cards = Renderer.show(host, widget, items, { template })
            return [waiting, ...cards.map(card => card.innerHTML)]
        }""",
        [widget(), [item(0, name="A <b>mug</b>")]],
    )
    assert made == [0, "<b>A &lt;b&gt;mug&lt;/b&gt; of home</b>"]


@pytest.mark.parametrize("shadow", [False, True])
def test_an_empty_list_hides_the_widget_and_a_later_one_shows_it(page: Page, site: Site, shadow: bool) -> None:
    open_stage(page, site)
    skeleton(page, widget(), {"shadow": shadow})
    show(page, widget(), [], {"shadow": shadow})
    expect(page.locator("#host")).to_be_hidden()
    expect(page.locator(".re-card")).to_have_count(0)
    show(page, widget(), items(2), {"shadow": shadow})
    expect(page.locator("#host .re-card")).to_have_count(2)
    expect(page.locator("#host")).to_be_visible()


def test_what_is_missing_leaves_no_trace_of_null(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget(title=None), [item(0, price=None, imageUrl=None, url=None, reason=None, currency=None)])
    words = page.locator("#host").inner_text().split()
    assert words == ["W", *item(0)["name"].split()]
    assert page.locator("#host h2").count() == 0


def test_a_broken_picture_gives_way_to_the_names_initial(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget(), [item(0, name="Über-Zelt", imageUrl="/broken.png")])
    expect(page.locator(".re-media")).to_have_text("Ü")


def test_a_carousel_is_a_labelled_region_with_its_buttons_before_its_cards(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget("carousel"), items(8))
    region = page.get_by_role("region", name="Picked for you")
    expect(region).to_have_attribute("aria-roledescription", "carousel")
    expect(region.get_by_role("heading", name="Picked for you")).to_be_visible()
    expect(region.get_by_role("listitem")).to_have_count(8)
    order = region.locator("button, ul").evaluate_all("found => found.map(e => e.ariaLabel ?? e.localName)")
    assert order == ["Previous", "Next", "ul"]


@pytest.mark.parametrize(("direction", "sign", "forward"), [("ltr", 1, "ArrowRight"), ("rtl", -1, "ArrowLeft")])
def test_a_carousel_turns_by_button_and_by_key_in_the_pages_direction(
    page: Page, site: Site, direction: str, sign: int, forward: str
) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_stage(page, site, marks=f'dir="{direction}"')
    show(page, widget("carousel"), items(8))
    previous, following = page.get_by_role("button", name="Previous"), page.get_by_role("button", name="Next")
    expect(previous).to_have_attribute("aria-disabled", "true")
    expect(following).to_have_attribute("aria-disabled", "false")
    following.focus()
    page.keyboard.press("Enter")
    expect(previous).to_have_attribute("aria-disabled", "false")
    expect(following).to_have_attribute("aria-disabled", "true")
    expect(following).to_be_focused()
    assert page.evaluate("Math.sign(document.querySelector('.re-cards').scrollLeft)") == sign
    previous.click()
    expect(previous).to_have_attribute("aria-disabled", "true")
    page.locator(".re-cards").focus()
    page.keyboard.press(forward)
    expect(previous).to_have_attribute("aria-disabled", "false")


def test_a_carousel_knows_its_ends_again_when_its_width_changes(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget("carousel"), items(4))
    following = page.get_by_role("button", name="Next")
    expect(following).to_have_attribute("aria-disabled", "true")
    page.set_viewport_size({"width": 360, "height": 800})
    expect(following).to_have_attribute("aria-disabled", "false")


def test_who_goes_by_keyboard_sees_where_the_focus_is(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget("carousel"), items(4))
    outline = "() => getComputedStyle(document.activeElement, {}).outlineStyle".replace("{}", "'::after'")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_css("outline-style", "solid")
    page.locator(".re-link").first.focus()
    assert page.evaluate(outline) == "solid"


def test_targets_are_large_enough(page: Page, site: Site) -> None:
    open_stage(page, site)
    show(page, widget("carousel"), items(4))
    for box in page.locator("#host button").evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())"):
        assert min(box["width"], box["height"]) >= 24
    point = page.locator(".re-image").first.bounding_box()
    assert point
    under = page.evaluate("([x, y]) => document.elementFromPoint(x, y).localName", [point["x"] + 5, point["y"] + 5])
    assert under == "a"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_phones_page_does_not_scroll_sideways(page: Page, site: Site, layout: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    open_stage(page, site)
    show(page, widget(layout), items(7, name=LONG, price=123456789.5, reason=LONG))
    assert page.evaluate("document.documentElement.scrollWidth") == 360


DARK_TOO = ":root { color-scheme: light dark; background: Canvas }"  # axe takes a page without a colour for white


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_axe_finds_nothing(page: Page, site: Site, layout: str, scheme: Any, direction: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_stage(page, site, marks=f'dir="{direction}"', css=DARK_TOO)
    page.add_script_tag(path=PACKAGES / "axe-core" / "axe.min.js")
    lines = [*items(3), item(3, url=None, imageUrl=None), item(4, price=None)]
    for draw in (lambda: skeleton(page, widget(layout)), lambda: show(page, widget(layout), lines)):
        draw()
        found = page.evaluate("axe.run()")
        broken = [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]
        assert not broken
        assert "color-contrast" not in [rule["id"] for rule in found["incomplete"]]
        assert {"color-contrast", "landmark-one-main"} <= {rule["id"] for rule in found["passes"]}


def test_axe_finds_nothing_with_a_theme(page: Page, site: Site) -> None:
    open_stage(page, site)
    page.add_script_tag(path=PACKAGES / "axe-core" / "axe.min.js")
    for color in ("#0a0", "#ff0", "#003", "#e11d48"):
        show(page, widget(theme={"primaryColor": color}), items(2))
        assert not page.evaluate("axe.run()")["violations"]


@pytest.mark.parametrize("shadow", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_render_replaces_is_let_go(page: Page, site: Site, layout: str, shadow: bool) -> None:
    open_stage(page, site)
    options = {"shadow": shadow}
    show(page, widget(layout), items(4), options)
    page.evaluate(FRAMES)
    page.evaluate(
        """() => {
            const root = host.shadowRoot ?? host
            window.old = ['section', '.re-cards', '.re-card', 'img'].map(name => new WeakRef(root.querySelector(name)))
        }"""
    )
    show(page, widget(layout), items(4), options)
    page.evaluate(FRAMES)
    collector = page.context.new_cdp_session(page)
    for _ in range(3):
        collector.send("HeapProfiler.collectGarbage")
        page.evaluate(FRAMES)
    assert page.evaluate("old.map(reference => reference.deref()?.className)") == [None] * 4
