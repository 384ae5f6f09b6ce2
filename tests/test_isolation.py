"""Tenant A looks for tenant B: in every table, through every SQL constant, and with B's ids in every endpoint.

The tables come from the database, the constants from the modules and the endpoints from the app, so that a new one is
tried as well, or fails here until it is said how.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import orjson
import pytest
from starlette.routing import Route

from recomengine.app import all_routes
from recomengine.context import Context
from recomengine.infra.database import SERVING_ROLE
from recomengine.jobs.registry import MONTHS_AHEAD
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.databases import execute, fetch, fetchval
from tests.support.people import Person, forget_attempts
from tests.support.shops import fill_catalog, product
from tests.support.statements import CONSTANTS
from tests.support.stored import view

TABLES_OF_NOBODY = {
    "admins", "audit_log", "ended_families", "idempotency_keys", "password_resets", "refresh_tokens", "restored_months",
    "schema_migrations",
}  # fmt: skip
OF_THE_OWNER = {"analytics_summary"}
"""What the serving role has no right to at all."""
VIEWS = {"analytics_summary_of_declared", "joined_ids"}
"""What it may read, and nobody can write."""
QUEUE = "pgqueuer"
OPEN = {
    "/health", "/ready", "/internal/metrics", "/docs/{name:path}", "/sdk/v1/{name:path}", "/app/{name:path}",
    "/dashboard/{path:path}", "/v1/m",
}  # fmt: skip
"""The last five: files that are the same for everybody, named by themselves; what is dropped unread."""
ACCOUNTS = "/api/v1/auth/"
"""Of people, not of tenants."""
OVER_NOBODYS = re.compile(rf"\b(?:FROM|INTO|UPDATE)\s+({'|'.join(TABLES_OF_NOBODY)})\b")
"""Statements over tables that belong to no tenant; they give back what they are given."""
OF_ALL_TENANTS = {
    "recomengine.api_keys.queries.FIND_KEY": "finds the tenant of a key, which only its holder has",
    "recomengine.members.queries.FIND_INVITATION": "finds the tenant of an invitation, whose token only its guest has",
    "recomengine.auth.queries.ROLE_IN": "tells what an admin is in a tenant, nothing else of it",
    "recomengine.health.queries.RUNNING_EXPERIMENTS": "tells how many experiments run, nothing else of them",
    "recomengine.experiments.queries.TO_COMPLETE": (
        "tells the worker ids of experiments that are to be completed, nothing else of them"
    ),
    "recomengine.models.queries.TENANTS_DUE": "tells the worker ids of tenants that need a build, nothing else of them",
    "recomengine.users.queries.TENANTS_WITH_UNFINISHED": (
        "tells the worker ids of tenants with an erasure to finish, nothing else of them"
    ),
    "recomengine.tenants.queries.TENANTS_TO_PURGE": (
        "tells the worker ids of tenants deleted a month ago, nothing else of them"
    ),
    "recomengine.integration.queries.FORGET_NOTES": "drops old notes of all tenants, and tells how many there were",
    "recomengine.tenants.queries.PURGE_TENANT": "refuses a tenant that is not deleted",
    "recomengine.analytics.queries.SUMMARIZE_ARRIVALS": "keeps an index, and tells how many of its ranges were new",
    "recomengine.analytics.queries.ANALYTICS_DUE": (
        "tells the worker ids of tenants whose figures lack something, nothing else of them"
    ),
    "recomengine.events.queries.STORE_EVENTS": "declares the tenants of its batch; the guard has proved each of them",
    "recomengine.backup.queries.ATTACH": (
        "makes a statement of the names that it is given; restoring runs it as the owner"
    ),
    "recomengine.backup.queries.SET_SEQUENCE": "takes the name of a sequence; restoring runs it as the owner",
    **{
        name: "makes a statement of the names that it is given, and reads no table; archiving runs it as the owner"
        for name,
        sql in CONSTANTS.items() if name.startswith("recomengine.archive.") and re.match(r"\s*SELECT format\(", sql)
    },
}  # fmt: skip
"""What declares tenants by itself or runs as the owner, and why it may."""

OF_ITS_GUEST = ("POST", "/api/v1/invitations/accept")
"""The token is a good one, and its guest is somebody else."""
NAMED_BY_EACH = {("DELETE", "/api/v1/users/{user_id:path}"), ("POST", "/api/v1/users/{user_id:path}/aliases")}
"""Every tenant may have a shopper of any name, so a name that is B's is found to be A's own."""

FIXED: dict[tuple[str, int], Any] = {
    ("recomengine.catalog.queries.UPSERT_ITEMS", 7): ["[]"],
    ("recomengine.catalog.queries.UPSERT_ITEMS", 14): ["{}"],
    ("recomengine.analytics.queries.READ_FIGURES", 14): "UTC",
    ("recomengine.analytics.products.queries.READ_PRODUCTS", 15): "UTC",
    ("recomengine.analytics.queries.TOUCHED_HOURS", 4): "UTC", ("recomengine.analytics.queries.INSERT_HOURS", 4): "UTC",
    ("recomengine.analytics.products.queries.CHANGE_DAYS", 4): "UTC",
    ("recomengine.analytics.products.queries.CHANGE_HOURS", 4): "UTC",
    ("recomengine.jobs.queries.ENSURE_EVENT_PARTITIONS", 1): MONTHS_AHEAD,
}  # fmt: skip
"""Parameters that take text of one form only, or whose effect would be seen by other tests."""


FIGURES = "impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue"


class Pair(NamedTuple):
    mine: Tenant
    theirs: Tenant
    secret: str
    """Stands in names and users of B, and in nothing that is sent by A but where A asks for them."""
    product: str
    """B's product, and a shopper of B's of this name."""
    key_id: UUID
    experiment_id: UUID
    widget_id: UUID
    """Of the widget at B's placement home."""
    invitation_id: UUID
    admin_id: UUID
    """Of a member of B."""


