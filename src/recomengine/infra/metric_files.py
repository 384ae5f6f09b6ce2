"""How the processes of one start count together: each has files of its own in one directory, and any of them reads all.

Whoever starts processes makes the directory and names it to them in RECOMENGINE_METRICS_DIR. A process takes the first
free number there and goes on where its dead predecessor stopped counting, so a counter never falls and the files stay
as many as the processes. A lock says who lives: the kernel lets go of it, however a process ends. Without a directory a
process counts for itself, in memory.

A file is mapped only once the disk has given it all its blocks: a first write into a hole, on a full disk, ends the
process with SIGBUS. What the disk has no room for is counted in memory until it has (`Place.settle`).
"""

import errno
import fcntl
import mmap
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, Protocol

import structlog
from prometheus_client.mmap_dict import MmapedDict, mmap_key

VARIABLE = "RECOMENGINE_METRICS_DIR"
PREFIX = "metrics-"
WINDOW_S, STEP_S = 300, 10
FIRST_BYTES = 1 << 16
ENTRY_BYTES = 28
"""What the library adds to a key at most: its length, padding, a value and a time."""

log = structlog.get_logger()


@contextmanager
def fresh_directory(data_dir: Path) -> Iterator[Path | None]:
    """A directory for the processes that are started within; what a killed starter left in the data dir is removed.
    None where
    the disk has no room for one: each process counts for itself then."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for left in data_dir.glob(f"{PREFIX}*/"):
        if (held := _try_lock(left)) is not None:
            shutil.rmtree(left)
            os.close(held)
    try:
        directory = TemporaryDirectory(prefix=PREFIX, dir=data_dir.resolve())
    except OSError as error:
        log.warning("every process counts its metrics for itself: no directory can be made", error=str(error))
        yield None
        return
    with directory as name:
        held = _try_lock(Path(name))
        try:
            yield Path(name)
        finally:
            if held is not None:
                os.close(held)


class Counted(Protocol):
    """What counts in memory until it has moved into the process's files."""

    def move(self) -> None:
        """Raises OSError while the disk has no room."""


