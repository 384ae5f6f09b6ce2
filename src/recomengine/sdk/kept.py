"""The SDK's scripts of earlier versions: shops' tags name a script by its hash, and go on doing so after an upgrade.

Each process leaves the scripts of its own version in DATA_DIR/sdk when it starts, and any process there serves what it
finds by its hash, so an old and a new version that run side by side serve each other's.
"""

import gzip
import os
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import structlog

from recomengine.web.assets import HASH_LENGTH, MEDIA_TYPES, Asset, asset_of, bundle

FOLDER = "sdk"
SCRIPTS = ("recomengine.js", "recomengine.mjs")
HASHED = re.compile(rf"recomengine\.([0-9a-f]{{{HASH_LENGTH}}})(\.m?js)")
VERSIONS_IN_MEMORY = 16

log = structlog.get_logger()


def keep_scripts(data_dir: Path) -> None:
    """Leave this version's for later ones. A disk that is full or read-only is said, and no reason not to start."""
    for name in SCRIPTS:
        asset = bundle("sdk")[name]
        path = data_dir / FOLDER / asset.hashed(name)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            if _read(path) is None:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                new.write_bytes(asset.forms["identity"])
                new.replace(path)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            log.warning("script of the SDK not kept for later versions", file=str(path), error=str(error))


@lru_cache(VERSIONS_IN_MEMORY)
def _packed(content: bytes, media_type: str) -> Asset:
    return asset_of(content, media_type, {"gzip": gzip.compress(content, mtime=0)})


def kept_script(data_dir: Path, name: str) -> Asset | None:
    """By its name with its hash; None where there is none, or one that is not what its name says."""
    named = HASHED.fullmatch(name)
    content = _read(data_dir / FOLDER / name) if named else None
    if named is None or content is None:
        return None
    asset = _packed(content, MEDIA_TYPES[named[2]])
    return asset if asset.digest == named[1] else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
