"""What fields are about and what they may hold, by name, for the document. A test holds each example to the schemas
that it stands in.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

SAMPLE_ID = "3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f"

EXAMPLES: Json = {
    # shoppers, products, events
    "userId": "shopper-17", "sessionId": "session-4", "placementId": "home", "productId": "boot-41",
    "eventType": "view", "eventId": "c8b1f1d2-0001", "timestamp": "2026-01-15T09:30:00Z", "name": "Trail boot",
    "category": "Shoes > Boots", "categories": ["Shoes > Boots", "New"], "price": 129.9, "currency": "EUR",
    "imageUrl": "https://shop.example/boot-41.jpg",
    "url": "https://shop.example/boot-41", "brand": "Northfell",
    "description": "A light boot for long days on rough paths.", "attributes": {"colour": "brown"}, "q": "trail boot",
    "metadata": {"price": 129.9, "currency": "EUR", "quantity": 1, "orderId": "order-9", "placementId": "home"},
    # lists
    "exclude": ["boot-7"], "minPrice": 20, "maxPrice": 200, "context": "home", "excludePurchased": True,
    "diversity": 0.2, "score": 0.84, "reason": "Bought together with Trail boot", "kind": "together",
    "productIds": ["boot-41"], "strategy": "auto", "requestedStrategy": "auto",
    "recommendationId": "0f2c7a6be1d94e0c9b8f4a7d5e3c2b1a", "modelVersion": "20260115T093000-5f2a",
    # widgets
    "theme": {"primaryColor": "#0a7d5a", "borderRadius": 8, "fontFamily": "Inter, sans-serif", "colorScheme": "auto"},
    "columns": 4, "title": "For you", "ctaText": "Add to cart",
    # a shopper's data
    "anonymousId": "anon-5", "aliases": ["anon-5"], "properties": {"plan": "gold", "newsletter": True},
    "where": "models", "when": "at the next build, which is queued",
    "how": "It is made without the shopper, and all older ones are deleted.", "kept": "Sums that name no shopper.",
    # accounts, tenants, keys
    "email": "ann@example.com", "password": "correct horse battery", "token": "kq3t…", "accessToken": "eyJhbGciOi…",
    "adminEmail": "ann@example.com", "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
    "currentPassword": "correct horse battery", "newPassword": "another good password",
    "expiresIn": 3600, "role": "admin", "permissions": "publish", "origins": ["https://shop.example"],
    "allowedOrigins": ["https://shop.example"], "timezone": "Europe/Berlin", "prefix": "rk_pub_ab12cd34",
    "action": "tenant.created", "subject": "the tenant's id", "address": "192.0.2.1", "jobId": 41,
    # experiments
    "ci": [0.004, 0.021], "sequentialCi": [0.001, 0.024], "pValue": 0.003, "adjustedPValue": 0.006, "chanceToWin": 0.99,
    "lift": 0.05, "absoluteLift": 0.0125, "relativeLift": 0.21,
    "summary": "Take the variant (auto): it raises click-through rate (+0.0125, +21.0%).",
    # answers
    "differs": ["price"], "trimmed": ["userId"], "sentAt": "2026-01-15T09:30:00Z",
    "startsWith": "shopper-", "startsFrom": ["boot-41"], "source": "event",
    "after": "2026-01-15T09:30:00Z", "header": ["sku", "title"], "fields": ["productId", "name"],
    "sent": '{"eventType": "vieww", "userId": "shopper-17"}',
    "index": 0, "accepted": 1, "duplicates": 0, "rejected": 0, "errors": [], "line": 1, "path": "$.price",
    "code": "invalid", "message": "expected at most 2 decimal places, got 1.999. Round it", "nextCursor": None,
    "version": "20260115T093000-5f2a", "builtAt": "2026-01-15T09:30:00Z", "createdAt": "2026-01-15T09:30:00Z",
    "updatedAt": "2026-01-15T09:30:00Z", "at": "2026-01-15T09:30:00Z", "events": 125_000, "users": 9_400,
    "items": 1_200, "buildSeconds": 3.1, "postgresql": "ok", "redis": "ok",
}  # fmt: skip

ABOUT = {
    "userId": "The shopper, as the shop names them.",
    "sessionId": "The visit. What was seen in it counts at once.",
    "placementId": "Where on the site the list stands.",
    "eventType": "What the shopper did; a return takes a purchase back, a dislike keeps the product away.",
    "sentAt": "When the batch is sent, by the clock that timed its events: they are moved to the server's by it.",
    "differs": "Of a duplicate: what it says otherwise than the stored event, which stays.",
    "trimmed": "Ids that came with blanks around them, which were cut off; of an import, in how many lines.",
    "differing": "Lines that were there with other content.",
    "notes": "What is to be said of lines that were taken, of the first 100.",
    "eventId": "The event's name with the client: the same name again is the same event.",
    "orderId": "Of a purchase or return without an eventId: it is a line of this order, and counts once.",
    "lineId": "Tells the order's lines apart; where absent, variantId, price and quantity do.",
    "variantId": "The product's size, colour or the like.",
    "bot": "True: it is stored, and counts for nothing.",
    "timestamp": "When it happened: RFC 3339 with zone, or milliseconds since 1970; at most 5 minutes ahead. Else now.",
    "metadata": "Anything, of at most 8 KB; these members mean something. Numbers are integers of 64 bits or doubles.",
    "category": "A path, such as Shoes > Boots.",
    "categories": "Paths, the main one first; `category` alone is a list of one.",
    "mode": "replace: what the body lacks becomes unavailable, and nothing changes where it breaks.",
    "force": "Replaces though it takes away more than a third of what can be had.",
    "repeated": "Lines of a product that stood in an earlier line; the last one counts.",
    "removed": "Products that became unavailable, since a complete file lacks them.",
    "exclude": "Products that must not come.",
    "strategy": "How the list is made.",
    "context": "The page; product where products are given, else home.",
    "excludePurchased": "Whether what the shopper bought stays out; as the tenant's own events suggest where absent.",
    "diversity": "How much variety within a list may cost of its relevance: 0 nothing, 1 everything.",
    "limit": "How many at most.",
    "layout": "How the cards lie.",
    "columns": "On a wide screen.",
    "theme": "Plain colours, names of fonts and pixels; what is left out is as the SDK has it.",
    "maxItems": "How many products a list has where a page names no limit.",
    "ctaText": "The words on a card's button; none where empty.",
    "placements": "The lists are answered in their order.",
    "cursor": "meta.nextCursor of the page before.",
    "nextCursor": "The cursor of the next page; null on the last.",
    "minPrice": "In the tenant's currency.",
    "maxPrice": "In the tenant's currency.",
    "available": "Whether it may be recommended.",
    "attributes": "The shop's own facts of a product, of at most 16 KB. Numbers are integers of 64 bits or doubles.",
    "q": "Words to search for; typing errors are forgiven.",
    "price": "Exact to 2 places.",
    "currency": "Of ISO 4217.",
    "score": "1 for the best of its kind, never below 0.",
    "reason": "For shoppers: why the product is here.",
    "evidence": "What the reason rests on.",
    "fallback": "Whether the strategy had too little evidence and others filled the list.",
    "cached": "Whether the list was made before.",
    "recommendationId": "Send it with events that the list leads to.",
    "overlapHours": "For so long the old key works beside the new one.",
    "origins": "Whose pages may use a publish key; the tenant's allowedOrigins where empty.",
    "permissions": "What the key may do.",
    "attributionWindowHours": "For so long after a click a purchase counts as led to by the list.",
    "rateLimits": "Requests a minute and key, up to what the operator allows; 0, set by the operator alone: no limit.",
    "timezone": "A name of the IANA time zone database.",
    "password": "At least 10 characters where it is chosen, and none that everybody uses.",
    "expiresIn": "Seconds.",
    "anonymousId": "The id that the shopper had before the login.",
    "aliases": "Other ids of the shopper.",
    "properties": "What the shop says of the shopper: up to 20 facts.",
    "erasedAt": "Events stored before it are erased; later ones are new.",
    "follows": "What is erased later: where, when and how.",
    "requestId": "As in X-Request-ID and in the server's log.",
    "detail": "What was expected, what came, what to do.",
    "code": "Which kind of problem, see /docs/problems.",
    "trafficSplit": "Of 100 shoppers so many see control.",
    "lift": "As a share of control's value: 0.05 is 5 % more.",
    "sequentialCi": "Of the absolute lift; holds though one looks every day.",
    "ci": "Of 95 %; for an end that was fixed before the start.",
    "mismatched": "Events that name another variant than the hash gives their shopper; no part of anything.",
    "srm": "Whether the shoppers' numbers are as the split lets expect.",
    "cuped": "The comparison, less what the shoppers' own past explains.",
    "alreadyQueued": "Whether a build was waiting already.",
    "strategies": "By which lists are made; of a model, how each did in the backtest, by context.",
    "startsWith": "The beginning of the id; who was seen last comes without it.",
    "after": "When the newest event was received that is known already, for a live tail.",
    "whole": "Whether the body is the file to its end; of its beginning alone, what breaks at the end is no fault.",
    "refused": "Why an import would not begin, such as a column that the file lacks.",
    "header": "The columns' names, as they stand in the file.",
    "fields": "What a column may be said to be, by `map`.",
    "complete": "Whether the whole file was looked at.",
    "baskets": "In how many of the baskets that the model was built from both products lie.",
    "startsFrom": "The products that the list was made from: those of the page, of the visit, or of the history.",
    "sent": "The beginning of what was sent, without the secret of a key.",
}

SAMPLES = {
    "uuid": SAMPLE_ID, "date-time": "2026-01-15T09:30:00Z", "date": "2026-01-15", "string": "text", "integer": 1,
    "number": 1.0, "decimal": 129.9, "boolean": True, "object": {},
}  # fmt: skip
KINDS = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def example_of(schema: Json, components: Mapping[str, Json], name: str = "") -> Any:
    """Something that the schema of a field called `name` allows and a reader understands."""
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "examples" in schema:
        return schema["examples"][0]
    if name in EXAMPLES and _fits(EXAMPLES[name], schema):
        return EXAMPLES[name]
    if "anyOf" in schema:
        return None if schema.get("default", ...) is None else example_of(schema["anyOf"][0], components, name)
    if "properties" in schema:
        members = {member: example_of(kind, components, member) for member, kind in schema["properties"].items()}
        return {member: value for member, value in members.items() if value is not None or member in schema["required"]}
    if schema.get("type") == "array":
        return [example_of(kind, components, name) for kind in schema.get("prefixItems") or [schema["items"]]]
    kind = str(schema.get("format") or schema.get("type", "object"))
    return schema["enum"][0] if "enum" in schema else schema.get("default", SAMPLES.get(kind))


def element_of(array: Json) -> Json:
    """The schema of an array's elements, of which tuples have several."""
    kinds = array.get("prefixItems")
    element: Json = kinds[0] if kinds else array["items"]
    return element


def _fits(value: Any, schema: Json) -> bool:
    if "$ref" in schema:
        return isinstance(value, dict)
    if "anyOf" in schema:
        return any(_fits(value, kind) for kind in schema["anyOf"])
    return value in schema["enum"] if "enum" in schema else isinstance(value, KINDS.get(schema.get("type", ""), object))
