"""A reply from its lists: lines beside the products' pre-encoded members, and what the whole is."""

from collections.abc import Sequence

import msgspec

from recomengine.catalog.live import LiveCatalog
from recomengine.experiments.assignment import Variant
from recomengine.models.model import Model
from recomengine.recommendations.cache import Cached
from recomengine.recommendations.served import Served, asked_for, interleaved
from recomengine.web.caller import Caller
from recomengine.web.ids import new_id

_encode = msgspec.json.Encoder().encode


def reply(
    caller: Caller, served: Served, catalog: LiveCatalog, model: Model | None, lists: Sequence[Cached], *, hit: bool
) -> bytes:
    """The product's pre-encoded members, and beside them what this list says of it; of an interleaved one also whose
    pick it is.
    """
    made, teams = interleaved(lists, served) if len(lists) > 1 else (lists[0], None)
    meta = {
        "recommendationId": new_id(), "strategy": made.strategy, "requestedStrategy": asked_for(caller, served),
        "experimentId": served.experiment_id, "variant": served.variant,
        "cached": hit, "modelVersion": model.version if model else None, "fallback": made.fallback,
    }  # fmt: skip
    return b'{"data":' + rows_of(caller, catalog, made, teams) + b',"meta":' + _encode(meta) + b"}"


def rows_of(caller: Caller, catalog: LiveCatalog, made: Cached, teams: Sequence[Variant] | None = None) -> bytes:
    """teams: whose pick each line is."""
    rows = []
    found = catalog.fragments([line.product_id for line in made.items], caller.config.currency)
    for place, fragment in enumerate(found):
        if fragment is not None:
            said = made.items[place].said
            if teams is not None:
                said += b',"variant":"%b"' % teams[place].encode()
            rows.append(b"{%b,%b}" % (fragment, said))
    return b"[%b]" % b",".join(rows)
