"""The replay of a served model as answers show it: its cases with products' ids and names, and how often it was right.

A share of k in n has the interval of Wilson (1927), which holds for small n and shares near 0 and 1:
    (k + z²/2 ± z √(k (n - k) / n + z²/4)) / (n + z²), z = 1.96.
"""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from recomengine.infra.database import Pool, tenant_transaction
from recomengine.models import queries
from recomengine.models.blend import Z_95
from recomengine.models.cases import CONTEXTS
from recomengine.models.held_back import OFFERED, HeldBack
from recomengine.models.histories import EVENT_TYPES
from recomengine.models.learning import Published
from recomengine.models.schemas import Deed, Interval, Replay, ReplayCase, ReplayProduct, ReplaySummary
from recomengine.models.service import replay_in
from recomengine.models.store import ModelMissing, ModelStore
from recomengine.web.problems import NotFound
from recomengine.web.spreadsheets import as_text

NOTHING = "There is no replay yet: it comes with a model, and none was built that has one. Have the model built."
COLUMNS = ("context", "userId", "right", "bestsellersRight", "taken", "onPage", "done")


async def replay_of_tenant(pool: Pool, store: ModelStore, tenant_id: UUID) -> Replay:
    """Of the served model; raises NotFound."""
    async with tenant_transaction(pool, tenant_id) as connection:
        version = (await queries.newest_ready(connection, [tenant_id])).get(tenant_id)
    if version is None:
        raise NotFound(NOTHING)
    try:
        published = Published(*await asyncio.to_thread(store.open, tenant_id, version))
    except ModelMissing:
        raise NotFound(NOTHING) from None
    held = await replay_in(pool, tenant_id, published)
    numbers = sorted({number for case in held for number in _named(case)})
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.products_numbered(connection, tenant_id, numbers)
    ids = {row["number"]: row["product_id"] for row in rows}
    products = {
        row["product_id"]: ReplayProduct(
            row["name"], row["image_url"], row["category"], None if row["price"] is None else float(row["price"]),
            row["available"],
        )
        for row in rows
    }  # fmt: skip
    return Replay(
        version, datetime.fromisoformat(published.manifest["learnedAt"]), _summaries(held),
        [_case(case, ids) for case in held], products,
    )  # fmt: skip


def _named(case: HeldBack) -> Iterator[int]:
    yield from case.on_page
    yield from (product for product, _ in case.done)
    yield from case.offered
    yield from case.taken


def _case(case: HeldBack, ids: dict[int, str]) -> ReplayCase:
    return ReplayCase(
        case.context,  # type: ignore[arg-type]  # one of CONTEXTS
        case.user_id, [ids[number] for number in case.on_page],
        [Deed(EVENT_TYPES[code], ids[number]) for number, code in case.done], [ids[number] for number in case.offered],
        [ids[number] for number in case.taken], case.right, case.bestsellers,
    )  # fmt: skip


def _summaries(held: Sequence[HeldBack]) -> list[ReplaySummary]:
    """Of all cases, then of each context that has any."""
    parts = {context: [case for case in held if case.context == context] for context in CONTEXTS}
    return [_summary(None, held)] + [_summary(context, cases) for context, cases in parts.items() if cases]


def _summary(context: str | None, cases: Sequence[HeldBack]) -> ReplaySummary:
    right, popular = sum(case.right for case in cases), sum(case.bestsellers for case in cases)
    return ReplaySummary(
        context,  # type: ignore[arg-type]  # None, or one of CONTEXTS
        len(cases), right, wilson(right, len(cases)), wilson(popular, len(cases)),
    )  # fmt: skip


def wilson(count: int, of: int) -> Interval:
    """The share and its 95 % interval; of nothing, nothing is known: 0 to 1."""
    if not of:
        return Interval(0.0, 0.0, 1.0)
    middle, square = count + Z_95**2 / 2, Z_95**2
    half = Z_95 * (count * (of - count) / of + square / 4) ** 0.5
    return Interval(
        round(count / of, 4),
        round(max(0.0, middle - half) / (of + square), 4),
        round((middle + half) / (of + square), 4),
    )


def as_csv(replayed: Replay) -> str:
    """A line a case, a column for each product offered; several ids in a cell stand in lines of their own."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([*COLUMNS, *(f"offered{place}" for place in range(1, OFFERED + 1))])
    for case in replayed.cases:
        done = [f"{deed.event_type} {deed.product_id}" for deed in case.done]
        cells = [case.context, case.user_id, _word(case.right), _word(case.bestsellers_right)]
        cells += ["\n".join(ids) for ids in (case.taken, case.on_page, done)] + case.offered
        lines.writerow([as_text(cell) for cell in cells])
    return text.getvalue()


def _word(right: bool) -> str:
    return "true" if right else "false"
