"""Links that stay on this host."""

from urllib.parse import quote, urlsplit

from flask import request


def local_path(target: str | None, default: str = "/") -> str:
    """Return `target` if it is a path on this host, else `default`.

    Browsers read `\\` as `/` and drop control characters, so a path that holds either is refused.
    """
    if not target or not target.startswith("/") or len(target) > 2000:
        return default
    if (
        "\\" in target
        or target.startswith("//")
        or any(character <= " " or character == "\x7f" for character in target)
    ):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target


def _path_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return f"{parts.path}?{parts.query}"


def login_link() -> str:
    """Return the address of the login page that leads back to the page at hand."""
    if "HX-Request" in request.headers:
        back = _path_of(request.headers.get("HX-Current-URL", ""))
    elif request.method in {"GET", "HEAD"}:
        back = request.full_path
    else:
        back = "/"
    return f"/login?next={quote(local_path(back.rstrip('?')), safe='/')}"
