"""The one key that can be shown at any time: the publish key of a tenant's snippet.

Only digests of keys are stored. This one follows from the server's secret and the tenant, so it can be made again, and
no table holds it. It is public by nature: it stands in every page. After it was revoked the next one takes its place.
"""

from itertools import count
from uuid import UUID, uuid4

from recomengine.api_keys import queries, secrets
from recomengine.api_keys.service import create_key
from recomengine.infra.database import Connection

NAME = "Snippet"


async def shown_key(connection: Connection, hmac_secret: str, tenant_id: UUID) -> tuple[str, UUID | None]:
    """The key, and its id where it was made just now. It has the tenant's origins."""
    await queries.lock_keys(connection, tenant_id)
    for number in count():
        seed = b"snippet" + tenant_id.bytes + number.to_bytes(4)
        key = secrets.make_key("publish", hmac_secret, seed)
        found = await queries.key_of_digest(connection, tenant_id, key.digest)
        if found is None:
            made = uuid4()
            await create_key(connection, hmac_secret, tenant_id, NAME, "publish", (), made, seed)
            return key.key, made
        if found["revoked_at"] is None:
            return key.key, None
    raise AssertionError("numbers do not end")
