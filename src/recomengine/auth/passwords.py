"""Passwords: the rules of NIST SP 800-63B (length, and none that everybody uses; nothing about kinds of characters).

Hashing itself is in hashing.py.
"""

import unicodedata
from functools import lru_cache
from itertools import pairwise

from recomengine.web.problems import invalid

MIN_LENGTH = 10
MIN_DIFFERENT = 4


def check_password(password: str, *known: str, at: str = "$.password") -> None:
    """Raise Invalid for a password that is too short or easily guessed; known: what an attacker would try for this
    account; at: where it stands in the body.
    """
    plain = unicodedata.normalize("NFKC", password).lower()
    if len(plain) < MIN_LENGTH:
        raise invalid(
            at,
            f"expected at least {MIN_LENGTH} characters, got {len(plain)}. A few words in a row are easy to keep in "
            f"mind",
        )
    if _is_common(plain):
        raise invalid(at, "is among the passwords that are tried first everywhere. Choose another one")
    for word in known:
        if word and plain in (word.lower(), word.lower().partition("@")[0]):
            raise invalid(at, "is the name or address of the account. Choose another one")


def _is_common(plain: str) -> bool:
    """On the list, such an entry with digits and signs behind it or said twice, few characters again and again, or a
    run such as 0987654321.
    """
    listed = common_passwords()
    root, half = plain.rstrip("0123456789!.?-_*#$@ "), plain[: len(plain) // 2]
    if plain in listed or root in listed or (plain == half + half and half in listed):
        return True
    steps = {ord(right) - ord(left) for left, right in pairwise(plain)}
    return len(set(plain)) < MIN_DIFFERENT or steps <= {1, -9} or steps <= {-1, 9}  # with the step from 9 to 0 and back


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # 30,000 of them; read when the first password is set

    return frozenset(FREQUENCY_LISTS["passwords"]) | {
        "recomengine",
        "recommendation",
        "recommendations",
        "administrator",
    }
