"""What one check found."""

from typing import NamedTuple

MAX_SKEW_S = 2.0
"""Events may be five minutes ahead and limits count by the second; machines that ask a time server stay within
milliseconds.
"""


class Check(NamedTuple):
    """remedy: what to do, where it is not ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def clock(name: str, theirs: float, before: float, after: float) -> Check:
    """Compares a server's clock, read somewhere between two readings of ours; all in seconds since 1970."""
    ahead = theirs - (before + after) / 2
    skew = max(0.0, abs(ahead) - (after - before) / 2)
    detail = f"{skew:.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    return Check(
        f"{name} clock",
        skew <= MAX_SKEW_S,
        detail,
        "" if skew <= MAX_SKEW_S else "Run a time service, such as chrony, on both machines.",
    )
