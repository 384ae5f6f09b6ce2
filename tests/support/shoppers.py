"""What becomes of shoppers' ids: joined with others and parted again, marked as robots' and cleared."""

from uuid import UUID

from tests.support.databases import execute

JOIN = """
WITH joined AS (
    INSERT INTO user_aliases (tenant_id, anonymous_id, user_id, first_seen_id) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
)
INSERT INTO alias_changes (tenant_id, anonymous_id, user_id, change) VALUES ($1, $2, $3, 'joined')
"""
PART = """
WITH parted AS (DELETE FROM user_aliases WHERE tenant_id = $1 AND anonymous_id = $2 RETURNING user_id)
INSERT INTO alias_changes (tenant_id, anonymous_id, user_id, change) SELECT $1, $2, user_id, 'undone' FROM parted
"""
MARK = """
INSERT INTO robots (tenant_id, user_id, status, reason) VALUES ($1, $2, 'suspected', 'quick')
ON CONFLICT (tenant_id, user_id) DO UPDATE SET status = 'suspected'
"""
CLEAR = "UPDATE robots SET status = 'cleared' WHERE tenant_id = $1 AND user_id = $2"


class Shoppers:
    """The ids of a shop; joined: the user of each anonymous one, robots: those that are marked."""

    def __init__(self, url: str, tenant_id: UUID) -> None:
        self.url, self.tenant_id = url, tenant_id
        self.joined: dict[str, str] = {}
        self.robots: set[str] = set()

    async def join(self, name: str, user: str, first_seen: str | None = None) -> None:
        self.joined[name] = user
        await execute(self.url, JOIN, self.tenant_id, name, user, first_seen)

    async def part(self, name: str) -> None:
        self.joined.pop(name, None)
        await execute(self.url, PART, self.tenant_id, name)

    async def mark(self, name: str) -> None:
        self.robots.add(name)
        await execute(self.url, MARK, self.tenant_id, name)

    async def clear(self, name: str) -> None:
        self.robots.discard(name)
        await execute(self.url, CLEAR, self.tenant_id, name)
