"""Where other systems push their messages to, signed instead of signed in."""

from dataclasses import replace

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from lowcode.connections import receiving
from lowcode.connections.signing import SIGNATURE, TIMESTAMP
from lowcode.errors import Fault, TooLarge
from lowcode.i18n import _
from lowcode.web.bodies import json_body
from lowcode.web.current import current_platform
from lowcode.web.gate import policy

LARGE = "提交的内容超过大小限制，请缩小后重试。"

bp = Blueprint("api_receiving", __name__, url_prefix="/api/v1/apps")


@bp.post("/<plugin>/receive/<endpoint>")
@policy("signed")
def receive(plugin: str, endpoint: str) -> Response:
    """Take a signed message of another system; the same message again changes nothing."""
    platform = current_platform()
    target = receiving.find(platform, plugin, endpoint)
    timestamp, signature = (request.headers.get(name, "") for name in (TIMESTAMP, SIGNATURE))
    push = receiving.Push.of(request.path, request.remote_addr or "", timestamp, signature, b"")
    try:
        push = replace(push, body=request.get_data(cache=True))
    except RequestEntityTooLarge:
        receiving.turn_away(platform, target, push, TooLarge(_(LARGE)), LARGE)
    receiving.admit(platform, target, push)
    try:
        payload = json_body()
    except Fault as fault:
        receiving.refuse(platform, target, push, fault)
        raise
    return jsonify(receiving.receive(platform, target, push, payload))
