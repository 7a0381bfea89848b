"""Pages travel compressed, JSON does not, and the length of a page tells nothing about its secrets."""

import gzip

from flask import Flask, jsonify
from flask.testing import FlaskClient

from lowcode.web import compression

PAGE = "<p>内容</p>" * 500


def client() -> FlaskClient:
    app = Flask(__name__)
    compression.install(app)
    app.add_url_rule("/page", view_func=lambda: PAGE, endpoint="page")
    app.add_url_rule("/short", view_func=lambda: "<p>short</p>", endpoint="short")
    app.add_url_rule("/data", view_func=lambda: jsonify([PAGE]), endpoint="data")
    return app.test_client()


def test_a_page_is_compressed_for_who_takes_it() -> None:
    packed = client().get("/page", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed.data).decode() == PAGE
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(PAGE) / 5


def test_nothing_else_is() -> None:
    assert "Content-Encoding" not in client().get("/page").headers
    assert "Content-Encoding" not in client().get("/short", headers={"Accept-Encoding": "gzip"}).headers
    assert "Content-Encoding" not in client().get("/data", headers={"Accept-Encoding": "gzip"}).headers


def test_the_same_page_has_many_lengths() -> None:
    lengths = {len(client().get("/page", headers={"Accept-Encoding": "gzip"}).data) for _ in range(30)}
    assert len(lengths) > 5
