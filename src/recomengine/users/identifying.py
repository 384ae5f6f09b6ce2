"""A browser's anonymous id joined with the shopper who signed in, on the word of a page.

A publish key stands in every page, so anybody can say what a page says. Therefore no id that a shop gave can be joined
with another: the anonymous id must be one of the SDK's, which are 128 random bits that no other browser knows. Whoever
holds one can add what this browser did to a shopper's history, as they could by events under the shopper's id; they
learn nothing, since the answer names no other id, and take nothing away. A wrong join is undone with a read-write key.
"""

import re
from typing import Literal
from uuid import UUID

import msgspec

from recomengine.infra.database import Pool
from recomengine.infra.redis import RedisClient
from recomengine.users.joining import add_alias
from recomengine.web.fields import Id
from recomengine.web.problems import invalid

ANONYMOUS = re.compile(r"anon_[0-9]{1,10}(-[0-9]{1,10}){3}")


class IdentifyIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    user_id: Id
    anonymous_id: Id
    key: str | None = None
    """A publish key, for browsers."""


class Identified(msgspec.Struct):
    status: Literal["joined"] = "joined"


async def identify(pool: Pool, redis: RedisClient, tenant_id: UUID, given: IdentifyIn) -> Identified:
    """Raises Invalid, and Conflict where the anonymous id is another shopper's already."""
    user_id = given.user_id.strip()
    if not user_id or ANONYMOUS.fullmatch(user_id):
        raise invalid("$.userId", "expected the shop's own id of a shopper who signed in. Send it, or no identify")
    if not ANONYMOUS.fullmatch(given.anonymous_id):
        raise invalid(
            "$.anonymousId",
            "expected an id that the browser SDK made, such as anon_2891336453-120-3000000001-9. Join other ids from "
            "a server: POST /api/v1/users/{userId}/aliases with a read-write key",
        )
    await add_alias(pool, redis, tenant_id, user_id, given.anonymous_id)
    return Identified()
