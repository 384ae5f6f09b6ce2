"""A page that shows a widget as it would be, saved or not: the real SDK draws it, from lists that stand in the page.

The page holds no key and asks nobody. What the SDK would be answered is its API, as an address that holds the answer
itself (`data:…#`, behind which the SDK writes its path), and it may store and send nothing (`data-consent`). So whoever
has the page can do nothing with it but look. The content policy stands in the page as well: a frame that is given the
page as a text (`srcdoc`, with `sandbox="allow-scripts"`) never sees its headers.
"""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from secrets import token_urlsafe
from typing import NamedTuple
from uuid import UUID

from recomengine.auth.shop import shop_of
from recomengine.infra.database import Pool
from recomengine.recommendations.schemas import Query
from recomengine.recommendations.service import Recommender
from recomengine.sdk.snippet import PATH, SCRIPT
from recomengine.web.assets import bundle
from recomengine.widgets.page import placed_list
from recomengine.widgets.schemas import Look, PreviewQuery

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; connect-src data:; img-src http: https: data:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
OF_HEADERS = "; frame-ancestors 'self'; sandbox allow-scripts"
"""What a page cannot say of itself."""
HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<base target="_blank">
<title>Preview of {placement}</title>
{note}<div data-recomengine-placement="{placement}"></div>
<script nonce="{nonce}" src="{source}" integrity="{integrity}" crossorigin="anonymous"
    data-key="preview" data-consent="false" data-api-url="data:application/json;base64,{answer}#"></script>
</html>
"""
EMPTY = "<p>This widget has no products to show: a page hides it then.</p>\n"


class Preview(NamedTuple):
    html: str
    headers: Mapping[str, str]


async def preview(pool: Pool, recommender: Recommender, tenant_id: UUID, look: Look, asked: PreviewQuery) -> Preview:
    """The list is made as `look` says, for the shopper and the product that are asked for, and by no experiment."""
    caller = await shop_of(pool, tenant_id)
    query = Query(
        user_id=asked.user_id, placement_id=look.placement_id, strategy=look.strategy, limit=look.max_items,
        product_id=[] if asked.product_id is None else asked.product_id,
    )  # fmt: skip
    made = await recommender.answer(caller, recommender.look(caller, query))
    empty = made.startswith(b'{"data":[]')
    return _page(look, placed_list(caller, look, made), EMPTY if empty else "")


def _page(look: Look, placed: bytes, note: str) -> Preview:
    script, nonce = bundle("sdk")[SCRIPT], token_urlsafe(16)
    policy = POLICY.format(nonce=nonce)
    html = HTML.format(
        policy=escape(policy), placement=escape(look.placement_id), nonce=nonce, note=note,
        source=f"{PATH}/{script.hashed(SCRIPT)}", integrity=script.integrity,
        answer=b64encode(b'{"data":[' + placed + b"]}").decode(),
    )  # fmt: skip
    headers = {"Content-Security-Policy": policy + OF_HEADERS, "X-Frame-Options": "SAMEORIGIN"}
    return Preview(html, headers)
