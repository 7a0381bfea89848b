"""The application: blueprints, gate, headers and answers to faults, put together."""

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from lowcode.identity.keys import shared_key
from lowcode.identity.sessions import LIFETIME
from lowcode.running.boot import Boot, unsupervised
from lowcode.web import compression, gate, headers, problems
from lowcode.web.current import current_platform
from lowcode.web.jsons import ExactJSON

if TYPE_CHECKING:
    from lowcode.platform import Platform

__all__ = ["create_app", "current_platform"]

MAX_BODY = 1024 * 1024

BLUEPRINTS = (
    "lowcode.web.api.session",
    "lowcode.web.api.me",
    "lowcode.web.api.users",
    "lowcode.web.api.records",
    "lowcode.web.api.duplicates",
    "lowcode.web.api.team",
    "lowcode.web.api.exports",
    "lowcode.web.api.explain",
    "lowcode.web.api.tasks",
    "lowcode.web.api.workflows",
    "lowcode.web.api.audit",
    "lowcode.web.api.configuration",
    "lowcode.web.api.files",
    "lowcode.web.api.openapi",
    "lowcode.web.api.notifications",
    "lowcode.web.api.panels",
    "lowcode.web.api.receiving",
    "lowcode.web.api.printing",
    "lowcode.web.api.platform",
    "lowcode.web.api.store",
    "lowcode.web.pages.assets",
    "lowcode.web.pages.shell",
    "lowcode.web.pages.signing",
    "lowcode.web.pages.listing",
    "lowcode.web.pages.detail",
    "lowcode.web.pages.team",
    "lowcode.web.pages.explain",
    "lowcode.web.pages.editing",
    "lowcode.web.pages.duplicates",
    "lowcode.web.pages.acting",
    "lowcode.web.pages.many",
    "lowcode.web.pages.mails",
    "lowcode.web.pages.notifications",
    "lowcode.web.pages.panel",
    "lowcode.web.pages.picking",
    "lowcode.web.pages.printing",
    "lowcode.web.pages.tasks",
    "lowcode.web.pages.task_actions",
    "lowcode.web.pages.flows",
    "lowcode.web.pages.audit",
    "lowcode.web.pages.calls",
    "lowcode.web.pages.apps",
    "lowcode.web.pages.configuration",
    "lowcode.web.pages.store",
    "lowcode.web.pages.organisation",
    "lowcode.web.pages.people_actions",
    "lowcode.web.pages.departments",
    "lowcode.web.pages.roles",
    "lowcode.web.pages.security",
    "lowcode.web.pages.profile",
)
"""Modules that each hold one blueprint, `bp`."""


class IdConverter(IntegerConverter):
    """Whole numbers in addresses that every database can hold; longer ones are unknown addresses."""

    regex = r"\d{1,18}"


def create_app(platform: "Platform", start: Boot | None = None) -> Flask:
    """Make the WSGI application of a started platform. Raises `RuntimeError` for a route without a policy.

    `start` is the one of the supervisor that this process belongs to.
    """
    app = Flask("lowcode.web", static_folder=None)
    app.json = ExactJSON(app)
    app.extensions["lowcode"] = platform
    app.extensions["boot"] = start or unsupervised()
    _believe_proxies(app, platform.config.trusted_proxies)
    app.config.update(
        SECRET_KEY=shared_key(platform.db, "cookies"),
        SESSION_COOKIE_NAME="__Host-session" if platform.config.https else "session",
        SESSION_COOKIE_SECURE=platform.config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME + timedelta(days=1),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=20_000,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.url_map.converters["int"] = IdConverter
    gate.install(app)
    headers.install(app)
    compression.install(app)
    problems.install(app)
    for module in BLUEPRINTS:
        app.register_blueprint(import_module(module).bp)
    gate.check_inventory(app)
    return app


def _believe_proxies(app: Flask, count: int) -> None:
    """Take address, scheme and host of the caller from the proxies in front: from the last `count` entries only.

    What stands before those comes from outside and may claim anything.
    """
    if count > 0:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
