"""Web applications for tests: the routes are put together once, then lent to one platform after the other.

To compile the routes takes longer than most tests do, and they are the same whatever the platform.
"""

from typing import Any, NamedTuple

from flask import Flask

from lowcode.identity.keys import shared_key
from lowcode.platform import Platform
from lowcode.web.app import create_app


class _Made(NamedTuple):
    """An application, and what it had of its own when it was made."""

    app: Flask
    config: dict[str, Any]
    extensions: dict[str, Any]


_free: dict[tuple[bool, int], list[_Made]] = {}
_lent: dict[Platform, list[_Made]] = {}


def lend(platform: Platform) -> Flask:
    """Give an application of the platform that nobody else uses until the platform is given back."""
    free = _free.setdefault(_kind(platform), [])
    made = _anew(free.pop(), platform) if free else _make(platform)
    _lent.setdefault(platform, []).append(made)
    return made.app


def give_back(platform: Platform) -> None:
    """Let other platforms have the applications of one that has ended."""
    _free.setdefault(_kind(platform), []).extend(_lent.pop(platform, []))


def _kind(platform: Platform) -> tuple[bool, int]:
    """Name what an application is made from and cannot change afterwards."""
    return platform.config.https, platform.config.trusted_proxies


def _make(platform: Platform) -> _Made:
    app = create_app(platform)
    return _Made(app, dict(app.config), dict(app.extensions))


def _anew(made: _Made, platform: Platform) -> _Made:
    for kept, first in ((made.app.config, made.config), (made.app.extensions, made.extensions)):
        kept.clear()
        kept.update(first)
    made.app.config["SECRET_KEY"] = shared_key(platform.db, "cookies")
    made.app.extensions["lowcode"] = platform
    return made
