"""What lies in the data dir: folders that are private, and what `up` keeps, the secrets it made once and where its
servers listen.

Other commands on the same machine read these, so that `recomengine tenant create` needs no settings beside DATA_DIR.
"""

import json
import os
import secrets
from pathlib import Path

import msgspec
import structlog

from recomengine.settings import SECRETS, Settings, SettingsError

SECRETS_FILE, SERVERS_FILE = "secrets.json", "servers.json"
PRIVATE_FOLDERS = ("models", "models-cache", "event-logs", "archive", "outbox")

log = structlog.get_logger()


def make_private(data_dir: Path) -> None:
    """Keep everybody but the owner from the folders that hold shoppers' data and mails, also where an older version let
    others in.

    A disk that is full or read-only is said, and no reason not to start.
    """
    for folder in (data_dir / name for name in PRIVATE_FOLDERS):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
        except OSError as error:
            log.warning("folder of the data dir not made private", folder=str(folder), error=str(error))


def with_secrets(settings: Settings) -> Settings:
    """`settings` with every missing secret made, and kept in the data dir with mode 0600."""
    path = settings.data_dir / SECRETS_FILE
    kept = _read(path)
    names = [name.lower() for name in SECRETS]
    missing = {name: secrets.token_hex(32) for name in names if not getattr(settings, name) and name not in kept}
    if missing:
        kept |= missing
        write_private(path, kept)
    return _fill(settings, kept)


def with_data_dir(settings: Settings) -> Settings:
    """`settings` with what it lacks taken from the data dir of a running `up`, as far as that has it."""
    return _fill(settings, _read(settings.data_dir / SECRETS_FILE) | _read(settings.data_dir / SERVERS_FILE))


def write_private(path: Path, values: dict[str, str]) -> None:
    """Write a JSON file that only its owner can read, whole or not at all."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(values, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name outlives a power cut, too
    finally:
        os.close(folder)


def _fill(settings: Settings, values: dict[str, str]) -> Settings:
    fields = {field.name for field in msgspec.structs.fields(Settings)}
    return msgspec.structs.replace(
        settings, **{k: v for k, v in values.items() if k in fields and not getattr(settings, k)}
    )


def _read(path: Path) -> dict[str, str]:
    try:
        values = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}. Restore it, or set its values in the environment."
        ) from error
    return values
