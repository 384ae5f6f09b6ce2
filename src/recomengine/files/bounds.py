"""How little a file may hold: blank lines, spaces and overlong lines without end are not read to their end."""

from recomengine.web.ndjson import TAKEN
from recomengine.web.problems import TooLarge

MAX_BLANK_LINES = 2_000_000
MAX_EMPTY_BYTES = 64 * 1024 * 1024
"""Of blank lines, spaces around records, and records that are too long."""
EMPTY_SHARE = 10
"""So many blank lines more are fine for each record that is taken, and so many empty bytes for each of its bytes."""


class Substance:
    """What came, and what of it was taken."""

    def __init__(self) -> None:
        self.lines = self.bytes = self.taken_lines = self.taken_bytes = 0

    def check(self) -> None:
        """Raises TooLarge where too little is in what came."""
        blank_lines, empty_bytes = self.lines - self.taken_lines, self.bytes - self.taken_bytes
        if blank_lines > MAX_BLANK_LINES + EMPTY_SHARE * self.taken_lines:
            found = f"{blank_lines} blank lines among the first {self.lines}"
        elif empty_bytes > MAX_EMPTY_BYTES + EMPTY_SHARE * self.taken_bytes:
            found = f"{empty_bytes} bytes of blank or overlong lines by line {self.lines + 1}"
        else:
            return
        raise TooLarge(f"Expected a product or an event a line, got {found}. Leave them out. {TAKEN}")
