"""One call of the API as a value: what is sent, how its answer is read, and whether it may be sent again. Nothing here
waits or connects, so that both clients share it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from recomengine_client.errors import UnexpectedAnswer
from recomengine_client.schemas import Data

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
JSON = "application/json"
Content = Callable[[], bytes | Iterable[bytes]]
"""Called for each attempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Generic[T_co]):
    method: str
    path: str
    """Below /api/v1, percent-encoded."""
    read: Callable[[bytes], T_co]
    query: tuple[tuple[str, str], ...] = ()
    content: Content | None = None
    media: str = JSON
    encoding: str | None = None
    repeatable: bool = True
    """Whether sending it twice does what sending it once does."""
    absent_is_done: bool = False
    """Whether, sent again, "not found" says that the first one did its work."""
    unhurried: bool = False
    """Whether it takes as long as it takes, and only silence ends it."""

    @property
    def headers(self) -> dict[str, str]:
        headers = {} if self.content is None else {"Content-Type": self.media}
        return headers if self.encoding is None else headers | {"Content-Encoding": self.encoding}

    def answer(self, response: httpx.Response) -> T_co:
        """Raises UnexpectedAnswer."""
        try:
            return self.read(response.content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            kind = response.headers.get("content-type", "no type")
            raise UnexpectedAnswer(
                f"Expected RecomEngine's answer to {self.method} {self.path}, got {kind} that cannot be read: {error}. "
                f"Check the URL, and that the client is not older than the server."
            ) from error


def data_of(kind: type[T]) -> Callable[[bytes], T]:
    """Reads the `data` of an answer."""
    decoder = msgspec.json.Decoder(Data[kind])  # type: ignore[valid-type]

    def read(body: bytes) -> T:
        data: T = decoder.decode(body).data
        return data

    return read


def whole(kind: type[T]) -> Callable[[bytes], T]:
    """Reads an answer that has more than `data`."""
    return msgspec.json.Decoder(kind).decode


def nothing(_body: bytes) -> None:
    return None


def constant(body: bytes) -> Callable[[], bytes]:
    return lambda: body


def pairs_of(**values: Any) -> tuple[tuple[str, str], ...]:
    """A query string's, without what is None or False."""
    given = ((name, value) for name, value in values.items() if value is not None and value is not False)
    return tuple((name, "true" if value is True else str(value)) for name, value in given)