@pytest.fixture
async def pair(context: Context, client: httpx.AsyncClient, make_tenant: MakeTenant, database_url: str) -> Pair:
    secret, product_id = f"secret-{uuid4().hex}", f"product-{uuid4().hex}"
    mine, theirs = await make_tenant(), await make_tenant()
    await fill_catalog(context, mine.id, [product("mine", price=1)])
    await fill_catalog(
        context, theirs.id, [product(product_id, price=1, name=f"Name {secret}", category=f"Category {secret}")]
    )
    for user, event_id in ((secret, product_id), (product_id, f"{product_id}-2")):
        answer = await client.post(
            "/api/v1/events", json=view(user, product_id) | {"eventId": event_id}, headers=bearer(theirs.read_write)
        )
        assert answer.status_code == 202
    await execute(database_url, "INSERT INTO admins (email, password_hash) VALUES ($1, 'x')", secret)
    await context.notes.flush()  # what was noted of them, which else is written while a test compares
    for table, columns in {
        "experiments": "name, control_strategy, variant_strategy, traffic_split, metric",
        "widget_configs": "placement_id, title",
        "analytics_daily": "placement_id, date",
        "models": "version, status",
        "jobs": "name, id, status",
        "user_aliases": "user_id, anonymous_id",
        "erasures": "unfinished, number, digests, before, events",
        "analytics_state": "settings",
        "archived_events": "month, newest",
        "analytics_hourly": f"placement_id, date, hour, strategy, {FIGURES}, orders, other_currency",
        "analytics_products": f"product_id, date, {FIGURES}",
        "analytics_product_blocks": f"product_id, date, days, {FIGURES}",
        "analytics_product_hours": f"product_id, date, hour, {FIGURES}",
        "robots": "user_id, status, reason",
        "alias_changes": "user_id, anonymous_id, change",
        "user_properties": "user_id, properties",
        "robot_searches": "through",
        "integration_notes": "subject, day, kind, count, last_at",
        "members": "admin_id, role",
        "invitations": "email, role, digest, expires_at",
    }.items():
        values = {
            "experiments": "$2, 'auto', 'trending', 50, 'ctr'", "widget_configs": "'home', $2",
            "analytics_daily": "$2, now()",
            "models": "$2, 'ready'",
            "jobs": "$2, (SELECT coalesce(max(id), 2 ^ 40) + 1 FROM jobs WHERE id >= 2 ^ 40), 'dead'",
            "user_aliases": "$2, 'anonymous'", "erasures": "ARRAY[$2], 1, '{}', now(), 0",
            "archived_events": "now() + 0 * length($2) * interval '1 day', now()",
            "analytics_state": "jsonb_build_object('timezone', $2::text)",
            "analytics_hourly": "$2, now(), now(), '', 1, 1, 1, 1, 1, 1, 1, 1",
            "analytics_products": "$2, now(), 1, 1, 1, 1, 1, 1",
            "analytics_product_blocks": "$2, now(), 2, 1, 1, 1, 1, 1, 1",
            "analytics_product_hours": "$2, now(), now(), 1, 1, 1, 1, 1, 1",
            "robots": "$2, 'confirmed', ''",
            "alias_changes": "$2, 'anonymous', 'joined'", "user_properties": "$2, '{\"plan\": 1}'",
            "integration_notes": "$2, now(), 'sdk', 1, now()",
            "members": "(SELECT id FROM admins WHERE email = $2), 'analyst'",
            "invitations": "$2, 'analyst', sha256(convert_to($2, 'UTF8')), now() + interval '1 day'",
            "robot_searches": "now() + 0 * length($2) * interval '1 day'",
        }[table]  # fmt: skip
        await execute(
            database_url, f"INSERT INTO {table} (tenant_id, {columns}) VALUES ($1, {values})", theirs.id, secret
        )
    await execute(
        database_url,
        "INSERT INTO experiment_results (tenant_id, experiment_id, variant) SELECT tenant_id, id, 'control' FROM "
        "experiments WHERE name = $1",
        secret,
    )
    key_id = await fetchval(database_url, "SELECT id FROM api_keys WHERE tenant_id = $1 LIMIT 1", theirs.id)
    experiment_id = await fetchval(database_url, "SELECT id FROM experiments WHERE tenant_id = $1", theirs.id)
    widget_id = await fetchval(database_url, "SELECT id FROM widget_configs WHERE tenant_id = $1", theirs.id)
    invitation_id = await fetchval(database_url, "SELECT id FROM invitations WHERE tenant_id = $1", theirs.id)
    admin_id = await fetchval(database_url, "SELECT admin_id FROM members WHERE tenant_id = $1", theirs.id)
    await execute(database_url, "SELECT refresh_analytics_summary()")
    return Pair(mine, theirs, secret, product_id, key_id, experiment_id, widget_id, invitation_id, admin_id)


