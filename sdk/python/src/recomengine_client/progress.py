"""A bar on a terminal; nothing elsewhere."""

import time
from typing import TextIO

WIDTH = 30
EVERY_S = 0.1
MEGABYTE = 1_000_000


class Progress:
    def __init__(self, stream: TextIO, total_bytes: int | None) -> None:
        """total_bytes: None where it is not known."""
        self._stream = stream
        self._total = total_bytes
        self._shown = stream.isatty()
        self._started = self._last = time.monotonic()

    def advance(self, done_bytes: int) -> None:
        now = time.monotonic()
        if self._shown and now - self._last >= EVERY_S:
            self._last = now
            self._stream.write(f"\r{line(done_bytes, self._total, now - self._started)}\x1b[K")
            self._stream.flush()

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def line(done_bytes: int, total_bytes: int | None, seconds: float) -> str:
    per_s = done_bytes / max(seconds, 0.001)
    done = f"{done_bytes / MEGABYTE:.1f}"
    if not total_bytes:
        return f"{done} MB, {per_s / MEGABYTE:.1f} MB/s"
    share = min(1.0, done_bytes / total_bytes)
    bar = ("=" * int(share * WIDTH)).ljust(WIDTH)
    left = f", {(total_bytes - done_bytes) / per_s:.0f} s left" if per_s else ""
    return f"[{bar}] {share:4.0%} {done} of {total_bytes / MEGABYTE:.1f} MB, {per_s / MEGABYTE:.1f} MB/s{left}"
