"""How far the files of an interrupted push came: a small file of each, in the user's folder for such things, until the
push that they belong to is done. What it says counts only for the very file that it was written of.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct


class Place(Struct, frozen=True):
    """The server has taken the file, of this size and age, up to `offset`, the end of line `line`."""

    size: int
    modified_ns: int
    offset: int = 0
    line: int = 0
    counts: dict[str, int] = {}

    def behind(self, offset: int, lines: int, counts: Mapping[str, int]) -> "Place":
        """After another part: its lines, and what became of them."""
        summed = {name: count + self.counts.get(name, 0) for name, count in counts.items()}
        return Place(self.size, self.modified_ns, offset, self.line + lines, summed)


_place = msgspec.json.Decoder(Place)


def state_dir(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_STATE_HOME")
    return (Path(given) if given else Path.home() / ".local" / "state") / "recomengine-client"


class Memory:
    """Of one file, pushed to one server with one key in one way."""

    def __init__(self, folder: Path, file: Path, *how: str) -> None:
        name = hashlib.sha256("\0".join([str(file.resolve()), *how]).encode("utf-8", "surrogateescape")).hexdigest()
        self._kept = folder / f"{name}.json"
        stat = file.stat()
        self._new = Place(stat.st_size, stat.st_mtime_ns)

    def place(self) -> Place:
        try:
            place = _place.decode(self._kept.read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):
            return self._new
        same = (place.size, place.modified_ns) == (self._new.size, self._new.modified_ns)
        return place if same else self._new

    def keep(self, place: Place) -> None:
        self._kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = self._kept.with_suffix(f".{os.getpid()}")
        written.write_bytes(msgspec.json.encode(place))
        written.replace(self._kept)

    def forget(self) -> None:
        self._kept.unlink(missing_ok=True)
