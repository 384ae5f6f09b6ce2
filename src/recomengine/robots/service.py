"""Robots: ids that no person stands behind. Their events are stored, and left out of what is learned and counted.

The worker suspects an id
    whose views and clicks of one hour are PAGES_AN_HOUR or more, or of PRODUCTS_AN_HOUR or more products,
    or whose events all name a program that calls itself a robot (metadata.userAgent).
No person opens a page every four seconds for an hour, or a new product every seven: of the 130,000 visitors of a large
shop one in ten thousand had 177 events in their busiest hour, and the busiest of all 285, of 246 products.
Purchases do not count: a till or a wholesaler may send thousands in an hour, and their revenue is no robot's. What an
admin has said of an id, the worker leaves as it is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from recomengine.auth.actor import Member, audit
from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.robots import queries
from recomengine.robots.schemas import Robot, RobotStatus, as_robot
from recomengine.web.problems import NotFound

PAGES_AN_HOUR, PRODUCTS_AN_HOUR = 1000, 500
LOOK_BACK = timedelta(hours=1)
"""An hour that was not over at the last search is counted whole; and what was being stored then is committed by now."""
NEVER = datetime(1, 1, 2, tzinfo=UTC)
SEARCH_LIMIT_S = 300.0
ROBOTS_WORDS = (
    r"(?<!cu)bot\y|crawl|spider|slurp|scrap[ey]|headless|phantomjs|lighthouse|facebookexternalhit"
    r"|python-|(curl|wget|java|okhttp|go-http-client|libwww-perl)/"
)
"""As user agents name themselves; Cubot makes telephones."""
BY_HAND = "named by an admin"

log = structlog.get_logger()


async def find_robots_due(pool: Pool, bus: Bus, look_back: timedelta) -> int:
    """Search what the tenants stored who sent anything so lately; how many ids are suspected from now on. Who was not
    heard of by then is searched by the next build (`find_robots`).
    """
    tenants = await queries.tenants_heard_of(pool, look_back)
    return sum([await find_robots(pool, bus, tenant_id) for tenant_id in tenants])


async def find_robots(pool: Pool, bus: Bus, tenant_id: UUID) -> int:
    """Suspect the robots among those of whom anything was stored since the last search; how many are new."""
    now = datetime.now(UTC)
    async with tenant_transaction(pool, tenant_id) as connection:
        since = max(NEVER, await queries.lock_search(connection, tenant_id, NEVER + LOOK_BACK) - LOOK_BACK)
        found = await _suspects(connection, tenant_id, since)
        new = await queries.suspect(connection, tenant_id, list(found), list(found.values())) if found else 0
        await queries.end_search(connection, tenant_id, now)
    if new:
        log.info("robots suspected", tenant=str(tenant_id), robots=new)
        await bus.publish("robots", tenant_id)
    return new


async def _suspects(connection: Connection, tenant_id: UUID, since: datetime) -> dict[str, str]:
    """The reason of each."""
    declared = await queries.self_declared(connection, tenant_id, since, ROBOTS_WORDS, SEARCH_LIMIT_S)
    busy = await queries.busiest_hours(connection, tenant_id, since, PAGES_AN_HOUR, PRODUCTS_AN_HOUR, SEARCH_LIMIT_S)
    reasons = {row["user_id"]: f"calls itself {row['agent'][:100]}" for row in declared}
    for row in busy:
        pages, products = row["pages"], row["products"]
        reasons[row["user_id"]] = (
            f"{pages:,} views and clicks in one hour, of {products:,} product{'s' if products > 1 else ''}"
        )
    return reasons


async def list_robots(
    pool: Pool, tenant_id: UUID, status: RobotStatus | None, after: str | None, limit: int
) -> tuple[list[Robot], str | None]:
    """(a page in the order of ids, the cursor of the next one)."""
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.list_robots(connection, tenant_id, status, after, limit + 1)
    return [as_robot(row) for row in rows[:limit]], rows[limit - 1]["user_id"] if len(rows) > limit else None


async def confirm(pool: Pool, bus: Bus, member: Member, user_id: str) -> Robot:
    """Say that the id is a robot's, or is to be ignored for another reason, whether or not anything came from it."""
    async with tenant_transaction(pool, member.tenant_id) as connection:
        if await queries.confirm(connection, member.tenant_id, user_id, BY_HAND):
            await audit(connection, member, "robot.confirmed", user_id)
        row = await queries.one_robot(connection, member.tenant_id, user_id)
    assert row is not None  # it stands there since
    await bus.publish("robots", member.tenant_id)
    return as_robot(row)


async def clear(pool: Pool, bus: Bus, member: Member, user_id: str) -> None:
    """Say that the id is a shopper's after all."""
    async with tenant_transaction(pool, member.tenant_id) as connection:
        row = await queries.one_robot(connection, member.tenant_id, user_id)
        if row is None:
            raise NotFound("This id is not among the tenant's robots. GET the list to see which are.")
        if row["status"] != "cleared":
            await queries.clear(connection, member.tenant_id, user_id)
            await audit(connection, member, "robot.cleared", user_id, {"status": row["status"]})
    await bus.publish("robots", member.tenant_id)


async def robots_among(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> list[Robot]:
    """What is said of those of these ids of which anything is."""
    return [as_robot(row) for row in await queries.robots_among(connection, tenant_id, users)]


async def forget(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> None:
    """What is said of these ids, for their erasure."""
    await queries.forget(connection, tenant_id, users)


async def left_out(connection: Connection, tenants: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """Of each tenant all ids that are a robot's, or are joined with one's."""
    found: dict[UUID, set[str]] = {tenant_id: set() for tenant_id in tenants}
    for row in await queries.left_out(connection, tenants):
        found[row["tenant_id"]].add(row["user_id"])
    return {tenant_id: frozenset(users) for tenant_id, users in found.items()}
