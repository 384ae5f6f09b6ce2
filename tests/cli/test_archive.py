"""`recomengine archive`: months go, are listed, and come back."""

import asyncio
import re
from pathlib import Path

from tests.support.commands import Command
from tests.support.databases import execute

MONTH = """
CREATE TABLE events_2025_01 PARTITION OF events FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
CREATE UNIQUE INDEX events_2025_01_id_key ON events_2025_01 (id);
INSERT INTO events (id, tenant_id, event_type, user_id, timestamp, created_at)
SELECT gen_random_uuid(), id, 'search', 'ann', now(), '2025-01-05Z' FROM tenants;
"""
SETTLED = "INSERT INTO analytics_state (tenant_id, through) SELECT id, now() FROM tenants"


def test_a_month_goes_is_listed_and_comes_back(command: Command, tenant: str, database: str, tmp_path: Path) -> None:
    store = f"file://{tmp_path}/archive"
    asyncio.run(execute(database, MONTH))

    def archive(*arguments: str) -> str:
        ran = command("archive", *arguments, archive_store=store)
        assert ran.code == 0, ran.err
        return ran.out

    assert archive("list") == ""
    held = command("archive", "run", archive_store=store)
    assert (held.code, held.out) == (0, "")
    assert "month not archived: figures or experiments still need it" in held.err
    asyncio.run(execute(database, SETTLED))
    assert archive("run").startswith("2025-01  1 events, ")
    assert archive("run") == ""
    assert re.fullmatch(r"2025-01  1 events, \d+ bytes, archived \d{4}-\d\d-\d\d\n", archive("list"))
    assert re.fullmatch(r"2025-01 is in the database until \d{4}-\d\d-\d\d\n", archive("restore", "2025-01"))
    assert ", back in the database until 2" in archive("list")
    assert tenant


def test_a_month_that_is_not_there_or_is_none_is_said_in_one_line(command: Command, tenant: str) -> None:
    missing = command("archive", "restore", "1999-01")
    assert (missing.code, missing.out) == (1, "")
    assert "The archive has no month 1999-01." in missing.err
    assert command("archive", "restore", "January").code == 2
    assert "EVENT" in command("archive", "run", event_retention_days="0").err.upper()
    assert tenant
