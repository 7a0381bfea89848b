"""Pages travel compressed; their length tells nothing about what is in them."""

import gzip
import io
import secrets

from flask import Flask, Response, request

SMALLEST = 1400
"""A page that fits one packet gains nothing."""

PADDING = 100
"""Random bytes in the gzip header, as Django's middleware adds them, so that nobody can measure how well a guess
of a secret compresses together with the secret itself (BREACH)."""


def install(app: Flask) -> None:
    """Compress HTML answers for clients that take gzip."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) < SMALLEST or request.accept_encodings.quality("gzip") <= 0:
        return response
    response.set_data(_gzip(content))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _gzip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    padding = "a" * secrets.randbelow(PADDING)
    with gzip.GzipFile(filename=padding, mode="wb", compresslevel=5, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()