async def tenant_tables(url: str) -> list[tuple[str, str]]:
    """Every table of the schema with a column that names a tenant, and that column."""
    rows = await fetch(
        url,
        """SELECT c.relname, coalesce((SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid
            AND a.attname = 'tenant_id'), '') AS column
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition ORDER BY 1""",
    )
    found = [(row["relname"], row["column"] or ("id" if row["relname"] == "tenants" else "")) for row in rows]
    unnamed = {table for table, column in found if not column and not table.startswith(QUEUE)}
    assert unnamed == TABLES_OF_NOBODY, "a new table without tenant_id: it needs one, or a reason in TABLES_OF_NOBODY"
    return [(table, column) for table, column in found if column]


async def rows_of(url: str, tenant: UUID) -> dict[str, str]:
    """All rows of a tenant, as the owner sees them, by table; but for when a key was used, which is written now and
    then.
    """
    return {
        table: str(
            await fetchval(
                url,
                f"SELECT coalesce(string_agg(row, '|' ORDER BY row), '') "
                f"FROM (SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM {table} t WHERE {column} = $1) AS rows",
                tenant,
            )
        )
        for table, column in await tenant_tables(url)
        if table not in VIEWS
    }


async def serving(url: str, *tenants: UUID) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(url, server_settings={"role": SERVING_ROLE})
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )
    await connection.execute("SELECT set_config('app.tenants', $1, false)", "{" + ",".join(map(str, tenants)) + "}")
    return connection


