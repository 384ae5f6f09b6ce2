"""How much room there is where the system writes: in DATA_DIR, and in a model store that is a folder."""

import os
from pathlib import Path
from typing import NamedTuple

from recomengine.infra.object_store import folder_of
from recomengine.settings import Settings

FULL_BELOW_BYTES = 64 << 20
"""Less is as good as nothing: PostgreSQL takes room for its log in pieces of 16 MiB, a model takes as much and more."""


class Room(NamedTuple):
    """setting: which names the folder; free_bytes: what an ordinary user may still write there."""

    setting: str
    folder: Path
    free_bytes: int


def rooms(settings: Settings) -> list[Room]:
    """One for each disk; blocking."""
    store = folder_of(settings.model_store_url)
    folders = {"DATA_DIR": settings.data_dir} | ({"MODEL_STORE": store} if store is not None else {})
    found: dict[int, Room] = {}
    for setting, folder in folders.items():
        there = _existing(folder.resolve())
        disk = os.statvfs(there)
        if disk.f_blocks:  # without a bound of its own it tells of no blocks at all
            found.setdefault(there.stat().st_dev, Room(setting, there, disk.f_bavail * disk.f_frsize))
    return list(found.values())


def full(found: list[Room]) -> str:
    """Which disks are full and what to do, as a sentence; "" when none is."""
    said = [
        f"{room.free_bytes >> 20} MiB free in {room.setting}" for room in found if room.free_bytes < FULL_BELOW_BYTES
    ]
    return (
        f"{', '.join(said)}, less than {FULL_BELOW_BYTES >> 20} MiB. Delete or move files there, or enlarge the disk."
        if said
        else ""
    )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
