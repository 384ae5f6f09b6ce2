"""A data dir whose disk fills up under load, and has room again: `bench/disk.py` in short."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from bench import disk
from bench.disk import Small, fill_and_empty, may_mount, small_system
from recomengine.infra.data_dir import PRIVATE_FOLDERS


@pytest.fixture(scope="module")
def small() -> Iterator[Small]:
    with small_system() as small:
        yield small


@pytest.mark.parametrize("fill_the_log", [False, True], ids=["no room for rows", "no room for the log of PostgreSQL"])
def test_no_process_dies_of_a_full_disk_and_no_acknowledged_event_is_lost(
    small: Small, monkeypatch: pytest.MonkeyPatch, fill_the_log: bool
) -> None:
    monkeypatch.setattr(disk, "FULL_S", 0.0)

    found = asyncio.run(fill_and_empty(small, f"test{fill_the_log}", fill_the_log=fill_the_log))

    assert found["acknowledged"] > 0
    assert (found["missing"], found["stored_twice"], found["died"]) == (0, 0, [])
    assert set(found["statuses"]) == {202, 503}
    assert found["built_afterwards"]
    if may_mount():  # else only writing is refused, and Valkey ends
        assert found["recommended"] == 8
        assert found["ready"]["status"] in ("degraded", "not_ready")
        assert re.match(r"full: \d+ MiB free in DATA_DIR, ", found["ready"]["checks"]["disk"])


def test_what_up_makes_of_shoppers_data_is_private_and_its_servers_reach_their_own(small: Small) -> None:
    folder = small.system.data_dir
    folders = {path.name: path for path in folder.iterdir() if path.is_dir() and path.name != "servers"}

    assert set(PRIVATE_FOLDERS) < folders.keys()
    assert any(name.startswith("metrics-") for name in folders)
    assert {path.stat().st_mode & 0o777 for path in folders.values()} == {0o700}
    assert (folder / "servers.log").stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o077 for path in (folder / "servers").iterdir()} == {0}
