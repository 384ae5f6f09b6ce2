"""Builds the Starlette app: routes, middleware, lifespan. The map of the system."""

from collections.abc import AsyncIterator, Container, Iterable
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from recomengine.analytics.routes import routes as analytics_routes
from recomengine.api_keys.routes import routes as key_routes
from recomengine.auth.routes import routes as account_routes
from recomengine.catalog.routes import routes as catalog_routes
from recomengine.context import Context, open_context
from recomengine.dashboard import dashboard_routes
from recomengine.events.routes import routes as event_routes
from recomengine.experiments.routes import routes as experiment_routes
from recomengine.health.routes import routes as health_routes
from recomengine.infra import tracing
from recomengine.infra.database import DATABASE_AWAY
from recomengine.infra.logs import configure_logs, said
from recomengine.infra.stalls import collect_seldom
from recomengine.integration.routes import routes as integration_routes
from recomengine.jobs.routes import routes as job_routes
from recomengine.members.routes import routes as member_routes
from recomengine.models.routes import routes as model_routes
from recomengine.recommendations.routes import routes as recommendation_routes
from recomengine.reference.routes import reference_routes
from recomengine.robots.routes import routes as robot_routes
from recomengine.sdk.routes import routes as snippet_routes
from recomengine.sdk.routes import sdk_routes
from recomengine.segment.routes import routes as segment_routes
from recomengine.settings import Settings, load_settings
from recomengine.tenants.routes import routes as tenant_routes
from recomengine.users.routes import routes as user_routes
from recomengine.web.middleware import RequestLayer
from recomengine.web.operations import Operation
from recomengine.web.preflight import Preflights
from recomengine.web.problems import MethodNotAllowed, NotFound, Problem, Unavailable, problem_response
from recomengine.web.short_way import ShortWay
from recomengine.web.traced import TracedRequests
from recomengine.widgets.routes import routes as widget_routes

ASKED_MOST = frozenset({
    ("GET", "/api/v1/recommendations"), ("POST", "/api/v1/recommendations"), ("POST", "/api/v1/events"),
    ("POST", "/api/v1/events/batch"), ("GET", "/health"),
})  # fmt: skip

log = structlog.get_logger()


def create_app(settings: Settings) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_context(settings) as context:
            app.state.context = context
            yield

    routes, traced = all_routes(), tracing.wanted()
    app = ShortWay(
        () if traced else operations_of(routes, ASKED_MOST),
        routes=routes,
        middleware=[
            *([Middleware(TracedRequests)] if traced else []),
            Middleware(RequestLayer),
            Middleware(Preflights),
        ],
        exception_handlers={
            Problem: _on_problem,
            HTTPException: _on_http_exception,
            **dict.fromkeys(DATABASE_AWAY, _on_database_away),
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would be written from the Host header, whatever that says
    return app


def all_routes() -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        *recommendation_routes, *event_routes, *catalog_routes, *model_routes, *account_routes, *tenant_routes,
        *member_routes, *key_routes, *experiment_routes, *analytics_routes, *job_routes, *user_routes, *robot_routes,
        *integration_routes, *widget_routes, *snippet_routes, *segment_routes, *health_routes,
    ]  # fmt: skip
    return [*routes, *reference_routes(routes), *sdk_routes(), *dashboard_routes()]


def operations_of(routes: Iterable[BaseRoute], wanted: Container[tuple[str, str]]) -> list[Operation]:
    """wanted: methods and paths."""
    return [each for each in routes if isinstance(each, Operation) and (each.method, each.path) in wanted]


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    context: Context = request.app.state.context
    return problem_response(request, await context.guard.failures.charge(request, error, context.limits))


async def _on_database_away(request: Request, error: Exception) -> Response:
    log.warning("database away", error=said(error))
    return problem_response(
        request, Unavailable("The database is away or busy. Try again in a second.", code="database_unavailable")
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """What the router raises by itself."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = ", ".join(_methods_at(request))
        return problem_response(
            request, MethodNotAllowed(f"Expected {allowed} here, got {request.method}.", headers={"Allow": allowed})
        )
    return problem_response(
        request, NotFound(f"There is nothing at {request.scope['path']}. See /openapi.json for what there is.")
    )


def _methods_at(request: Request) -> list[str]:
    """What is offered at the request's path, by all routes together."""
    routes = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    return sorted({method for route in routes for method in route.methods or ()})


def create_app_from_environment() -> Starlette:
    """For server processes that are started by name."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    collect_seldom()
    return create_app(settings)
