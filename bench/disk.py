"""A data dir whose disk is full: `recomengine up` on a small file system of its own, under a stream of events.

The disk is filled and emptied while senders go on. No process of ours may die, whatever was acknowledged must be stored once,
and the system must be itself again without anybody's help once there is room.
"""

import errno
import os
import pwd
import resource
import shlex
import subprocess
import sys
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

BALLAST = "ballast"
STEP_BYTES = 1 << 16


class Disk(NamedTuple):
    """A small file system for the processes that one command starts, mounted at `folder` for them alone: it is gone when they are.

    Where neither root nor a user namespace may mount, "full" is a limit of 0 bytes on the files that they write.
    """

    folder: Path
    mebibytes: int

    @property
    def prefix(self) -> list[str]:
        """What a command begins with to run on it."""
        if not may_mount():
            return []
        mount = f"mount -t tmpfs -o size={self.mebibytes}m,mode=0755 tmpfs {shlex.quote(str(self.folder))}"
        if os.geteuid() == 0:
            return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        ourselves = f"unshare --user --map-user={os.geteuid()} --map-group={os.getegid()}"
        return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec {ourselves} "$@"', "sh"]

    def seen(self, pid: int) -> Path:
        """The folder as others see it, through the command's process."""
        return Path(f"/proc/{pid}/root{self.folder}") if may_mount() else self.folder

    def fill(self, pid: int) -> None:
        if may_mount():
            _fill(self.seen(pid) / BALLAST)
        else:
            _limit_files(pid, 0)

    def empty(self, pid: int) -> None:
        if may_mount():
            (self.seen(pid) / BALLAST).unlink()
        else:
            _limit_files(pid, resource.RLIM_INFINITY)


@cache
def may_mount() -> bool:
    """Whether this user may have a mount namespace of its own, as root or through a user namespace."""
    if sys.platform != "linux":
        return False
    words = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    try:
        return subprocess.run(["unshare", *words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _fill(ballast: Path) -> None:
    """Write until nothing more can be written."""
    with ballast.open("ab", buffering=0) as file:
        for step in (STEP_BYTES, 1):
            try:
                while file.write(bytes(step)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def _limit_files(leader: int, most_bytes: int) -> None:
    """For the process and all that come from it, each as the user that it runs as: root in a container may not be any other's."""
    by_user: dict[int, list[int]] = {}
    for pid in _family(leader):
        by_user.setdefault(Path(f"/proc/{pid}").stat().st_uid, []).append(pid)
    for user, pids in by_user.items():
        who: dict[str, Any] = {} if user == os.geteuid() else {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}
        limits = [partial(resource.prlimit, pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY)) for pid in pids]
        subprocess.run(["true"], check=True, cwd="/", preexec_fn=lambda: [limit() for limit in limits], **who)  # noqa: B023 - called at once


def _family(leader: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family = {leader}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family