class Place:
    """A process's number in a directory, and its files there. It is its own until the process ends."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._files: dict[str, MmapedDict] = {}
        self._waiting: list[Counted] = []
        self._said = False

    @cached_property
    def number(self) -> int:
        """Raises OSError where the disk has no room for its lock."""
        number, self._lock = _first_free(self.directory)
        for stale in self.directory.glob(f"gauge_*_{number}.db"):
            stale.unlink()  # a gauge tells of a living process
        return number

    @property
    def alone(self) -> bool:
        """Whether the process has no file, so that all its figures are in its memory."""
        return not self._files

    def admit(self, counted: Counted) -> None:
        """Move it into the files, now or when there is room."""
        with _creating:
            try:
                counted.move()
            except OSError:
                self._waiting.append(counted)

    def settle(self) -> None:
        """Move what waits for room into the files; say once that it waits."""
        with _creating:
            try:
                while self._waiting:
                    self._waiting[-1].move()
                    self._waiting.pop()
            except OSError as error:
                if not self._said:
                    log.warning(
                        "metrics are counted in memory: there is no room for their files",
                        error=str(error),
                        metrics=len(self._waiting),
                    )
                self._said = True
            else:
                self._said = False

    def file(self, kind: str) -> MmapedDict:
        if kind not in self._files:
            self._files[kind] = _Allocated(self.directory / f"{kind}_{self.number}.db")
        return self._files[kind]

    def window_memory(self) -> mmap.mmap:
        path = self.directory / f"window_{self.number}"
        _allocate(path, WINDOW_BYTES)
        with path.open("r+b") as file:
            return mmap.mmap(file.fileno(), WINDOW_BYTES)

    def all_files(self) -> list[str]:
        """The files of every process, gauges of the living only."""
        living, found = set(_living(self.directory)), []
        for file in self.directory.glob("*.db"):
            with suppress(FileNotFoundError):  # a successor begins with new gauges
                if file.stat().st_size and (
                    not file.name.startswith("gauge") or int(file.stem.rpartition("_")[2]) in living
                ):
                    found.append(str(file))
        return found

    def all_windows(self) -> list[bytes]:
        return [data for file in self.directory.glob("window_*") if len(data := file.read_bytes()) == WINDOW_BYTES]


class _Allocated(MmapedDict):
    """The library's file, in blocks that the disk has given before any of them is written through memory."""

    def __init__(self, path: Path) -> None:
        _allocate(path, FIRST_BYTES)
        super().__init__(str(path))  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        capacity = self._capacity
        while self._used + len(key.encode()) + ENTRY_BYTES > capacity:
            capacity *= 2
        _allocate(Path(self._fname), capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


class SharedValue:
    """One number of a metric in its process's file. Adding to it is one addition in mapped memory; the library's own
    value packs a record each time, which costs ten times as much."""

    _multiprocess = True
    place: Place
    """Of this process; set once, before the first metric is made."""

    def __init__(
        self, typ: str, metric_name: str, name: str, labelnames: tuple[str, ...], labelvalues: tuple[str, ...],
        help_text: str, multiprocess_mode: str = "", **_more: Any,
    ) -> None:  # fmt: skip
        self._key = mmap_key(metric_name, name, list(labelnames), list(labelvalues), help_text)
        self._kind = f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ
        self._lock = Lock()
        self._number = memoryview(bytearray(8)).cast("d")
        self.place.admit(self)

    def move(self) -> None:
        file = self.place.file(self._kind)
        file.read_value(self._key)  # makes room for it
        at = file._positions[self._key]
        # When the file grows it is mapped anew; the memory that is held here goes on being the file's.
        number = memoryview(file._m)[at : at + 8].cast("d")
        with self._lock:
            number[0] += self._number[0]
            self._number = number

    def inc(self, amount: float) -> None:
        with self._lock:
            self._number[0] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        with self._lock:
            self._number[0] = value

    def get(self) -> float:
        return self._number[0]

    def set_exemplar(self, exemplar: object) -> None:
        raise NotImplementedError("Exemplars are not kept in files.")

    def get_exemplar(self) -> None:
        return None


class Window:
    """Counts of the last WINDOW_S seconds: a ring of steps, each with the number of the step and a count of each
    kind.
    """

    KINDS = ("requests", "failed", "recommended", "cached")
    WIDTH = 1 + len(KINDS)
    STEPS = WINDOW_S // STEP_S

    def __init__(self, place: Place | None) -> None:
        self._place = place
        self._shared = False
        self._memory = memoryview(bytearray(WINDOW_BYTES))
        self._ring = self._memory.cast("Q")
        if place is not None:
            place.admit(self)

    def move(self) -> None:
        assert self._place is not None
        memory = memoryview(self._place.window_memory())
        if any(self._memory):
            memory[:] = self._memory
        self._memory, self._ring, self._shared = memory, memory.cast("Q"), True

    def count(self, *kinds: int) -> None:
        step = int(time.monotonic()) // STEP_S
        at = step % self.STEPS * self.WIDTH
        if self._ring[at] != step:
            for offset in range(1, self.WIDTH):
                self._ring[at + offset] = 0
            self._ring[at] = step
        for kind in kinds:
            self._ring[at + 1 + kind] += 1

    def totals(self) -> dict[str, int]:
        """Of all processes together."""
        oldest = int(time.monotonic()) // STEP_S - self.STEPS
        totals = dict.fromkeys(self.KINDS, 0)
        windows = [] if self._place is None else self._place.all_windows()
        for data in windows if self._shared else [*windows, bytes(self._memory)]:
            ring = memoryview(data).cast("Q")
            for at in range(0, len(ring), self.WIDTH):
                if ring[at] > oldest:
                    for offset, kind in enumerate(self.KINDS, 1):
                        totals[kind] += ring[at + offset]
        return totals


WINDOW_BYTES = 8 * Window.WIDTH * Window.STEPS
_creating = Lock()


def _allocate(path: Path, size: int) -> None:
    """Have at least `size` bytes of the disk for a file. Raises OSError, and leaves the file as it was."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        if before >= size:
            return
        try:
            _extend(descriptor, before, size)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _extend(descriptor: int, before: int, size: int) -> None:
    if sys.platform != "darwin":
        os.posix_fallocate(descriptor, before, size - before)
    elif os.pwrite(descriptor, bytes(size - before), before) < size - before:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


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
