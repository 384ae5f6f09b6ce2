"""The sample shop's pages, written on the server as a merchant's are: the goods stand in the HTML, and recommendations
come into the places that it leaves for the SDK.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from html import escape
from string import Template
from typing import NamedTuple

from recomengine.demo.catalog import Product, product_id
from recomengine.demo.simulation import regulars
from recomengine.web.assets import Asset

HERO = (
    "curlew-two-person-tent", "mushroom-table-lamp", "ceramic-pour-over-dripper", "scree-leather-hiking-boots",
    "glazed-garden-pot", "herringbone-wool-throw",
)  # fmt: skip
ORDERS: dict[str, tuple[str, Callable[[Product], float]]] = {
    "featured": ("Featured", lambda product: 0),
    "low": ("Price, low to high", lambda product: float(product["price"])),
    "high": ("Price, high to low", lambda product: -float(product["price"])),
}
SHELF = 24
"""Products on a page of a search."""
LARGEST_SHELF = 64
"""Of a department; the largest has seven aisles of eight products."""


class Page(NamedTuple):
    """Title, kind, and the HTML of what stands between head and foot."""

    title: str
    kind: str
    main: str
    words: str = ""
    found: bool = True


class Shelf(NamedTuple):
    """A department or one of its aisles."""

    name: str
    path: str
    category: str
    products: list[Product]


class Storefront:
    def __init__(self, files: dict[str, Asset], publish_key: str, products: Sequence[Product]) -> None:
        self.products = {product["productId"]: product for product in products}
        self._templates = {
            name.removesuffix(".html"): Template(file.forms["identity"].decode())
            for name, file in files.items()
            if name.endswith(".html")
        }
        self.shelves = {shelf.path: shelf for shelf in _shelves(products)}
        self._departments = [shelf for shelf in self.shelves.values() if " > " not in shelf.category]
        self._shoppers = dict(regulars())
        self._frame = {
            "key": escape(publish_key),
            "style": files["shop.css"].hashed("shop.css"),
            "pages_style": files["pages.css"].hashed("pages.css"),
            "behind_style": files["behind.css"].hashed("behind.css"),
        }

    def whole(self, page: Page, shopper: str | None) -> bytes:
        """The page as it is for one shopper; an unknown one is a new visitor."""
        known = shopper if shopper in self._shoppers else None
        return self._fill(
            "page",
            title=escape(page.title),
            page=page.kind,
            main=page.main,
            words=escape(page.words),
            user=f' data-user-id="{escape(known)}"' if known else "",
            shoppers=_options([("", "a new visitor"), *self._shoppers.items()], known or ""),
            departments="".join(
                f'<li><a href="{shelf.path}">{escape(shelf.name)}</a></li>' for shelf in self._departments
            ),
            **self._frame,
        ).encode()

    def home(self) -> Page:
        tiles = "".join(
            f'<li><a class="tile" href="{shelf.path}">{_picture(shelf.products[-1])}'
            f"<span>{escape(shelf.name)}</span></a></li>"
            for shelf in self._departments
        )
        hero = "".join(_picture(self.products[each], lazy=False) for each in HERO)
        return Page("Wayfern: goods for outside and in", "home", self._fill("home", hero=hero, tiles=tiles))

    def shelf(self, path: str, order: str) -> Page | None:
        shelf = self.shelves.get(path)
        if shelf is None:
            return None
        order = order if order in ORDERS else "featured"
        department = self.shelves["/".join(path.split("/")[:4])]
        aisles = [each for each in self.shelves.values() if each.path.startswith(f"{department.path}/")]
        main = self._fill(
            "aisle",
            crumbs=_crumbs([department] if shelf is not department else [], shelf.name),
            heading=escape(shelf.name),
            count=f"{len(shelf.products)} products",
            path=shelf.path,
            category=escape(shelf.category),
            orders=_options([(key, name) for key, (name, _) in ORDERS.items()], order),
            chips="".join(_chip(each, shelf.path) for each in (department._replace(name="Everything"), *aisles)),
            cards=_cards(sorted(shelf.products, key=ORDERS[order][1])[:LARGEST_SHELF]),
        )
        return Page(f"{shelf.name} at Wayfern", "category", main)

    def product(self, key: str) -> Page | None:
        product = self.products.get(key)
        if product is None:
            return None
        department, aisle = product["category"].split(" > ")
        above = [self.shelves[_path(department)], self.shelves[_path(department, aisle)]]
        told = {name: product[name] for name in ("productId", "name", "price", "currency", "imageUrl", "url")}
        main = self._fill(
            "product",
            crumbs=_crumbs(above, product["name"]),
            product=escape(json.dumps(told)),
            id=key,
            image=product["imageUrl"],
            price=_price(product),
            facts="".join(
                f"<div><dt>{escape(term.capitalize())}</dt><dd>{escape(fact)}</dd></div>"
                for term, fact in product["attributes"].items()
            ),
            **{name: escape(product[name]) for name in ("name", "brand", "description")},
        )
        return Page(f"{product['name']} at Wayfern", "product", main)

    def search(self, words: str) -> Page:
        found = _matching(self.products.values(), words)[:SHELF]
        count = {0: "Nothing on our shelves is called that.", 1: "1 product"}.get(len(found), f"{len(found)} products")
        main = self._fill(
            "search",
            heading=f"“{escape(words)}”" if words else "Search",
            words=escape(words),
            count=count,
            cards=_cards(found),
            below="More for you" if found else "Perhaps one of these",
        )
        return Page(f"{words or 'Search'} at Wayfern", "search", main, words)

    def plain(self, kind: str, title: str) -> Page:
        """A page of which the browser knows the content: the cart is kept there."""
        return Page(title, kind, self._fill(kind), found=kind != "missing")

    def _fill(self, template: str, **values: str) -> str:
        return self._templates[template].substitute(values)


def _shelves(products: Sequence[Product]) -> Iterable[Shelf]:
    """Each department before its aisles, as the catalog has them."""
    for category in dict.fromkeys(product["category"].split(" > ")[0] for product in products):
        inside = [product for product in products if product["category"].startswith(f"{category} > ")]
        yield Shelf(category, _path(category), category, inside)
        for aisle in dict.fromkeys(product["category"] for product in inside):
            name = aisle.split(" > ")[1]
            yield Shelf(name, _path(category, name), aisle, [each for each in inside if each["category"] == aisle])


def _path(*names: str) -> str:
    return "/".join(["/shop/categories", *map(product_id, names)])


def _matching(products: Iterable[Product], words: str) -> list[Product]:
    """Those that hold every word, best first: a word in the name counts more than one anywhere else."""
    wanted = words.casefold().split()
    scored = [
        (sum(word in product["name"].casefold() for word in wanted), product)
        for product in products
        if wanted and all(word in _text(product) for word in wanted)
    ]
    return [product for _, product in sorted(scored, key=lambda pair: -pair[0])]


def _text(product: Product) -> str:
    parts = (product["name"], product["category"], product["brand"], product["description"])
    return " ".join([*parts, *product["attributes"].values()]).casefold()


def _price(product: Product) -> str:
    return f"${product['price']:,.2f}"


def _picture(product: Product, *, lazy: bool = True) -> str:
    return f'<img src="{product["imageUrl"]}" alt="" width="400" height="400"{" loading=lazy" if lazy else ""}>'


def _cards(products: Iterable[Product]) -> str:
    return "".join(
        f'<li><a class="card" href="{product["url"]}">{_picture(product)}<span class="card-text">'
        f'<span class="maker">{escape(product["brand"])}</span><span class="card-name">{escape(product["name"])}</span>'
        f'<span class="card-price">{_price(product)}</span></span></a></li>'
        for product in products
    )


def _chip(shelf: Shelf, here: str) -> str:
    current = ' aria-current="page"' if shelf.path == here else ""
    return f'<li><a href="{shelf.path}"{current}>{escape(shelf.name)}</a></li>'


def _crumbs(above: Sequence[Shelf], here: str) -> str:
    links = "".join(f'<li><a href="{shelf.path}">{escape(shelf.name)}</a></li>' for shelf in above)
    return f'<li><a href="/shop">Shop</a></li>{links}<li aria-current="page">{escape(here)}</li>'


def _options(choices: Iterable[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(name)}</option>'
        for value, name in choices
    )
