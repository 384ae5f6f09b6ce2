"""Every SQL constant of the domains: it prepares against the migrated schema, and it names its tenant.

Row-level security is the second wall; the first is that each statement over a tenant's table carries the tenant.
"""

import re

import asyncpg
import pytest

from tests.support.statements import CONSTANTS

TENANT_TABLES = (
    "api_keys", "catalog_state", "catalog_items", "events", "experiments", "experiment_results", "analytics_daily",
    "widget_configs", "models", "jobs", "user_aliases", "erasures", "archived_events",
    "analytics_state", "analytics_hourly", "analytics_products", "analytics_summary_of_declared",
    "robots", "alias_changes", "user_properties", "joined_ids", "robot_searches", "integration_notes",
    "members", "invitations",
)  # fmt: skip
TENANT_TABLE = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({'|'.join(TENANT_TABLES)})\b", re.IGNORECASE)


@pytest.mark.parametrize("name", CONSTANTS)
async def test_every_statement_prepares_against_the_schema(name: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url, server_settings={"role": "recomengine_app"})
    try:
        assert await connection.prepare(CONSTANTS[name])
    finally:
        await connection.close()


OF_SOME_TENANT = [
    name for name, sql in CONSTANTS.items() if TENANT_TABLE.search(sql) and not name.startswith("recomengine.archive.")
]
"""All but those of the archive, which moves months of all tenants, as the owner."""


@pytest.mark.parametrize("name", OF_SOME_TENANT)
def test_every_statement_over_a_tenants_table_names_the_tenant_first(name: str) -> None:
    sql = CONSTANTS[name]
    assert re.search(r"tenant_id\s*(=|,|\))", sql), f"{name} does not name tenant_id"
    assert "$1" in sql, f"{name} does not take the tenant as its first parameter"


async def test_no_row_is_visible_without_a_declared_tenant(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, server_settings={"role": "recomengine_app"})
    try:
        for table in (*TENANT_TABLES, "tenants"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    finally:
        await connection.close()


async def test_the_serving_role_owns_nothing_and_cannot_bypass_the_policies(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        role = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'recomengine_app'"
        )
        owned = await connection.fetchval("SELECT count(*) FROM pg_class WHERE relowner = 'recomengine_app'::regrole")
        unprotected = await connection.fetch(
            """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
               WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relrowsecurity"""
        )
    finally:
        await connection.close()
    assert role is not None
    assert (role["rolsuper"], role["rolbypassrls"], role["rolcanlogin"], owned, unprotected) == (
        False,
        False,
        False,
        0,
        [],
    )
