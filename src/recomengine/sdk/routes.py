"""The browser SDK over HTTP: its files, for pages of any origin."""

from starlette.routing import BaseRoute

from recomengine.web.assets import Policy, bundle, bundle_route

PATH = "/sdk/v1"


def sdk_routes() -> list[BaseRoute]:
    return [bundle_route(PATH, bundle("sdk"), Policy.FOREIGN)]
