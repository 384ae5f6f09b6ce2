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
    """queries: what is computed or found in the cache, each with its strategy; two of them are interleaved."""

    queries: tuple[Query, ...]
    experiment_id: str | None = None
    variant: Variant | None = None


def serve(caller: Caller, query: Query) -> Served:
    """Only a shopper takes part: without a user there is nobody to see the same thing again."""
    if not caller.experiments or query.user_id is None:
        return Served((query,))
    experiment = experiment_at(caller, query.placement_id, named=query.strategy is not None)
    if experiment is None:
        return Served((query,))
    both = (replace(query, strategy=experiment.control_strategy), replace(query, strategy=experiment.variant_strategy))
    if experiment.kind == "interleaving":
        return Served(both, experiment.id)
    variant = variant_of(query.user_id, experiment)
    return Served((both[variant == "variant"],), experiment.id, variant)


def asked_for(caller: Caller, served: Served) -> str:
    """The strategy that the request, the experiment or the shop wants."""
    return INTERLEAVED if len(served.queries) > 1 else served.queries[0].strategy or caller.config.default_strategy


def interleaved(lists: Sequence[Cached], served: Served) -> tuple[Cached, list[Variant]]:
    """One list of both, and whose pick each of its lines is."""
    query = served.queries[0]
    assert query.user_id is not None  # a shopper
    assert served.experiment_id is not None
    control, variant = ([item.product_id for item in each.items] for each in lists)
    picks = draft(control, variant, query.limit, query.user_id, served.experiment_id)
    items = [lists[team == "variant"].items[place] for place, team in picks]
    made = Cached(lists[0].stamp, INTERLEAVED, all(each.fallback for each in lists), items)
    return made, [team for _, team in picks]
