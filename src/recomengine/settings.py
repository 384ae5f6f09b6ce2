"""One frozen Settings from the environment, an optional .env / TOML file, and NAME_FILE indirections.

Precedence: environment, NAME_FILE, the file named by RECOMENGINE_CONFIG (TOML) or ./.env, default.
"""

import ipaddress
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from recomengine.wording import fault_of

PLACEHOLDERS = frozenset({"", "changeme", "change-me", "secret", "placeholder", "example", "test", "dev", "password"})
MIN_SECRET_LENGTH = 32
SECRETS = ("JWT_SECRET", "API_KEY_HMAC_SECRET", "INTERNAL_API_KEY")


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message says which, and the remedy."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: str = ""
    owner_database_url: str = ""
    redis_url: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 5008
    data_dir: Path = Path("data")
    model_store: str = ""
    archive_store: str = ""
    event_retention_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 90
    jwt_secret: str = ""
    api_key_hmac_secret: str = ""
    internal_api_key: str = ""
    public_url: str = ""
    smtp_url: str = ""
    signup: Literal["open", "closed"] = "open"
    max_reads_per_minute: Annotated[int, msgspec.Meta(ge=1000, le=10_000_000)] = 60_000
    """The most that an admin may let each key send; no less than what a new tenant has."""
    max_writes_per_minute: Annotated[int, msgspec.Meta(ge=500, le=10_000_000)] = 30_000
    log_level: Literal["debug", "info", "warn", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    trusted_proxies: str = ""

    @property
    def model_store_url(self) -> str:
        return self.model_store or f"file://{(self.data_dir / 'models').resolve()}"

    @property
    def owner_url(self) -> str:
        """Where to log in as the owner of the tables, which DATABASE_URL does unless it is the serving login."""
        return self.owner_database_url or self.database_url

    @property
    def archive_store_url(self) -> str:
        return self.archive_store or f"file://{(self.data_dir / 'archive').resolve()}"

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    def require_servers(self) -> None:
        """Raise unless both server URLs are set."""
        for name, value in (("DATABASE_URL", self.database_url), ("REDIS_URL", self.redis_url)):
            if not value:
                raise SettingsError(
                    f"{name} is not set. Set it, or run `recomengine up`, which brings its own servers."
                )

    def require_proxies(self) -> None:
        """Raise unless each of TRUSTED_PROXIES is an address or a network."""
        for proxy in filter(None, map(str.strip, self.trusted_proxies.split(","))):
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                raise SettingsError(
                    f"TRUSTED_PROXIES: {error}. Name the addresses or networks of your proxies, separated by commas, "
                    f"such as 10.0.0.0/8."
                ) from error

    def require_secrets(self, *names: str) -> None:
        """Raise unless every secret, or each of `names`, is set, long enough, and no placeholder."""
        for name, value in self._secrets(names or SECRETS):
            if value.lower() in PLACEHOLDERS:
                problem = "is not set" if not value else "is a placeholder"
            elif len(value) < MIN_SECRET_LENGTH:
                problem = f"has {len(value)} characters, fewer than {MIN_SECRET_LENGTH}"
            else:
                continue
            raise SettingsError(f"{name} {problem}. Set it to a random value, e.g. from `openssl rand -hex 32`.")

    def _secrets(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            value: str = getattr(self, name.lower())
            for part in value.split(",") if name == "JWT_SECRET" else [value]:  # several while it is rotated
                yield name, part.strip()


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ` (os.environ when None), over the configuration file, over the defaults."""
    env = os.environ if environ is None else environ
    values = _file_values(env)
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        if name in env:
            values[field.name] = env[name]
        elif file := env.get(f"{name}_FILE"):
            values[field.name] = _read(name, Path(file))
    values = {name: value for name, value in values.items() if value != ""}
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        path, message = fault_of(error, Settings)
        raise SettingsError(
            f"A setting cannot be used: {path.removeprefix('$.').upper()}: {message}. Correct the environment or the "
            "configuration file."
        ) from error


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise SettingsError(f"No conversion to {wanted.__name__}.")


def _read(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE names {file}, which cannot be read: {error.strerror}.") from error


def _file_values(env: Mapping[str, str]) -> dict[str, object]:
    config = env.get("RECOMENGINE_CONFIG")
    if config:
        return _known(tomllib.loads(_read("RECOMENGINE_CONFIG", Path(config))))
    dotenv = Path(".env")
    return _known(_dotenv(dotenv.read_text(encoding="utf-8"))) if env is os.environ and dotenv.is_file() else {}


def _known(values: Mapping[str, object]) -> dict[str, object]:
    names = {field.name for field in msgspec.structs.fields(Settings)}
    return {key.lower(): value for key, value in values.items() if key.lower() in names}


def _dotenv(text: str) -> dict[str, object]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip().removeprefix("export ").strip(): value.strip().strip("'\"") for key, _, value in pairs}
