"""How a request is served. Costs no query: what decides came with its key. The first that there is decides on the
strategy: an experiment on the placement, the request, the placement's widget, an experiment of the whole shop, the
shop's default.
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
    query = _as_placed(caller, query)
    if not caller.experiments or hashed is None:
        return Served((query,))
    experiment = experiment_at(caller, query.placement_id, named=query.strategy is not None)
    if experiment is None:
        return Served((query,))
    strategies = {"control": experiment.control_strategy, "variant": experiment.variant_strategy}
    if experiment.kind == "interleaving":
        both = tuple(replace(query, strategy=strategy) for strategy in strategies.values())
        return Served(both, hashed, experiment.id)
    variant = variant_of(hashed, experiment)
    return Served((replace(query, strategy=strategies[variant]),), hashed, experiment.id, variant)


def _as_placed(caller: Caller, query: Query) -> Query:
    """With the strategy of the placement's widget, where the request names none."""
    if not caller.widgets or query.strategy is not None or query.placement_id is None:
        return query
    widget = caller.widgets.get(query.placement_id)
    return query if widget is None or widget.strategy is None else replace(query, strategy=widget.strategy)


def asked_for(caller: Caller, served: Served) -> str:
    """The strategy that is wanted, whoever decided on it."""
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
