"""Pushing a signed message, as another system does."""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lowcode.connections.signing import SIGNATURE, TIMESTAMP, sign

if TYPE_CHECKING:
    from lowcode.testing.client import Answer, Api


def push(
    api: "Api", plugin: str, endpoint: str, secret: str, message: Mapping[str, Any], *, at: datetime | None = None
) -> "Answer":
    """Send a message to an endpoint, signed with `secret` at this time or another."""
    path = f"/api/v1/apps/{plugin}/receive/{endpoint}"
    body = json.dumps(message).encode()
    stamp = str(int(at.timestamp() if at else time.time()))
    headers = {TIMESTAMP: stamp, SIGNATURE: sign(secret, stamp, path, body), "Content-Type": "application/json"}
    return api.as_nobody().open("POST", path, headers, data=body)
