"""Accounts over HTTP. The refresh token lives in a cookie that no script reads and only these paths get."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth import sessions
from recomengine.auth.actor import Actor
from recomengine.auth.guard import address_of, bearer_token
from recomengine.auth.schemas import (
    Accepted,
    Admin,
    Forgot,
    Login,
    PasswordChange,
    Profile,
    Reset,
    SessionLine,
    SignedIn,
    Signup,
    as_session_line,
)
from recomengine.auth.service import REFRESH_LIFETIME, Session
from recomengine.auth.tokens import ACCESS_S
from recomengine.web.codec import data_response, json_body, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.problems import Conflict, Forbidden, NotFound, RateLimited, Unauthorized, Unavailable

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/auth"
REFRESH_COOKIE, CSRF_COOKIE, CSRF_HEADER = "refresh_token", "csrf_token", "x-csrf-token"
MAX_BODY_BYTES = 64 * 1024

_signup = json_body(msgspec.json.Decoder(Signup), MAX_BODY_BYTES)
_login = json_body(msgspec.json.Decoder(Login), MAX_BODY_BYTES)
_forgot = json_body(msgspec.json.Decoder(Forgot), MAX_BODY_BYTES)
_reset = json_body(msgspec.json.Decoder(Reset), MAX_BODY_BYTES)
_change = json_body(msgspec.json.Decoder(PasswordChange), MAX_BODY_BYTES)
_profile = json_body(msgspec.json.Decoder(Profile), MAX_BODY_BYTES)


async def signup(request: Request) -> Response:
    context: Context = request.app.state.context
    await context.limits.charge_account_call(request)
    body = await _signup.read(request)
    session = await context.accounts.sign_up(
        body.email, body.password, body.name, address_of(request), _user_agent(request)
    )
    return _signed_in(context, session, 201)


async def login(request: Request) -> Response:
    context: Context = request.app.state.context
    await context.limits.charge_account_call(request)
    body = await _login.read(request)
    session = await context.accounts.log_in(body.email, body.password, address_of(request), _user_agent(request))
    return _signed_in(context, session, 200)


async def refresh(request: Request) -> Response:
    context: Context = request.app.state.context
    await context.limits.charge_account_call(request)
    refresh_token, csrf_token = request.cookies.get(REFRESH_COOKIE), request.headers.get(CSRF_HEADER)
    session = await context.accounts.refresh(refresh_token, csrf_token, address_of(request), _user_agent(request))
    return _signed_in(context, session, 200)


async def logout(request: Request) -> Response:
    context: Context = request.app.state.context
    await context.limits.charge_account_call(request)
    refresh_token, csrf_token = request.cookies.get(REFRESH_COOKIE), request.headers.get(CSRF_HEADER)
    await context.accounts.log_out(refresh_token, csrf_token, bearer_token(request), address_of(request))
    response = Response(status_code=204)
    response.delete_cookie(REFRESH_COOKIE, PATH, httponly=True, samesite="strict")
    response.delete_cookie(CSRF_COOKIE, samesite="strict")
    return response


async def forgot_password(request: Request) -> Response:
    context: Context = request.app.state.context
    await context.limits.charge_account_call(request)
    body = await _forgot.read(request)
    await context.accounts.forget_password(body.email, address_of(request))
    return data_response(Accepted("accepted"), 202)


async def reset_password(request: Request) -> Response:
    context: Context = request.app.state.context
    await context.limits.charge_account_call(request)
    body = await _reset.read(request)
    await context.accounts.reset_password(body.token, body.password, address_of(request))
    return Response(status_code=204)


async def me(_context: "Context", call: Call[Actor, None]) -> Response:
    return data_response(call.by.admin)


async def rename(context: "Context", call: Call[Actor, Profile]) -> Response:
    return data_response(await context.accounts.rename(call.by, call.body.name))


async def change_password(context: "Context", call: Call[Actor, PasswordChange]) -> Response:
    """All other sessions of the account end."""
    await context.accounts.change_password(call.by, call.body.current_password, call.body.new_password)
    return Response(status_code=204)


async def list_sessions(context: "Context", call: Call[Actor, None]) -> Response:
    """Where the account is signed in, the newest 100."""
    rows = await sessions.sessions_of(context.pool, call.by)
    return list_response([as_session_line(row, call.by.family) for row in rows], None)


async def end_session(context: "Context", call: Call[Actor, None]) -> Response:
    """Sign out there; every process refuses its tokens from then on."""
    await sessions.end_session(context.pool, call.by, _session_id(call.request))
    return Response(status_code=204)


def _session_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["session_id"])
    except ValueError:
        raise NotFound("There is no such session of this account. Check the id.") from None


def _user_agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _signed_in(context: "Context", session: Session, status: int) -> Response:
    secure = context.settings.base_url.startswith("https://")
    lifetime = int(REFRESH_LIFETIME.total_seconds())
    response = data_response(SignedIn(session.access_token, ACCESS_S, session.admin), status)
    response.set_cookie(
        REFRESH_COOKIE, session.refresh_token, lifetime, path=PATH, secure=secure, httponly=True, samesite="strict"
    )
    response.set_cookie(CSRF_COOKIE, session.csrf_token, lifetime, secure=secure, samesite="strict")
    response.headers["Cache-Control"] = "no-store"
    return response


ADMIN, SESSION = (Credential.ADMIN,), (Credential.SESSION,)
REPEATED = ("X-CSRF-Token",)
SIGNED_IN, ACCEPTED, LIMITED = {200: Data[SignedIn]}, {202: Data[Accepted]}, (RateLimited,)

routes = [
    Operation(
        "POST",
        f"{PATH}/signup",
        signup,
        "Make an account",
        {201: Data[SignedIn]},
        body=_signup,
        problems=(Conflict, Forbidden, RateLimited),
    ),
    Operation("POST", f"{PATH}/login", login, "Sign in", SIGNED_IN, body=_login, problems=(Unauthorized, RateLimited)),
    Operation(
        "POST",
        f"{PATH}/refresh",
        refresh,
        "Renew the session",
        SIGNED_IN,
        needs=SESSION,
        headers=REPEATED,
        problems=(Forbidden,),
    ),
    Operation(
        "POST",
        f"{PATH}/logout",
        logout,
        "Sign out",
        {204: None},
        headers=REPEATED,
        problems=(Forbidden, RateLimited, Unavailable),
    ),
    Operation(
        "POST",
        f"{PATH}/forgot-password",
        forgot_password,
        "Ask for a new password",
        ACCEPTED,
        body=_forgot,
        problems=LIMITED,
    ),
    Operation(
        "POST",
        f"{PATH}/reset-password",
        reset_password,
        "Choose a new password",
        {204: None},
        body=_reset,
        problems=LIMITED,
    ),
    Operation("GET", f"{PATH}/me", me, "Read the account", {200: Data[Admin]}, needs=ADMIN),
    Operation("PATCH", f"{PATH}/me", rename, "Rename the account", {200: Data[Admin]}, needs=ADMIN, body=_profile),
    Operation(
        "POST",
        f"{PATH}/change-password",
        change_password,
        "Change the password",
        {204: None},
        needs=ADMIN,
        body=_change,
    ),
    Operation("GET", f"{PATH}/sessions", list_sessions, "List sessions", {200: Listed[SessionLine]}, needs=ADMIN),
    Operation("DELETE", f"{PATH}/sessions/{{session_id}}", end_session, "End a session", {204: None}, needs=ADMIN),
]
