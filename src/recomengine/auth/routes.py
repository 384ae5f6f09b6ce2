"""Accounts over HTTP. The refresh token lives in a cookie that no script reads and only these paths get."""

from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.auth.admin import address_of, bearer_token, signed_in
from recomengine.auth.schemas import Forgot, Login, Profile, Reset, SignedIn, Signup
from recomengine.auth.service import REFRESH_LIFETIME, Session
from recomengine.auth.tokens import ACCESS_S
from recomengine.web.codec import data_response, decode, read_body

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/auth"
REFRESH_COOKIE, CSRF_COOKIE, CSRF_HEADER = "refresh_token", "csrf_token", "x-csrf-token"
MAX_BODY_BYTES = 64 * 1024

_signup, _login, _forgot = msgspec.json.Decoder(Signup), msgspec.json.Decoder(Login), msgspec.json.Decoder(Forgot)
_reset, _profile = msgspec.json.Decoder(Reset), msgspec.json.Decoder(Profile)


async def signup(request: Request) -> Response:
    context: Context = request.app.state.context
    body = decode(_signup, await read_body(request, limit=MAX_BODY_BYTES))
    return _signed_in(context, await context.accounts.sign_up(body.email, body.password, body.name, address_of(request)), 201)


async def login(request: Request) -> Response:
    context: Context = request.app.state.context
    body = decode(_login, await read_body(request, limit=MAX_BODY_BYTES))
    return _signed_in(context, await context.accounts.log_in(body.email, body.password, address_of(request)), 200)


async def refresh(request: Request) -> Response:
    context: Context = request.app.state.context
    session = await context.accounts.refresh(request.cookies.get(REFRESH_COOKIE), request.headers.get(CSRF_HEADER), address_of(request))
    return _signed_in(context, session, 200)


async def logout(request: Request) -> Response:
    context: Context = request.app.state.context
    refresh_token, csrf_token = request.cookies.get(REFRESH_COOKIE), request.headers.get(CSRF_HEADER)
    await context.accounts.log_out(refresh_token, csrf_token, bearer_token(request), address_of(request))
    response = Response(status_code=204)
    response.delete_cookie(REFRESH_COOKIE, PATH, httponly=True, samesite="strict")
    response.delete_cookie(CSRF_COOKIE, samesite="strict")
    return response


async def forgot_password(request: Request) -> Response:
    context: Context = request.app.state.context
    body = decode(_forgot, await read_body(request, limit=MAX_BODY_BYTES))
    await context.accounts.forget_password(body.email, address_of(request))
    return data_response({"status": "accepted"}, 202)


async def reset_password(request: Request) -> Response:
    context: Context = request.app.state.context
    body = decode(_reset, await read_body(request, limit=MAX_BODY_BYTES))
    await context.accounts.reset_password(body.token, body.password, address_of(request))
    return Response(status_code=204)


async def me(request: Request) -> Response:
    return data_response(await signed_in(request))


async def rename(request: Request) -> Response:
    context: Context = request.app.state.context
    admin = await signed_in(request)
    body = decode(_profile, await read_body(request, limit=MAX_BODY_BYTES))
    return data_response(await context.accounts.rename(admin, body.name, address_of(request)))


def _signed_in(context: "Context", session: Session, status: int) -> Response:
    secure = context.settings.base_url.startswith("https://")
    lifetime = int(REFRESH_LIFETIME.total_seconds())
    response = data_response(SignedIn(session.access_token, ACCESS_S, session.admin), status)
    response.set_cookie(REFRESH_COOKIE, session.refresh_token, lifetime, path=PATH, secure=secure, httponly=True, samesite="strict")
    response.set_cookie(CSRF_COOKIE, session.csrf_token, lifetime, secure=secure, samesite="strict")
    response.headers["Cache-Control"] = "no-store"
    return response


routes = [
    Route(f"{PATH}/signup", signup, methods=["POST"]),
    Route(f"{PATH}/login", login, methods=["POST"]),
    Route(f"{PATH}/refresh", refresh, methods=["POST"]),
    Route(f"{PATH}/logout", logout, methods=["POST"]),
    Route(f"{PATH}/forgot-password", forgot_password, methods=["POST"]),
    Route(f"{PATH}/reset-password", reset_password, methods=["POST"]),
    Route(f"{PATH}/me", me, methods=["GET"]),
    Route(f"{PATH}/me", rename, methods=["PATCH"]),
]
