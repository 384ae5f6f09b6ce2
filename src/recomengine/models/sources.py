"""The sources of evidence: one table, from which building, learning, serving and the words of reasons derive all they
need.

Weights lie in models by a source's position, array files and prior.json by its name: a new source goes to the end, and
none is renamed, moved or taken out. A model that was built without it is served without it until the next build, which
learns anew. A source that a shop has nothing for (no orders, too many products for EASE, no words) is there and empty,
so that weights mean the same in every model.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from recomengine._core.baskets import together_topk
from recomengine._core.csr import CSR, Float32, Int32, Int64
from recomengine._core.sequences import following_topk
from recomengine.models.ease import ease
from recomengine.models.grouping import Grouped
from recomengine.models.rankings import trend
from recomengine.models.shopper import FLAT, GENTLE, STEEP
from recomengine.models.tables import NEIGHBOURS, cosine, damped_confidence, random_walk


class EvidenceKind(NamedTuple):
    """What evidence says of a product.

    name: `evidence.kind` of an answer. strategy: the named strategy that a list of it counts as. usual: the source that
    answers this strategy where a shop has too few cases for a backtest; empty where no strategy is about this kind.
    label: what it is to a merchant. reason: for the shopper, where it names a seed; bought: if the shopper bought that
    one; on_page: where the seed is on the page.
    """

    name: str
    strategy: str
    usual: str
    label: str
    reason: str
    bought: str = ""
    on_page: str = ""


COLLABORATIVE = EvidenceKind(
    "collaborative", "collaborative", "similar", "what other shoppers did", "Because you viewed {seed}",
    bought="Because you bought {seed}", on_page="Shoppers who liked {seed} also liked this",
)  # fmt: skip
SIMILAR = EvidenceKind("similar", "content_based", "content", "alike products", "Similar to {seed}")
TRENDING = EvidenceKind("trending", "trending", "trending", "what is trending", "Trending now")
BOUGHT_TOGETHER = EvidenceKind(
    "bought_together", "frequently_bought_together", "together", "bought together", "Bought together with {seed}"
)
POPULAR = EvidenceKind("popular", "trending", "", "bestsellers", "Popular in this shop")
BUY_AGAIN = EvidenceKind("buy_again", "collaborative", "", "bought before", "You bought this before")
KINDS = (COLLABORATIVE, SIMILAR, TRENDING, BOUGHT_TOGETHER, POPULAR, BUY_AGAIN)


class Table(NamedTuple):
    """Neighbours of the seeds. profile: how these count, see models/shopper.py. build: items × items; none where it
    comes of the catalog, as `content` does. folds: it is a sum over events, so the sums of later ones stand beside it
    until the next build."""

    profile: int
    build: Callable[[Grouped], CSR] | None
    folds: bool = False


class Before(NamedTuple):
    """What another source says, a table or an index, of what the shopper did before the page or the visit at hand."""

    source: str


class Index(NamedTuple):
    """Sequences that are searched in a request, later ones like the model's. name: of its arrays. build: (indptr,
    items) as `Sequences` takes them. The others as `_core.sources.sessions` takes them."""

    name: str
    profile: int
    build: Callable[[Grouped], tuple[Int64, Int32]]
    decay: float
    length: float
    back: float
    sample: int = 500
    neighbours: int = 200


class Ranking(NamedTuple):
    """The same for everybody. build: the score of each product, <= 0 for none."""

    build: Callable[[Grouped], Float32]


class Own(NamedTuple):
    """What a request brings itself: the shopper's purchases."""


class Encoded(NamedTuple):
    """A network that reads the seeds in their order, see models/encoder.py. It is learned beside the backtest, which
    decides whether a model has it."""


SEEDED = Table, Index, Before, Encoded
"""Forms of evidence that starts from a product, which the reason names."""


class EvidenceSource(NamedTuple):
    """name: of its arrays (an index has a name of its own), its weights and in reports. label: what it is to a
    merchant. part: of the build, see `PARTS`.
    behind: its weight in lists of named strategies, where the strategy's own source weighs 1. cold: its weight where
    all that a request starts from is new to the model."""

    name: str
    label: str
    kind: EvidenceKind
    part: str
    form: Table | Index | Ranking | Own | Before | Encoded
    behind: float = 0.0
    cold: float = 0.0


def following(shop: Grouped) -> CSR:
    """What comes later in a sequence, looked for as far as the shop's settings say."""
    return following_topk(*shop.sequences, shop.size, NEIGHBOURS, **shop.following._asdict(), threads=shop.threads)


ENCODER = "encoder"
"""The name of the one source that is learned, and of its arrays."""

