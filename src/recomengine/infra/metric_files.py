"""How the processes of one start count together: each has files of its own in one directory, and any of them reads all.

Whoever starts processes makes the directory and names it to them in RECOMENGINE_METRICS_DIR. A process takes the first
free number there and goes on where its dead predecessor stopped counting, so a counter never falls and the files stay
as many as the processes. A lock says who lives: the kernel lets go of it, however a process ends. Without a directory a
process counts for itself, in memory.
"""

import fcntl
import mmap
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from prometheus_client.mmap_dict import MmapedDict, mmap_key

VARIABLE = "RECOMENGINE_METRICS_DIR"
PREFIX = "metrics-"
WINDOW_S, STEP_S = 300, 10


@contextmanager
def fresh_directory(data_dir: Path) -> Iterator[Path]:
    """A directory for the processes that are started within; what a killed starter left in the data dir is removed."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for left in data_dir.glob(f"{PREFIX}*/"):
        if (held := _try_lock(left)) is not None:
            shutil.rmtree(left)
            os.close(held)
    with TemporaryDirectory(prefix=PREFIX, dir=data_dir.resolve()) as name:
        held = _try_lock(Path(name))
        try:
            yield Path(name)
        finally:
            if held is not None:
                os.close(held)


class Place:
    """A process's number in a directory, and its files there. It is its own until the process ends."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.number, self._lock = _first_free(directory)
        self._files: dict[str, MmapedDict] = {}
        for stale in directory.glob(f"gauge_*_{self.number}.db"):
            stale.unlink()  # a gauge tells of a living process

    def file(self, kind: str) -> MmapedDict:
        if kind not in self._files:
            self._files[kind] = MmapedDict(str(self.directory / f"{kind}_{self.number}.db"))
        return self._files[kind]

    def window_memory(self) -> mmap.mmap:
        with (self.directory / f"window_{self.number}").open("a+b") as file:
            file.truncate(WINDOW_BYTES)
            return mmap.mmap(file.fileno(), WINDOW_BYTES)

    def all_files(self) -> list[str]:
        """The files of every process, gauges of the living only."""
        living, found = set(_living(self.directory)), []
        for file in self.directory.glob("*.db"):
            with suppress(FileNotFoundError):  # a successor begins with new gauges
                if file.stat().st_size and (not file.name.startswith("gauge") or int(file.stem.rpartition("_")[2]) in living):
                    found.append(str(file))
        return found

    def all_windows(self) -> list[bytes]:
        return [data for file in self.directory.glob("window_*") if len(data := file.read_bytes()) == WINDOW_BYTES]


class SharedValue:
    """One number of a metric in its process's file. Adding to it is one addition in mapped memory; the library's own value
    packs a record each time, which costs ten times as much."""

    _multiprocess = True
    place: Place
    """Of this process; set once, before the first metric is made."""

    def __init__(
        self, typ: str, metric_name: str, name: str, labelnames: tuple[str, ...], labelvalues: tuple[str, ...], help_text: str,
        multiprocess_mode: str = "", **_more: Any,
    ) -> None:  # fmt: skip
        key = mmap_key(metric_name, name, list(labelnames), list(labelvalues), help_text)
        with _creating:
            file = self.place.file(f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ)
            file.read_value(key)  # makes room for it
            at = file._positions[key]
            # When the file grows it is mapped anew; the memory that is held here goes on being the file's.
            self._number = memoryview(file._m)[at : at + 8].cast("d")
        self._lock = Lock()

    def inc(self, amount: float) -> None:
        with self._lock:
            self._number[0] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        self._number[0] = value

    def get(self) -> float:
        return self._number[0]

    def set_exemplar(self, exemplar: object) -> None:
        raise NotImplementedError("Exemplars are not kept in files.")

    def get_exemplar(self) -> None:
        return None


class Window:
    """Counts of the last WINDOW_S seconds: a ring of steps, each with the number of the step and a count of each kind."""

    KINDS = ("requests", "failed", "recommended", "cached")
    WIDTH = 1 + len(KINDS)
    STEPS = WINDOW_S // STEP_S

    def __init__(self, place: Place | None) -> None:
        self._place = place
        self._memory = memoryview(bytearray(WINDOW_BYTES) if place is None else place.window_memory())
        self._ring = self._memory.cast("Q")

    def count(self, kind: int) -> None:
        step = int(time.monotonic()) // STEP_S
        at = step % self.STEPS * self.WIDTH
        if self._ring[at] != step:
            for offset in range(1, self.WIDTH):
                self._ring[at + offset] = 0
            self._ring[at] = step
        self._ring[at + 1 + kind] += 1

    def totals(self) -> dict[str, int]:
        """Of all processes together."""
        oldest = int(time.monotonic()) // STEP_S - self.STEPS
        totals = dict.fromkeys(self.KINDS, 0)
        for data in [bytes(self._memory)] if self._place is None else self._place.all_windows():
            ring = memoryview(data).cast("Q")
            for at in range(0, len(ring), self.WIDTH):
                if ring[at] > oldest:
                    for offset, kind in enumerate(self.KINDS, 1):
                        totals[kind] += ring[at + offset]
        return totals


WINDOW_BYTES = 8 * Window.WIDTH * Window.STEPS
_creating = Lock()


def _first_free(directory: Path) -> tuple[int, int]:
    """The first number that no living process has, and the descriptor of its lock."""
    for number in count():
        path = directory / f"{number}.lock"
        path.touch(mode=0o600)
        if (lock := _try_lock(path)) is not None:
            return number, lock
    raise AssertionError("numbers do not end")


def _living(directory: Path) -> Iterator[int]:
    for path in directory.glob("*.lock"):
        lock = _try_lock(path, fcntl.LOCK_SH)
        if lock is None:
            yield int(path.stem)
        else:
            os.close(lock)


def _try_lock(path: Path, kind: int = fcntl.LOCK_EX) -> int | None:
    """A descriptor that holds the lock of a file or directory; None where another has it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
