"""Months of the archive in an object store: whole or not there, the newest file only."""

from pathlib import Path

import pytest

from recomengine.archive.store import ArchiveStore, Month, MonthMissing


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArchiveStore:
    return ArchiveStore("memory:///" if request.param == "memory" else f"file://{tmp_path}/the%20archive")


def put(store: ArchiveStore, month: str, tmp_path: Path, content: bytes) -> Month:
    file = tmp_path / "file"
    file.write_bytes(content)
    return Month(month, store.put(month, file), 1, "", len(content), "2026-01-02T00:00:00+00:00")


def test_a_file_is_found_once_its_month_is_published_and_replaces_the_one_before(
    store: ArchiveStore, tmp_path: Path
) -> None:
    first = put(store, "2026-01", tmp_path, b"first")
    assert store.months() == []
    with pytest.raises(MonthMissing, match="no month 2026-01"):
        store.find("2026-01")
    store.publish(first)
    other = put(store, "2025-12", tmp_path, b"other")
    store.publish(other)
    second = put(store, "2026-01", tmp_path, b"second" * 3_000_000)
    assert store.find("2026-01") == first
    store.publish(second)
    assert store.months() == [other, second]
    store.fetch(second.file, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"second" * 3_000_000
    with pytest.raises(FileNotFoundError):
        store.fetch(first.file, tmp_path / "back")
    store.fetch(other.file, tmp_path / "back")
