"""What schemathesis cannot read in the document: lines of JSON, and rules that no schema can state."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

LINES = st.lists(st.sampled_from(["{}", '{"eventType": "view", "userId": "a", "productId": "p"}', '{"productId": "p", "name": "P"}', "[", ""]), max_size=5)

schemathesis.openapi.media_type("application/x-ndjson", LINES.map(lambda lines: "\n".join(lines).encode()))


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode()
