"""The program in this process, against a database of its own."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from recomengine import cli
from recomengine.settings import Settings
from tests.support.apps import SECRET, Servers
from tests.support.commands import Command, Ran
from tests.support.databases import fresh_database

SETTINGS = [field.name.upper() for field in msgspec.structs.fields(Settings)]


@pytest.fixture(scope="module")
def database(servers: Servers) -> Iterator[str]:
    """A database that the first command migrates."""
    with fresh_database(servers.database_url) as url:
        yield url


@pytest.fixture
def command(
    database: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """`command("migrate", …)`: the program in this process, with the settings of a running system; `database_url=…` and
    so on to change one.
    """

    def run(*arguments: str, stdin: bytes = b"", **settings: str) -> Ran:
        given = {
            "database_url": database,
            "redis_url": servers.redis_url,
            "api_key_hmac_secret": SECRET,
            "data_dir": str(tmp_path / "data"),
        }
        with monkeypatch.context() as patch:
            for name in SETTINGS:
                patch.delenv(name, raising=False)
            for name, value in (given | settings).items():
                patch.setenv(name.upper(), value)
            patch.setattr(sys, "argv", ["recomengine", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))  # type: ignore[type-var]
            with pytest.raises(SystemExit) as ended:
                cli.main()
        printed = capfd.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    yield run
    structlog.reset_defaults()


@pytest.fixture
def tenant(command: Command) -> str:
    assert command("migrate").code == 0
    made: dict[str, Any] = json.loads(command("tenant", "create", "Shop", "--json").out)
    return str(made["tenantId"])
