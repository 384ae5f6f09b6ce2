"""The command line, a file for each group of commands. What is printed is printed here.

Each command reads Settings from the environment, flags over them, the data dir's own below them.
"""

from typing import NoReturn

import asyncpg
import typer

from recomengine.archive.service import ArchiveDamaged
from recomengine.archive.store import MonthMissing
from recomengine.backup.archive import BackupError
from recomengine.cli import archive, data, jobs, operations, servers, tenants
from recomengine.infra.embedded import EmbeddedError
from recomengine.infra.migrations import MigrationError
from recomengine.settings import SettingsError
from recomengine.web.problems import Problem

app = typer.Typer(
    help="RecomEngine: product recommendations for online shops.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (servers.app, operations.app, data.app):
    app.add_typer(commands)
app.add_typer(tenants.app, name="tenant")
app.add_typer(jobs.app, name="jobs")
app.add_typer(data.import_app, name="import")
app.add_typer(archive.app, name="archive")


def main() -> None:
    """The console script; errors that a user can mend are one line and exit 1."""
    try:
        app()
    except (SettingsError, EmbeddedError, MigrationError, BackupError, MonthMissing, ArchiveDamaged, Problem) as error:
        _fail(str(error))
    except asyncpg.UndefinedTableError as error:
        _fail(f"The database lacks a table: {error}. Run `recomengine migrate`.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _fail(f"PostgreSQL refuses: {error}. Check DATABASE_URL.")
    except OSError as error:
        if error.filename is not None:
            _fail(f"{error.filename}: {error.strerror}.")
        _fail(
            f"PostgreSQL or Redis cannot be reached: {error or 'no answer in time'}. Check that they run; `recomengine "
            f"doctor` says more."
        )


def _fail(message: str) -> NoReturn:
    typer.echo(f"{typer.style('error:', fg='red')} {' '.join(message.split())}", err=True)
    raise SystemExit(1)
