"""`python -m recomengine` is `recomengine`."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while it is still being imported ends it without a traceback

from recomengine.cli import main  # noqa: E402

signal.signal(signal.SIGINT, signal.default_int_handler)
main()
