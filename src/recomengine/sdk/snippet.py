"""The tag that brings the SDK onto a shop's pages."""

from html import escape
from uuid import UUID

import msgspec

from recomengine.api_keys.shown import shown_key
from recomengine.auth.actor import Member, audit
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.web.assets import bundle

PATH = "/sdk/v1"
SCRIPT = "recomengine.js"


class Snippet(msgspec.Struct):
    """html: for a page's head, of this version of the SDK alone, which browsers check by `integrity`; latest: of
    whatever version is served.
    """

    html: str
    latest: str
    key: str
    src: str
    integrity: str


async def snippet(
    pool: Pool, hmac_secret: str, base_url: str, tenant_id: UUID, member: Member | None = None
) -> Snippet:
    """With the tenant's snippet key, which is made where there is none. member: who asks, for the audit log."""
    async with tenant_transaction(pool, tenant_id) as connection:
        key, made = await shown_key(connection, hmac_secret, tenant_id)
        if member is not None and made is not None:
            await audit(connection, member, "key.created", made, None, {"name": "Snippet", "permissions": "publish"})
    asset = bundle("sdk")[SCRIPT]
    src = f"{base_url}{PATH}/{asset.hashed(SCRIPT)}"
    return Snippet(
        html=_tag(src, f' integrity="{asset.integrity}" crossorigin="anonymous"', key),
        latest=_tag(f"{base_url}{PATH}/{SCRIPT}", "", key),
        key=key,
        src=src,
        integrity=asset.integrity,
    )


def _tag(src: str, checked: str, key: str) -> str:
    return f'<script async src="{escape(src)}"{checked} data-key="{key}"></script>'