async def test_no_table_shows_or_gives_a_tenant_the_rows_of_another(pair: Pair, database_url: str) -> None:
    tables, before = await tenant_tables(database_url), await rows_of(database_url, pair.theirs.id)
    assert all(before.values()), f"B has nothing to be found in {[table for table, rows in before.items() if not rows]}"
    connection = await serving(database_url, pair.mine.id)
    try:
        for table, column in tables:
            if table in OF_THE_OWNER:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT FROM {table}")
                continue
            assert (
                await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = $1", pair.theirs.id) == 0
            ), table
            assert pair.secret not in str(await connection.fetch(f"SELECT t::text FROM {table} t")), table
            if table in VIEWS:
                with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="cannot update view"):
                    await connection.execute(f"UPDATE {table} SET {column} = {column}")
                continue
            with suppress(asyncpg.InsufficientPrivilegeError):  # or no right to change it at all
                assert (
                    await connection.execute(
                        f"UPDATE {table} SET {column} = {column} WHERE {column} = $1", pair.theirs.id
                    )
                    == "UPDATE 0"
                ), table
            with suppress(asyncpg.InsufficientPrivilegeError):
                assert (
                    await connection.execute(f"DELETE FROM {table} WHERE {column} = $1", pair.theirs.id) == "DELETE 0"
                ), table
    finally:
        await connection.close()
    assert await rows_of(database_url, pair.theirs.id) == before


async def test_the_summary_shows_each_tenant_its_own_days_behind_a_barrier(pair: Pair, database_url: str) -> None:
    """The materialized view itself knows no policies: the serving role reaches it through a view that does."""
    asked = "SELECT tenant_id FROM analytics_summary_of_declared"
    for declared, shown in (([pair.theirs.id], {pair.theirs.id}), ([pair.mine.id], set()), ([], set())):
        connection = await serving(database_url, *declared)
        try:
            assert {row["tenant_id"] for row in await connection.fetch(asked)} == shown
        finally:
            await connection.close()
    options = await fetchval(
        database_url, "SELECT reloptions FROM pg_class WHERE relname = 'analytics_summary_of_declared'"
    )
    assert options == ["security_barrier=true"]


async def test_no_row_can_be_given_to_another_tenant(pair: Pair, database_url: str) -> None:
    connection = await serving(database_url, pair.mine.id)
    try:
        for table, column in [
            ("catalog_items", "tenant_id"),
            ("api_keys", "tenant_id"),
            ("catalog_state", "tenant_id"),
            ("tenants", "id"),
        ]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await connection.execute(f"UPDATE {table} SET {column} = $1", pair.theirs.id)
    finally:
        await connection.close()


async def test_partitions_cannot_be_reached_past_the_policies_of_their_table(database_url: str) -> None:
    partitions = await fetch(
        database_url, "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass"
    )
    assert partitions
    connection = await serving(database_url)
    try:
        for row in partitions:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT 1 FROM {row['name']}")
    finally:
        await connection.close()


async def test_the_serving_role_can_become_nobody_else(database_url: str) -> None:
    assert (
        await fetchval(database_url, "SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", SERVING_ROLE)
        == 0
    )
    assert not await fetchval(database_url, "SELECT has_schema_privilege($1, 'public', 'CREATE')", SERVING_ROLE)
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = $1::regrole AND deptype = 'o'"
    assert await fetchval(database_url, owned, SERVING_ROLE) == 0


async def test_functions_that_run_as_the_owner_are_those_that_are_known(database_url: str) -> None:
    rows = await fetch(
        database_url,
        "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE prosecdef AND n.nspname = "
        "'public' ORDER BY 1",
    )
    assert [row["proname"] for row in rows] == [
        "analytics_due", "ensure_event_partitions", "experiments_to_complete", "find_api_key",
        "find_invitation", "forget_integration_notes", "forget_jobs",
        "owns_tenant", "purge_tenant", "read_audit", "read_audit", "record_job", "refresh_analytics_summary", "role_in",
        "running_experiments", "summarize_arrivals", "tenants_due", "tenants_heard_of", "tenants_of",
        "tenants_to_purge",
        "tenants_with_unfinished_erasures",
        "write_audit",
    ]  # fmt: skip


