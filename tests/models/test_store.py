"""Published models: whole or not there, in a folder and in an object store."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import obstore
import pytest
from numpy.typing import NDArray
from obstore.store import MemoryStore

from bench.disk import Disk
from recomengine.infra import object_store
from recomengine.models import store as module
from recomengine.models.store import KEPT_COPIES, ModelMissing, ModelStore

TENANT = uuid4()
Arrays = dict[str, NDArray[Any]]


@pytest.fixture
def arrays() -> Arrays:
    return {
        "popular.items": np.arange(1000, dtype=np.int32), "popular.scores": np.linspace(0, 1, 1000, dtype=np.float32),
        "nothing": np.empty(0, np.int64), "users.data": np.frombuffer("Zoë".encode(), np.uint8),
    }  # fmt: skip


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """What every s3:// URL stands for in this test."""
    memory = MemoryStore()
    monkeypatch.setattr(object_store, "from_url", lambda _url: memory)
    return memory


@pytest.fixture(params=["folder", "object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ModelStore:
    if request.param == "folder":
        return ModelStore(f"file://{tmp_path / 'my%20models'}", tmp_path / "cache")
    request.getfixturevalue("memory")
    return machine(tmp_path, "one")


def machine(tmp_path: Path, name: str) -> ModelStore:
    """A machine with a cache of its own over the shared object store."""
    return ModelStore("s3://bucket/models", tmp_path / name)


def same(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        array.dtype == other[name].dtype and np.array_equal(array, other[name]) for name, array in one.items()
    )


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def remote_paths(memory: MemoryStore) -> list[str]:
    return [meta["path"] for batch in obstore.list(memory) for meta in batch]


def test_what_was_published_is_opened_as_it_was(store: ModelStore, arrays: Arrays) -> None:
    size = store.publish(TENANT, "v1", arrays, {"version": "v1", "users": 3})

    opened, manifest = store.open(TENANT, "v1")

    assert same(opened, arrays)
    assert manifest == {"version": "v1", "users": 3}
    assert size > sum(array.nbytes for array in arrays.values())


def test_opened_arrays_are_read_only(store: ModelStore, arrays: Arrays) -> None:
    store.publish(TENANT, "v1", arrays, {})
    opened, _ = store.open(TENANT, "v1")

    with pytest.raises(ValueError, match="read-only"):
        opened["popular.items"][0] = 7


def test_an_unknown_version_is_missing(store: ModelStore, arrays: Arrays) -> None:
    store.publish(TENANT, "v1", arrays, {})

    for tenant, version in ((TENANT, "v2"), (uuid4(), "v1")):
        with pytest.raises(ModelMissing):
            store.open(tenant, version)


def test_a_removed_version_is_missing_while_who_has_it_open_keeps_it(store: ModelStore, arrays: Arrays) -> None:
    store.publish(TENANT, "v1", arrays, {})
    store.publish(TENANT, "v10", arrays, {})
    opened, _ = store.open(TENANT, "v1")

    store.remove(TENANT, "v1")
    store.remove(TENANT, "v1")

    assert same(opened, arrays)
    with pytest.raises(ModelMissing):
        store.open(TENANT, "v1")
    assert same(store.open(TENANT, "v10")[0], arrays)


def test_a_save_that_fails_leaves_nothing(store: ModelStore, arrays: Arrays, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        store.publish(TENANT, "v1", arrays | {"z": np.array([object()])}, {})

    assert files_below(tmp_path) == []
    with pytest.raises(ModelMissing):
        store.open(TENANT, "v1")


def test_a_manifest_that_cannot_be_written_leaves_nothing(store: ModelStore, arrays: Arrays, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        store.publish(TENANT, "v1", arrays, {"users": object()})

    assert files_below(tmp_path) == []
    with pytest.raises(ModelMissing):
        store.open(TENANT, "v1")


PUBLISHER = """
import sys
from pathlib import Path
from uuid import UUID
import numpy as np
from recomengine.models.store import ModelStore

class Slowly(dict):
    def items(self):
        for item in super().items():
            yield item
            print("written", flush=True)
            sys.stdin.readline()

folder, tenant = sys.argv[1], UUID(sys.argv[2])
store = ModelStore(f"file://{folder}/models", Path(folder) / "cache")
arrays = {"small": np.arange(500), "large": np.arange(3000)}
for version in ("on a full disk", "later"):
    print("begins", flush=True)
    sys.stdin.readline()
    try:
        store.publish(tenant, version, Slowly(arrays), {})
    except OSError:
        print("refused", list(Path(folder).rglob(f"*{version}*")), flush=True)
    else:
        found, _ = store.open(tenant, version)
        print("published", all(np.array_equal(found[name], arrays[name]) for name in arrays), flush=True)
"""


def test_a_model_that_met_a_full_disk_for_a_moment_is_not_published(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 8)
    command = [*disk.prefix, sys.executable, "-c", PUBLISHER, str(tmp_path), str(TENANT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def heard() -> str:
            assert process.stdout is not None
            return process.stdout.readline().strip()

        def go_on() -> str:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            return heard()

        assert heard() == "begins"
        disk.fill(process.pid, but_bytes=4096)  # the small array has 32 bytes more
        said = go_on()
        disk.empty(process.pid)
        while said == "written":
            said = go_on()
        assert (said, heard()) == ("refused []", "begins")
        while (said := go_on()) == "written":
            continue
        assert said == "published True"


def test_an_object_stores_model_that_has_no_room_here_is_not_fetched_in_part(
    memory: MemoryStore, arrays: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, "one").publish(TENANT, "v1", arrays, {})
    fetched: list[str] = []
    get = obstore.get

    def noted(remote: MemoryStore, path: str) -> Any:
        fetched.append(Path(path).name)
        return get(remote, path)

    monkeypatch.setattr(obstore, "get", noted)
    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "disk_usage", lambda _folder: SimpleNamespace(total=1 << 30, used=0, free=5000))
        with pytest.raises(OSError, match="does not go into 5000 free ones"):
            machine(tmp_path, "other").open(TENANT, "v1")
    assert fetched == ["manifest.json"]
    assert files_below(tmp_path / "other") == []
    assert same(machine(tmp_path, "other").open(TENANT, "v1")[0], arrays)


def test_an_upload_that_breaks_off_is_seen_by_nobody_and_can_be_removed(
    memory: MemoryStore, arrays: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = obstore.put
    left = iter(range(2))

    def put_twice(*args: Any) -> Any:
        if next(left, None) is None:
            raise OSError("the line is dead")
        return put(*args)

    one, two = machine(tmp_path, "one"), machine(tmp_path, "two")
    monkeypatch.setattr(obstore, "put", put_twice)
    with pytest.raises(OSError, match="the line is dead"):
        one.publish(TENANT, "v1", arrays, {})

    for each in (one, two):
        with pytest.raises(ModelMissing):
            each.open(TENANT, "v1")
    assert len(remote_paths(memory)) == 2
    one.remove(TENANT, "v1")
    assert remote_paths(memory) == []


def test_another_machine_fetches_a_model_once(
    memory: MemoryStore, arrays: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machine(tmp_path, "one"), machine(tmp_path, "two")
    one.publish(TENANT, "v1", arrays, {"version": "v1"})

    opened, manifest = two.open(TENANT, "v1")
    monkeypatch.setattr(obstore, "get", None)
    again, _ = two.open(TENANT, "v1")

    assert same(opened, arrays)
    assert same(again, arrays)
    assert manifest == {"version": "v1"}
    assert (tmp_path / "two" / str(TENANT) / "v1").is_dir()


def test_a_removal_on_one_machine_is_missing_on_those_that_did_not_fetch(
    memory: MemoryStore, arrays: Arrays, tmp_path: Path
) -> None:
    one, two, three = (machine(tmp_path, name) for name in ("one", "two", "three"))
    one.publish(TENANT, "v1", arrays, {})
    opened, _ = two.open(TENANT, "v1")

    one.remove(TENANT, "v1")

    assert same(opened, arrays)
    with pytest.raises(ModelMissing):
        three.open(TENANT, "v1")
    assert remote_paths(memory) == []


@pytest.mark.parametrize("gone_before_the_listing", [0, 1, 2, 5])
def test_a_model_that_is_removed_while_it_is_fetched_is_missing_and_leaves_nothing(
    gone_before_the_listing: int, memory: MemoryStore, arrays: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machine(tmp_path, "one"), machine(tmp_path, "two")
    one.publish(TENANT, "v1", arrays, {})
    removed: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(obstore, "delete", lambda _remote, path: removed.append(path))
        one.remove(TENANT, "v1")
    list_ = obstore.list

    def removed_meanwhile(*args: Any) -> Iterator[Any]:
        for path in removed[:gone_before_the_listing]:
            obstore.delete(memory, path)
        batches = list(list_(*args))
        for path in removed[gone_before_the_listing:]:
            obstore.delete(memory, path)
        yield from batches

    monkeypatch.setattr(obstore, "list", removed_meanwhile)
    with pytest.raises(ModelMissing):
        two.open(TENANT, "v1")

    assert len(removed) == 5
    assert files_below(tmp_path / "two") == []


def test_a_machine_keeps_few_copies_of_the_models_it_has_fetched(
    memory: MemoryStore, arrays: Arrays, tmp_path: Path
) -> None:
    one, two = machine(tmp_path, "one"), machine(tmp_path, "two")
    versions = [f"v{number}" for number in range(1, KEPT_COPIES + 4)]
    for version in versions:
        one.publish(TENANT, version, arrays, {})
        two.open(TENANT, version)

    assert sorted(path.name for path in (tmp_path / "two" / str(TENANT)).iterdir()) == versions[-KEPT_COPIES:]
    assert same(two.open(TENANT, versions[-1])[0], arrays)
