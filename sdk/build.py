"""`python sdk/build.py`: the SDK of this folder into the server's files for browsers; build.mjs does the work."""

import sys
from pathlib import Path

from recomengine.site.node import node_built

if __name__ == "__main__":
    sys.exit(None if node_built(Path(__file__).resolve().parent) else "sdk: not built. See the messages above.")
