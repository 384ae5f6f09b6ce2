"""Origins as browsers send them: https://shop.example, http://127.0.0.1:8080. In another spelling one never matches."""

import re
import socket
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv6Address

from recomengine.shop import HOST
from recomengine.web.problems import invalid

_HOST = re.compile(HOST)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PARTS = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://|(?![^/?#]*://))(?:[^/?#]*@)?"
    r"(?P<host>\[[^/?#\]]*\]|[^/?#:\[\]]*)(?::(?P<port>[^/?#]*))?(?:[/?#].*)?",
    re.IGNORECASE,
)
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_PORT_LENGTH = 20
"""With leading zeros. Python refuses to read numbers of thousands of digits."""


def check_origins(origins: Sequence[str], at: str) -> None:
    """Raise Invalid unless each is what a browser would send; at: where they stand in the body."""
    for index, origin in enumerate(origins):
        try:
            sent = as_browsers_send(origin)
        except ValueError as error:
            expected = f"expected an origin such as https://shop.example, got {origin[:100]!r}: {error}"
            raise invalid(f"{at}[{index}]", expected) from None
        if sent != origin:
            raise invalid(f"{at}[{index}]", f"browsers send {sent}, never {origin[:100]!r}. Write {sent}")


def as_browsers_send(text: str) -> str:
    """The origin of a page at `text`, as the URL standard writes it; raises ValueError where there is none."""
    found = _PARTS.fullmatch(text.strip())
    if found is None or re.search(r"[\s\x00-\x1f\x7f]", text.strip()):
        raise ValueError("it is no address of a page")
    if found["host"].lower() == "null" and found["scheme"] is None:
        raise ValueError("it stands for all pages that have no origin of their own. Serve the page over https")
    scheme = (found["scheme"] or "https").lower()
    if scheme not in DEFAULT_PORTS:
        raise ValueError("its pages are served over neither https nor http")
    if "*" in found["host"]:
        raise ValueError("there are no wildcards. Give each origin by itself")
    return f"{scheme}://{_host(found['host'])}{_port(found['port'], DEFAULT_PORTS[scheme])}"


def _host(text: str) -> str:
    if text.startswith("["):
        return _ipv6(text)
    labels = re.split("[.\u3002]", unicodedata.normalize("NFKC", text.lower()))
    host = ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    if not _HOST.fullmatch(host):
        raise ValueError("it names no host")
    if _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return _ipv4(host)
    return host


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host[1:-1])
    except ValueError:
        raise ValueError("between its brackets stands no IPv6 address") from None
    if address.scope_id is not None:
        raise ValueError("it names a network interface, as no browser does")
    return f"[{address.compressed}]"


def _ipv4(host: str) -> str:
    """Of all the forms that browsers read, such as 127.1, the one that they write."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        raise ValueError("its host is neither a name nor an address") from None


def _port(text: str | None, default: int) -> str:
    if not text:
        return ""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_PORT_LENGTH and 1 <= int(text) <= 65535):
        raise ValueError("its port is not one of 1 to 65535")
    return "" if int(text) == default else f":{int(text)}"