def arguments(name: str, types: Sequence[Any], pair: Pair) -> list[Any]:
    """Something of B for each parameter: its id, its product; numbers and moments that let everything through."""
    anything: dict[str, Any] = {
        "uuid": pair.theirs.id, "text": pair.product, "int4": 10, "int8": 10, "numeric": 10, "bool": True,
        "bytea": b"x" * 32, "jsonb": {}, "name": pair.product, "float8": 0.0,
        "timestamptz": datetime(2000, 1, 1, tzinfo=UTC), "date": date(2000, 1, 1),
        "interval": timedelta(),
    }  # fmt: skip
    values = [[anything[one.name[:-2]]] if one.name.endswith("[]") else anything[one.name] for one in types]
    return [FIXED.get((name, number), value) for number, value in enumerate(values, 1)]


async def run_as(url: str, declared: UUID, name: str, pair: Pair) -> str:
    """What a statement gives, and keeps, with B's ids while `declared` is declared."""
    connection = await serving(url, declared)
    try:
        statement = await connection.prepare(CONSTANTS[name])
        return str(await statement.fetch(*arguments(name, statement.get_parameters(), pair)))
    except (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError) as error:
        return f"refused: {type(error).__name__}"
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "name", [name for name, sql in CONSTANTS.items() if name not in OF_ALL_TENANTS and not OVER_NOBODYS.search(sql)]
)
async def test_no_statement_gives_or_changes_what_is_of_another_tenant(
    name: str, pair: Pair, database_url: str
) -> None:
    before = await rows_of(database_url, pair.theirs.id)
    found = await run_as(database_url, pair.mine.id, name, pair)
    assert not any(mark in found for mark in (pair.secret, pair.product, str(pair.theirs.id)))
    assert await rows_of(database_url, pair.theirs.id) == before


async def test_the_same_search_finds_what_is_its_own(pair: Pair, database_url: str) -> None:
    reads = [
        name for name, sql in CONSTANTS.items() if name not in OF_ALL_TENANTS and sql.lstrip().startswith("SELECT")
    ]
    found = {
        name.rpartition(".")[2]
        for name in reads
        if pair.product in await run_as(database_url, pair.theirs.id, name, pair)
    }
    assert {"GET_ITEM", "KNOWN_NUMBERS"} <= found


def test_every_exception_is_a_statement_that_there_is() -> None:
    assert set(OF_ALL_TENANTS) <= set(CONSTANTS)


def endpoints() -> Iterator[tuple[str, str]]:
    for route in all_routes():
        assert isinstance(route, Route), f"{route} is no plain route: say here how it is tried"
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if route.path not in OPEN and not route.path.startswith(ACCOUNTS):
                yield method, route.path


def forged(pair: Pair) -> dict[tuple[str, str], Any]:
    """What is sent to each endpoint that takes a body or a query: B's ids wherever one fits."""
    event = {
        "eventType": "purchase",
        "userId": pair.secret,
        "productId": pair.product,
        "sessionId": pair.secret,
        "eventId": pair.product,
    }
    item = {"name": "Forged", "price": 1}
    query = {
        "userId": pair.secret,
        "sessionId": pair.secret,
        "productId": [pair.product],
        "category": f"Category {pair.secret}",
    }
    return (
        {
            ("GET", "/api/v1/recommendations"): query,
            ("POST", "/api/v1/recommendations"): query,
            ("POST", "/api/v1/recommendations/batch"): {"requests": [query]},
            ("POST", "/api/v1/widgets/page"): {
                "userId": pair.secret,
                "placements": [{"placementId": "home", "productIds": [pair.product]}],
            },
            ("POST", "/api/v1/identify"): {"userId": pair.secret, "anonymousId": "anon_1-2-3-4"},
            ("POST", "/api/v1/events"): event,
            ("POST", "/api/v1/events/batch"): {"events": [event]},
            ("POST", "/api/v1/events/import"): event,
            ("GET", "/api/v1/catalog"): {"q": pair.secret, "category": f"Category {pair.secret}"},
            ("POST", "/api/v1/catalog"): {"productId": pair.product, **item},
            ("POST", "/api/v1/catalog/batch"): {"items": [{"productId": pair.product, **item}]},
            ("POST", "/api/v1/catalog/import"): {"productId": pair.product, **item},
            ("PUT", "/api/v1/catalog/{product_id:path}"): item,
            ("PATCH", "/api/v1/catalog/{product_id:path}"): item,
            ("POST", "/api/v1/tenants/{tenant_id}/model/refresh"): {},
            ("POST", "/api/v1/users/{user_id:path}/aliases"): {"anonymousId": "anonymous"},
            ("PUT", "/api/v1/users/{user_id:path}/properties"): {"plan": "forged"},
        }
        | forged_by_libraries(pair)
        | forged_by_admins(pair)
    )


