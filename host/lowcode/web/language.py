"""The language of one request."""

from typing import TYPE_CHECKING

from flask import request

from lowcode.i18n import LANGUAGES, language

if TYPE_CHECKING:
    from lowcode.identity.model import User

COOKIE = "language"


def choose_language(user: "User | None" = None) -> None:
    """Set the language: the person's own, else that of the cookie, else what the browser prefers."""
    wanted = [user.language if user else None, request.cookies.get(COOKIE)]
    chosen = next((name for name in wanted if name in LANGUAGES), None)
    language.set(chosen or request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0])
