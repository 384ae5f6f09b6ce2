"""How a request is served: as it asks, or as the experiment of its placement says. Costs no query, and without an
experiment one look-up.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from recomengine.experiments.assignment import Variant, draft, experiment_at, variant_of
from recomengine.recommendations.cache import Cached
from recomengine.recommendations.schemas import Query
from recomengine.web.caller import Caller

INTERLEAVED = "interleaved"


class Served(NamedTuple):
    """queries: what is computed or found in the cache, each with its strategy; two of them are interleaved. hashed: the
    id by which the shopper is assigned."""

    queries: tuple[Query, ...]
    hashed: str | None = None
    experiment_id: str | None = None
    variant: Variant | None = None


def serve(caller: Caller, query: Query, hashed: str | None) -> Served:
    """Only a shopper takes part: without a user there is nobody to see the same thing again. hashed: of the shopper's
    ids the one that was seen first, by which they see the same under all of them.
    """
    if not caller.experiments or hashed is None:
        return Served((query,))
    experiment = experiment_at(caller, query.placement_id, named=query.strategy is not None)
    if experiment is None:
        return Served((query,))
    both = (replace(query, strategy=experiment.control_strategy), replace(query, strategy=experiment.variant_strategy))
    if experiment.kind == "interleaving":
        return Served(both, hashed, experiment.id)
    variant = variant_of(hashed, experiment)
    return Served((both[variant == "variant"],), hashed, experiment.id, variant)


def asked_for(caller: Caller, served: Served) -> str:
    """The strategy that the request, the experiment or the shop wants."""
    return INTERLEAVED if len(served.queries) > 1 else served.queries[0].strategy or caller.config.default_strategy


def interleaved(lists: Sequence[Cached], served: Served) -> tuple[Cached, list[Variant]]:
    """One list of both, and whose pick each of its lines is."""
    query = served.queries[0]
    assert served.hashed is not None  # a shopper
    assert served.experiment_id is not None
    control, variant = ([item.product_id for item in each.items] for each in lists)
    picks = draft(control, variant, query.limit, served.hashed, served.experiment_id)
    items = [lists[team == "variant"].items[place] for place, team in picks]
    made = Cached(lists[0].stamp, INTERLEAVED, all(each.fallback for each in lists), items)
    return made, [team for _, team in picks]