def forged_by_libraries(pair: Pair) -> dict[tuple[str, str], Any]:
    """B's order is cancelled, its shopper joined and described, in A's name."""
    order = {"order_id": pair.secret, "products": [{"product_id": pair.product}]}
    message = {
        "type": "track", "event": "Order Refunded", "userId": pair.secret, "anonymousId": pair.product,
        "previousId": pair.product, "messageId": pair.product, "properties": order, "traits": {"plan": "forged"},
    }  # fmt: skip
    cancelled = message | {"event": "Order Cancelled", "properties": {"order_id": pair.secret}}
    one, several = ("track", "page", "screen", "identify", "alias", "group"), ("batch", "b", "import")
    return {
        **{("POST", f"/v1/{path}"): message for name in one for path in (name, name[0])},
        **{("POST", f"/v1/{path}"): {"batch": [message, cancelled]} for path in several},
    }


def forged_by_admins(pair: Pair) -> dict[tuple[str, str], Any]:
    tenant, experiment = "/api/v1/tenants/{tenant_id}", "/api/v1/tenants/{tenant_id}/experiments/{experiment_id}"
    made = {
        "name": "Forged",
        "controlStrategy": "auto",
        "variantStrategy": "trending",
        "metric": "ctr",
        "placementId": pair.product,
    }
    return {
        ("POST", "/api/v1/tenants"): {"name": "Forged"},
        ("PATCH", tenant): {"name": "Forged"},
        ("PATCH", f"{tenant}/config"): {"currency": "EUR"},
        **{("POST", f"{tenant}/{step}"): {} for step in ("activate", "suspend")},
        ("POST", f"{tenant}/api-keys"): {"name": "Forged", "permissions": "read-write"},
        ("POST", f"{tenant}/api-keys/{{key_id}}/rotate"): {},
        ("POST", f"{tenant}/experiments"): made,
        ("PATCH", experiment): {"name": "Forged"},
        **{("POST", f"{experiment}/{step}"): {} for step in ("start", "pause", "resume", "complete")},
        ("GET", f"{experiment}/power"): {"lift": 0.1},
        ("POST", f"{tenant}/widgets"): {"placementId": pair.product},
        ("PATCH", f"{tenant}/widgets/{{widget_id}}"): {"title": "Forged"},
        ("POST", f"{tenant}/widgets/preview"): {"placementId": "home"},
        ("PATCH", f"{tenant}/members/{{admin_id}}"): {"role": "owner"},
        ("POST", f"{tenant}/invitations"): {"email": "forged@example.com", "role": "owner"},
        ("POST", "/api/v1/invitations/accept"): {"token": pair.secret},
        ("GET", "/api/v1/audit-log"): {"tenantId": str(pair.theirs.id)},
        ("POST", f"{tenant}/jobs/{{job_id}}/retry"): {},
        ("PUT", f"{tenant}/robots/{{user_id:path}}"): {},
        **{
            ("POST", f"{tenant}/{what}/import{end}"): forged
            for what, forged in (
                ("catalog", {"productId": pair.product, "name": "Forged"}),
                ("events", {"eventType": "view", "userId": pair.secret, "productId": pair.product}),
            )
            for end in ("", "/preview")
        },
        ("POST", f"{tenant}/playground"): {"strategies": ["auto"], "userId": pair.secret},
        ("GET", f"{tenant}/catalog"): {"q": pair.secret},
        ("GET", f"{tenant}/events"): {"userId": pair.secret},
        ("GET", f"{tenant}/shoppers"): {"startsWith": pair.secret},
    }


