"""The signature of a pushed message: HMAC-SHA256 over the time, the path and the body."""

import hashlib
import hmac
from datetime import datetime

TIMESTAMP = "X-Lowcode-Timestamp"
SIGNATURE = "X-Lowcode-Signature"
PREFIX = "sha256="
MOST_SECONDS = 300
"""How far the clock of a sender may be from ours, either way."""


def sign(secret: str, timestamp: str, path: str, body: bytes) -> str:
    """Give the value of the signature's header."""
    text = f"{timestamp}\n{path}\n".encode() + body
    return PREFIX + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_signed(secret: str | None, timestamp: str, path: str, body: bytes, signature: str) -> bool:
    """Tell whether a signature is right, in the same time for every wrong one and without a secret too."""
    expected = sign(secret or "", timestamp, path, body)
    is_same = hmac.compare_digest(expected.encode(), signature.strip().encode())
    return is_same and bool(secret)


def is_timely(timestamp: str, now: datetime) -> bool:
    """Tell whether a message was signed just now."""
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    return is_number and abs(now.timestamp() - int(timestamp)) <= MOST_SECONDS
