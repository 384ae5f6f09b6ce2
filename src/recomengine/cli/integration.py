"""What `doctor --tenant` prints: a table of findings, the worst first."""

from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recomengine.cli.flags import run, with_pool
from recomengine.integration.schemas import Finding, Integration, Status
from recomengine.integration.service import examine
from recomengine.settings import Settings

COLOURS: dict[Status, str] = {"problem": "red", "warning": "yellow", "unknown": "dim", "ok": "green"}


def examined(settings: Settings, tenant_id: UUID, days: int, *, as_json: bool) -> int:
    """Print how the tenant's integration does; 1 where there is a problem."""
    integration = run(with_pool(settings, lambda pool: examine(pool, tenant_id, days)))
    if as_json:
        typer.echo(msgspec.json.encode(integration).decode())
    else:
        Console().print(_table(integration, days))
    return int(integration.status == "problem")


def _table(integration: Integration, days: int) -> Table:
    table = Table("Check", "Status", "What was found, and what to do", title=f"The last {days} days", show_lines=True)
    for finding in integration.findings:
        status = Text(finding.status, COLOURS[finding.status])
        table.add_row(finding.check.replace("_", " "), status, Text("\n".join(_sentences(finding))))
    return table


def _sentences(finding: Finding) -> list[str]:
    examples = [f"Such as {', '.join(finding.examples)}."] if finding.examples and finding.remedy else []
    return [finding.summary, *examples, *filter(None, [finding.remedy])]
