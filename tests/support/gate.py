"""Builds that wait until they may go on."""

import threading
from typing import Any

from recomengine.models.build import build_model
from tests.support.processes import PATIENCE_S


class Gate:
    """Holds every build at its arithmetic until it is opened."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self.running = 0
        self.most_at_once = 0
        self.begun = 0

    def build(self, *args: Any) -> Any:
        self.running += 1
        self.begun += 1
        self.most_at_once = max(self.most_at_once, self.running)
        assert self._free.wait(PATIENCE_S)
        self.running -= 1
        return build_model(*args)

    def open(self) -> None:
        self._free.set()

    async def reached(self) -> bool:
        return self.running > 0
