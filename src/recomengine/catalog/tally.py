"""What an import did, counted in products: a line of a product that stood in an earlier one is repeated, and no second
product. It takes nine bytes for each product number."""

from array import array
from collections.abc import Sequence

from recomengine.catalog.schemas import ItemImportResult, ItemIn
from recomengine.catalog.service import Written
from recomengine.web.ndjson import LineError

MAX_ERRORS = 100
MAX_NOTES = 100
UNCHANGED, CHANGED, CREATED = 1, 2, 3
FATE = {"unchanged": UNCHANGED, "updated": CHANGED, "created": CREATED}


class Tally:
    def __init__(self) -> None:
        self.removed = 0
        self.rejected = 0
        self._trimmed = 0
        self._repeated = 0
        self._errors: list[LineError] = []
        self._notes: list[LineError] = []
        self._fates = bytearray()
        self._lines = array("q")
        """By product number: the most that happened to it, and the line where it stood last."""

    def reject(self, line: int, message: str) -> None:
        self.rejected += 1
        if len(self._errors) < MAX_ERRORS:
            self._errors.append(LineError(line, message))

    def trim(self, line: int, product_id: str) -> None:
        self._trimmed += 1
        self._note(line, f"$.productId: blanks around {product_id} were cut off")

    def add(self, lines: Sequence[tuple[int, ItemIn]], written: Sequence[Written]) -> None:
        for (line, item), (status, number) in zip(lines, written, strict=True):
            if number >= len(self._fates):
                self._grow(number + 1)
            if self._fates[number]:
                self._repeated += 1
                self._note(
                    line, f"{item.product_id} came twice, in line {self._lines[number]} and here; the last counts"
                )
            self._fates[number] = max(self._fates[number], FATE[status])
            self._lines[number] = line

    def _grow(self, size: int) -> None:
        more = max(1024, size - len(self._fates), len(self._fates) // 2)
        self._fates.extend(bytes(more))
        self._lines.extend([0] * more)

    def result(self) -> ItemImportResult:
        created, changed, unchanged = (self._fates.count(fate) for fate in (CREATED, CHANGED, UNCHANGED))
        return ItemImportResult(
            created, changed, unchanged, self._repeated, self.rejected, self.removed, self._trimmed, self._errors,
            self._notes,
        )  # fmt: skip

    def _note(self, line: int, message: str) -> None:
        if len(self._notes) < MAX_NOTES:
            self._notes.append(LineError(line, message))
