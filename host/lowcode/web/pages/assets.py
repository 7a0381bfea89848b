"""The browser's files: compressed once, under addresses that change with their content."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request

from lowcode.errors import NotFound
from lowcode.i18n import _
from lowcode.web.gate import policy

bp = Blueprint("assets", __name__)
STATIC = Path(__file__).parents[1] / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@cache
def _names() -> frozenset[str]:
    return frozenset(p.relative_to(STATIC).as_posix() for p in STATIC.rglob("*") if p.is_file() and p.suffix in TYPES)


@cache
def _packed(name: str) -> tuple[str, bytes]:
    """Give the digest and the compressed content; kept for the life of the process."""
    content = (STATIC / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12], gzip.compress(content, mtime=0)


@bp.app_template_global()
def asset(name: str) -> str:
    """Give the address of a file under `static/`."""
    return f"/static/{_packed(name)[0]}/{name}"


@bp.get("/static/<digest>/<path:name>")
@policy("public")
def static_file(digest: str, name: str) -> Response:
    """Send a file; browsers keep it for a year, because a changed file has another address."""
    if name not in _names() or digest != _packed(name)[0]:
        raise NotFound(_("没有这个文件。请刷新页面。"))
    body = _packed(name)[1]
    response = Response(content_type=TYPES[Path(name).suffix])
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(body)
        response.content_encoding = "gzip"
    else:
        response.set_data(gzip.decompress(body))
    response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    response.cache_control.max_age = 31_536_000
    response.cache_control.immutable = True
    return response
