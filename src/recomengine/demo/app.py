"""The app of `recomengine demo`: the system itself, and the sample shop's storefront beside it."""

import json

from starlette.applications import Starlette

from recomengine.app import create_app
from recomengine.dashboard import landing_route
from recomengine.demo.prepare import DEMO_FILE
from recomengine.demo.routes import demo_routes
from recomengine.infra.logs import configure_logs
from recomengine.infra.stalls import collect_seldom
from recomengine.settings import load_settings


def create_app_from_environment() -> Starlette:
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    made = json.loads((settings.data_dir / DEMO_FILE).read_text(encoding="utf-8"))
    collect_seldom()
    app = create_app(settings)
    app.router.routes.insert(0, landing_route(made["publish"]))
    app.router.routes.extend(demo_routes(made["publish"]))
    return app
