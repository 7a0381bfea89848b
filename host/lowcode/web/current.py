"""What the request at hand belongs to."""

from typing import TYPE_CHECKING, cast

from flask import current_app, g, request

if TYPE_CHECKING:
    from lowcode.identity.model import User
    from lowcode.platform import Platform


def current_platform() -> "Platform":
    """Return the platform that serves this request."""
    return cast("Platform", current_app.extensions["lowcode"])


def current_user() -> "User":
    """Return the signed-in person; only views whose policy is not `public` may ask."""
    return cast("User", g.user)


def is_api() -> bool:
    """Tell whether the caller is a program, which gets problem+json, or a person, who gets a page."""
    return request.path.startswith("/api/") or request.path == "/healthz"