SOURCES = (
    EvidenceSource(
        "sequence", "looked at later in a visit", COLLABORATIVE, "sequences", cold=1.0,
        form=Table(STEEP, following, folds=True),
    ),
    EvidenceSource(
        "transition", "looked at next", COLLABORATIVE, "sequences",
        form=Table(
            STEEP, folds=True,
            build=lambda shop: following_topk(
                *shop.sequences, shop.size, NEIGHBOURS, window=1, back=0.0, threads=shop.threads
            ),
        ),
    ),
    EvidenceSource(
        "similar", "of interest to the same shoppers", COLLABORATIVE, "collaborative", behind=1e-3,
        form=Table(STEEP, lambda shop: cosine(shop.interest, shop.size)),
    ),
    EvidenceSource(
        "walk", "of interest to shoppers of shoppers", COLLABORATIVE, "collaborative",
        form=Table(STEEP, lambda shop: random_walk(shop.interest, shop.size)),
    ),
    EvidenceSource(
        "session_neighbours", "in visits like this one", COLLABORATIVE, "sequences", cold=1.0,
        form=Index("sessions", STEEP, lambda shop: shop.sequences, decay=0.8, length=0.5, back=0.6),
    ),
    EvidenceSource(
        "ease_shoppers", "weighed over all that shoppers like (EASE)", COLLABORATIVE, "collaborative",
        form=Table(GENTLE, lambda shop: ease(shop.interest, shop.size)),
    ),
    EvidenceSource(
        "together", "in the same orders", BOUGHT_TOGETHER, "bought together",
        form=Table(FLAT, lambda shop: together_topk(shop.baskets, max(shop.size, 1), NEIGHBOURS)[0]),
    ),
    EvidenceSource(
        "confidence", "added to orders of it (confidence)", BOUGHT_TOGETHER, "bought together", cold=1.0,
        form=Table(
            FLAT, folds=True,
            build=lambda shop: damped_confidence(
                shop.enough_baskets, shop.size, shop.holding, size=0.7, popularity=0.1
            ),
        ),
    ),
    EvidenceSource(
        "affinity", "in its orders more than elsewhere (lift)", BOUGHT_TOGETHER, "bought together",
        form=Table(
            FLAT, folds=True,
            build=lambda shop: damped_confidence(
                shop.enough_baskets, shop.size, shop.holding, size=1.0, popularity=0.5
            ),
        ),
    ),
    EvidenceSource(
        "basket_neighbours", "in orders like this one", BOUGHT_TOGETHER, "bought together", cold=1.0,
        form=Index("baskets", FLAT, lambda shop: shop.baskets[:2], decay=1.0, length=0.5, back=1.0),
    ),
    EvidenceSource(
        "ease_orders", "weighed over all orders (EASE)", BOUGHT_TOGETHER, "bought together",
        form=Table(FLAT, lambda shop: ease(shop.enough_orders, shop.size)),
    ),
    EvidenceSource(
        "content", "alike by name, category and description", SIMILAR, "content", behind=1e-4, cold=1.0,
        form=Table(GENTLE, None),
    ),
    EvidenceSource(
        "trending", "rising now", TRENDING, "rankings", behind=1e-6,
        form=Ranking(lambda shop: trend(shop.counts, shop.size)),
    ),
    EvidenceSource(
        "popular", "popular lately", POPULAR, "rankings", cold=0.05, form=Ranking(lambda shop: shop.figures.recent)
    ),
    EvidenceSource("own", "the shopper's own purchases", BUY_AGAIN, "", Own()),
    EvidenceSource(
        "sequence_before", "looked at later than what the shopper did before", COLLABORATIVE, "", Before("sequence")
    ),
    EvidenceSource(
        "similar_before", "of interest to the same shoppers as what the shopper did before", COLLABORATIVE, "",
        Before("similar"),
    ),
    EvidenceSource(
        "session_neighbours_before", "in visits like those before", COLLABORATIVE, "", Before("session_neighbours")
    ),
    EvidenceSource("content_before", "alike to what the shopper did before", SIMILAR, "", Before("content")),
    EvidenceSource(ENCODER, "learned from the order of what shoppers did", COLLABORATIVE, "", Encoded()),
)  # fmt: skip

PARTS = ("sequences", "collaborative", "bought together", "rankings")
"""Of a build that makes evidence of histories: what is built in one part shares what it groups."""
PLACE = {source.name: place for place, source in enumerate(SOURCES)}
FILLING = SOURCES[PLACE["popular"]]
"""What a product stands for that no source has brought, and that only fills a list up."""
KIND_OF_STRATEGY = {kind.strategy: kind for kind in KINDS if kind.usual}
"""What a named strategy is about."""
TABLES = {source.name: source.form for source in SOURCES if isinstance(source.form, Table)}
INDEXES = {source.name: source.form for source in SOURCES if isinstance(source.form, Index)}
RANKINGS = {source.name: source.form for source in SOURCES if isinstance(source.form, Ranking)}


def names_of_weights(features: Sequence[str]) -> list[str]:
    """What each weight of a blend weighs, in their order."""
    return [name for source in SOURCES for name in (source.name, f"{source.name} rank")] + list(features)