def path_of(template: str, pair: Pair) -> str:
    """`template` with B's ids in it; an unknown kind of id fails here until it is said what B's is."""
    ids = {
        "tenant_id": str(pair.theirs.id), "product_id": pair.product, "user_id": pair.product,
        "key_id": str(pair.key_id), "job_id": "1", "experiment_id": str(pair.experiment_id),
        "widget_id": str(pair.widget_id), "placement_id": "home",
        "anonymous_id": "anonymous", "invitation_id": str(pair.invitation_id), "admin_id": str(pair.admin_id),
    }  # fmt: skip
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: ids[found[1]], template)


@pytest.mark.parametrize(("method", "path"), list(endpoints()))
async def test_no_endpoint_takes_the_id_of_another_tenant(
    method: str, path: str, pair: Pair, client: httpx.AsyncClient, context: Context, database_url: str
) -> None:
    body = forged(pair).get((method, path))
    assert body is not None or method in ("GET", "DELETE"), "say in forged() what this endpoint is sent"
    before = await rows_of(database_url, pair.theirs.id)
    sent: dict[str, Any] = {"params": body} if method == "GET" else {}
    if body is not None and method != "GET":
        media = "application/x-ndjson" if path.endswith(("/import", "/import/preview")) else "application/json"
        sent = {"content": json.dumps(body), "headers": {"Content-Type": media}}
    answers = [
        await client.request(method, path_of(path, pair), **sent | {"headers": sent.get("headers", {}) | credential})
        for credential in await credentials(pair, client, context)
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert pair.secret not in answer.text
        if "{tenant_id" in path or ("{" in path and method != "PUT" and (method, path) not in NAMED_BY_EACH):
            assert answer.status_code in (401, 403, 404), answer.text
    tried = any(answer.status_code not in (401, 403) for answer in answers)
    assert tried or (method, path) == OF_ITS_GUEST, "who may do it was not tried"
    assert await rows_of(database_url, pair.theirs.id) == before


async def credentials(pair: Pair, client: httpx.AsyncClient, context: Context) -> list[dict[str, str]]:
    """All that A has: three keys, and an admin who owns another tenant."""
    await forget_attempts(context)
    admin = Person(client)
    await admin.sign_up()
    await admin.make_tenant()
    return [*(bearer(key) for key in (pair.mine.read, pair.mine.read_write, pair.mine.publish)), admin.bearer]


async def test_an_analyst_changes_nothing_of_the_tenant(
    pair: Pair, client: httpx.AsyncClient, context: Context, database_url: str
) -> None:
    await forget_attempts(context)
    analyst = Person(client)
    await analyst.sign_up()
    joined = "INSERT INTO members (tenant_id, admin_id, role) SELECT $1, id, 'analyst' FROM admins WHERE email = $2"
    await execute(database_url, joined, pair.theirs.id, analyst.email)
    before, tried = await rows_of(database_url, pair.theirs.id), 0
    for method, path in endpoints():
        if "{tenant_id" in path and method != "GET":
            body = forged(pair).get((method, path))
            answer = await client.request(method, path_of(path, pair), json=body, headers=analyst.bearer)
            assert answer.status_code < 500
            tried += 1
    assert tried >= 20
    assert await rows_of(database_url, pair.theirs.id) == before


@pytest.mark.parametrize("path", ["/health", "/ready", "/internal/metrics"])
async def test_what_needs_no_key_tells_nothing_of_a_tenant(
    path: str, pair: Pair, client: httpx.AsyncClient, context: Context
) -> None:
    answer = await client.get(path, headers=bearer(context.settings.internal_api_key))
    assert answer.status_code == 200
    assert not any(mark in answer.text for mark in (pair.secret, pair.product, str(pair.theirs.id)))
