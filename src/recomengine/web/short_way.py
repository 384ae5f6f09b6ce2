"""The short way of the operations that are asked for most: found by method and path in a dictionary, before Starlette's
own layers and its walk through all routes.

Nothing else differs. The same RequestLayer wraps them, the same endpoint answers (its door, its handler), and the same
handlers turn its errors into problems. What they pass by has nothing to say to them: preflights are of another method,
and Starlette's two layers of errors find none that is not handled here.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from recomengine.web.middleware import RequestLayer
from recomengine.web.operations import Operation


class ShortWay(Starlette):
    """A Starlette app, and beside it the way of `short`. None of them has anything to be read from its path."""

    def __init__(self, short: Iterable[Operation], **options: Any) -> None:
        super().__init__(**options)
        self._short = {(operation.method, operation.path): operation for operation in short}
        self._layer = RequestLayer(self._answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._short.get((scope.get("method", ""), scope.get("path", "")))
        if operation is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"], scope["route"], scope["path_params"] = self, operation, {}  # as the router says it
        await self._layer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await scope["route"].endpoint(request)
        except Exception as error:
            if (handle := self._handler_of(error)) is None:
                raise
            response = await handle(request, error)
        await response(scope, receive, send)

    def _handler_of(self, error: Exception) -> Callable[[Request, Exception], Awaitable[Response]] | None:
        handlers: Any = self.exception_handlers
        return next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
