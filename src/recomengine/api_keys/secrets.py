"""The form of an API key: `rk_live_<id>_<secret>_<checksum>`, `rk_pub_…` for publish keys.

The checksum (CRC-32 over all before it, base 62) tells a mistyped or random string from a key without any look-up.
Only the HMAC-SHA256 of a key is stored.
"""

import hmac
import re
import secrets
import string
import zlib
from typing import NamedTuple

from recomengine.shop import Permissions

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 8, 32, 6
KEY_FORM = re.compile(r"^(rk_(?:live|pub)_[0-9A-Za-z]{8})_[0-9A-Za-z]{32}_([0-9A-Za-z]{6})$")


class NewKey(NamedTuple):
    key: str
    prefix: str
    digest: bytes


def make_key(permissions: Permissions, hmac_secret: str, seed: bytes | None = None) -> NewKey:
    """A random key; with a seed, one that follows from it and the secret, and so can be made again."""
    text = (
        _random(ID_LENGTH + SECRET_LENGTH) if seed is None else _derived(hmac_secret, seed, ID_LENGTH + SECRET_LENGTH)
    )
    prefix = f"rk_{'pub' if permissions == 'publish' else 'live'}_{text[:ID_LENGTH]}"
    body = f"{prefix}_{text[ID_LENGTH:]}"
    key = f"{body}_{_checksum(body)}"
    return NewKey(key, prefix, digest(key, hmac_secret))


def prefix_of(key: str) -> str | None:
    """The public prefix of a well-formed key, None for anything else."""
    form = KEY_FORM.match(key)
    if form is None or _checksum(key[: -CHECKSUM_LENGTH - 1]) != form[2]:
        return None
    return form[1]


def digest(key: str, hmac_secret: str) -> bytes:
    return hmac.digest(hmac_secret.encode(), key.encode(), "sha256")


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _derived(hmac_secret: str, seed: bytes, length: int) -> str:
    """Letters from 512 bits; 40 of them take 238, so none is likelier than another by more than 2^-270."""
    value = int.from_bytes(hmac.digest(hmac_secret.encode(), b"key\0" + seed, "sha512"))
    letters = []
    for _ in range(length):
        value, rest = divmod(value, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


def _checksum(body: str) -> str:
    value, letters = zlib.crc32(body.encode()), []
    for _ in range(CHECKSUM_LENGTH):
        value, rest = divmod(value, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)
