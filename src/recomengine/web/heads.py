"""The headers of a request by their names, read once from its bytes: a look-up costs no walk through all of them."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that name, which is in lower case; None where there is none."""
    named: dict[bytes, bytes] | None = scope.get("headers_by_name")
    if named is None:
        named = scope["headers_by_name"] = dict(reversed(scope["headers"]))
    value = named.get(name)
    return None if value is None else value.decode("latin-1")
