"""Where published models lie: MODEL_STORE, a folder (file://) or an object store (`infra/object_store.py`).

A model is a directory <tenant>/<version>/ of .npy files and manifest.json. It appears whole: in a folder by a rename,
in an object store because the manifest is put last and readers start from it. From an object store each machine keeps a
local copy, which its processes map.
"""

import errno
import json
import shutil
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recomengine.infra.object_store import ObjectStore, folder_of

MANIFEST = "manifest.json"
PROBE = ".probe"
KEPT_COPIES = 3
"""Of a tenant's models in an object store, how many a machine that only serves keeps."""


class ModelMissing(Exception):
    """The version is not, or no longer, in the store."""


class ModelStore:
    """Blocking: call it from a thread."""

    def __init__(self, url: str, cache: Path) -> None:
        folder = folder_of(url)
        self._remote = ObjectStore(url) if folder is None else None
        self._root = folder or cache

    def publish(self, tenant_id: UUID, version: str, arrays: dict[str, NDArray[Any]], manifest: dict[str, Any]) -> int:
        """Make the model visible to every machine; its size in bytes."""
        target = self._root / str(tenant_id) / version
        target.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{version}."))
        new.chmod(0o755)
        try:
            for name, array in arrays.items():
                _save(new / f"{name}.npy", np.ascontiguousarray(array))
            (new / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            if self._remote is not None:
                self._upload(self._remote, new, f"{tenant_id}/{version}")
            new.rename(target)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        return sum(file.stat().st_size for file in target.iterdir())

    def open(self, tenant_id: UUID, version: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """(arrays, mapped read-only; manifest). Raises ModelMissing."""
        folder = self._root / str(tenant_id) / version
        if not folder.is_dir():
            if self._remote is None:
                raise ModelMissing(f"No model {version} of tenant {tenant_id} in the store.")
            self._download(self._remote, folder, f"{tenant_id}/{version}")
            _remove_old_copies(folder.parent)
        try:
            arrays = {file.stem: _map(file) for file in folder.glob("*.npy")}
            manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ModelMissing(f"Model {version} of tenant {tenant_id} was removed.") from error
        return arrays, manifest

    def probe(self) -> None:
        """Write and delete something, as a build does. Raises OSError or obstore's BaseError."""
        if self._remote is not None:
            self._remote.put(PROBE, b"")
            self._remote.remove(PROBE)
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._root):
            return

    def holds(self, tenant_id: UUID, version: str) -> bool:
        """Whether the version is in the store, whole."""
        if self._remote is None:
            return (self._root / str(tenant_id) / version / MANIFEST).is_file()
        try:
            self._remote.require(f"{tenant_id}/{version}/{MANIFEST}")
        except FileNotFoundError:
            return False
        return True

    def remove(self, tenant_id: UUID, version: str) -> None:
        """Delete a version; processes that map it keep what they have open."""
        if self._remote is not None:
            names = self._remote.names(f"{tenant_id}/{version}")
            for name in sorted(
                names, key=lambda name: Path(name).name != MANIFEST
            ):  # a fetch that ends and finds it has all the rest
                self._remote.remove(name)
        shutil.rmtree(self._root / str(tenant_id) / version, ignore_errors=True)

    def remove_tenant(self, tenant_id: UUID) -> None:
        """Delete whatever there is of the tenant, half-written and fetched directories among it."""
        if self._remote is not None:
            self._remote.remove(self._remote.names(f"{tenant_id}/"))
        shutil.rmtree(self._root / str(tenant_id), ignore_errors=True)

    def copied(self) -> list[UUID]:
        """The tenants of whom this machine keeps copies of models in an object store."""
        return tenants_named(self._root, "") if self._remote is not None else []

    def remove_copies(self, tenant_id: UUID, but: Collection[str] = ()) -> None:
        """Those of an object store's models on this machine, but of these versions and what is being fetched."""
        for path in (self._root / str(tenant_id)).glob("[!.]*") if but else [self._root / str(tenant_id)]:
            if path.name not in but:
                shutil.rmtree(path, ignore_errors=True)

    @staticmethod
    def _upload(remote: ObjectStore, folder: Path, prefix: str) -> None:
        for file in sorted(folder.iterdir(), key=lambda file: file.name == MANIFEST):
            remote.put(f"{prefix}/{file.name}", file)

    @staticmethod
    def _download(remote: ObjectStore, folder: Path, prefix: str) -> None:
        try:
            manifest = remote.read(f"{prefix}/{MANIFEST}")
        except FileNotFoundError as error:
            raise ModelMissing(f"No model {prefix} in the store.") from error
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".fetch."))
        try:
            sizes = remote.sizes(prefix)
            _require_room(new, sum(sizes.values()))
            for name in sizes:
                remote.fetch(name, new / Path(name).name)
            (new / MANIFEST).write_bytes(manifest)
            remote.require(f"{prefix}/{MANIFEST}")
            if not folder.is_dir():
                new.rename(folder)
        except FileNotFoundError as error:
            raise ModelMissing(f"Model {prefix} was removed.") from error
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _remove_old_copies(folder: Path) -> None:
    """Versions sort by age. What a process maps stays open to it."""
    for copy in sorted(path for path in folder.iterdir() if not path.name.startswith("."))[:-KEPT_COPIES]:
        shutil.rmtree(copy, ignore_errors=True)


def tenants_named(folder: Path, suffix: str) -> list[UUID]:
    """The tenants whose ids name the entries of a folder, which need not be there."""
    found = []
    for path in folder.glob(f"*{suffix}"):
        with suppress(ValueError):
            found.append(UUID(path.name.removesuffix(suffix)))
    return found


def _save(file: Path, array: NDArray[Any]) -> None:
    """Through Python's own writing: numpy's into a file loses the end of a small array on a full disk, and says
    nothing.
    """
    with file.open("wb") as out:
        np.save(cast(Any, SimpleNamespace(write=out.write)), array, allow_pickle=False)


def _require_room(folder: Path, needed_bytes: int) -> None:
    """Raises OSError, before anything is fetched in vain: whoever lacks the model asks for it again and again."""
    disk = shutil.disk_usage(folder)
    if disk.total and disk.free < needed_bytes:  # a disk without a bound of its own has no total
        raise OSError(
            errno.ENOSPC, f"a model of {needed_bytes} bytes does not go into {disk.free} free ones", str(folder.parent)
        )


def _map(file: Path) -> NDArray[Any]:
    """An empty array cannot be mapped; it is read."""
    mapped = np.load(file, mmap_mode=None if file.stat().st_size <= 128 else "r", allow_pickle=False)
    return np.asarray(mapped)
