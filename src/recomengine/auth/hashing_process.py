"""The process that hashes: reads `hash <text>` or `check <text> <hash>` line by line, answers each with one line, ends
with its input.

Run by hashing.py. It imports little, so that it is small and starts quickly.
"""

import os
import signal
import sys

import bcrypt

COST = 12
HASH, CHECK, YES, NO = "hash", "check", "yes", "no"
PATIENT = "--patient"


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever runs us: our input ends with them
    if PATIENT in sys.argv:
        _be_last()
    for line in sys.stdin:
        print(answer(*line.split()), flush=True)


def answer(what: str, text: str, known: str = "") -> str:
    if what == HASH:
        return bcrypt.hashpw(text.encode(), bcrypt.gensalt(COST)).decode()
    return YES if bcrypt.checkpw(text.encode(), known.encode()) else NO


def _be_last() -> None:
    """Run only where nobody else wants the core; where that cannot be had, with the lowest priority."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


if __name__ == "__main__":
    main()
