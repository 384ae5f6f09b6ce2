"""Cached lists: their keys, their lifetimes, and when they are good.

A value carries the stamp of what it was made from (model, catalog, the shopper's newest event); a value with another
stamp is a miss. So nothing is ever searched for and deleted.
"""

from hashlib import blake2b

import msgspec

from recomengine.recommendations.lines import Line
from recomengine.recommendations.schemas import Query
from recomengine.web.caller import Caller

TTL_S, TRENDING_TTL_S, TOGETHER_TTL_S = 300, 900, 1800
DEFAULT = Query()


class Cached(msgspec.Struct, frozen=True, array_like=True):
    stamp: str
    strategy: str
    fallback: bool
    items: list[Line]


encode_cached = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cached).decode
_encode = msgspec.json.Encoder().encode


def decode_cached(value: bytes | None, stamp: str) -> Cached | None:
    """The list, if there is one and it was made from what `stamp` says."""
    if value is None:
        return None
    try:
        cached = _decode(value)
    except msgspec.MsgspecError:
        return None  # of another version of the program
    return cached if cached.stamp == stamp else None


def cache_key(caller: Caller, query: Query) -> str:
    """`reco:{tenant}:<user>:<strategy>`; without a user, trending and bought together have keys of their own.

    What is not as by default is added as a digest.
    """
    strategy = query.strategy or caller.config.default_strategy
    tenant = f"{{{caller.tenant}}}"
    plain = msgspec.structs.replace(query, user_id=None, strategy=None, placement_id=None, key=None)
    if query.user_id is None and strategy == "trending":
        base = f"reco:trending:{tenant}"
    elif query.user_id is None and strategy == "frequently_bought_together" and len(query.products) == 1:
        base = f"reco:fbt:{tenant}:{query.products[0]}"
        plain = msgspec.structs.replace(plain, product_id=[])
    else:
        base = f"{key_of_user(caller.tenant, query.user_id or '')}:{strategy}"
    if plain == DEFAULT:
        return base
    return f"{base}:{blake2b(_encode(plain), digest_size=8).hexdigest()}"


def key_of_user(tenant: str, user_id: str) -> str:
    """What the keys of all lists of a user begin with, before a colon."""
    return f"reco:{{{tenant}}}:{user_id}"


def ttl_s(caller: Caller, query: Query) -> int:
    strategy = query.strategy or caller.config.default_strategy
    if query.user_id is None and strategy == "trending":
        return TRENDING_TTL_S
    if query.user_id is None and strategy == "frequently_bought_together":
        return TOGETHER_TTL_S
    return TTL_S
