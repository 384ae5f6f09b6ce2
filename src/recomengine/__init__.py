"""RecomEngine: product recommendations for online shops."""

import atexit
import gc

__version__ = "0.1.0"

atexit.register(gc.freeze)
"""msgspec 0.22 may crash when the interpreter, at its end, looks for cycles among types that carry msgspec.Meta (its
issue 717): a command that has done its work would then seem to have failed. The system takes the memory back by
itself."""
