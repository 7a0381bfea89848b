"""What of a call may be kept for people to read: a short piece, without secrets and signatures."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit

MOST_BYTES = 2000
HIDDEN = "***"
TELLING = re.compile(r"(?i)sign|secret|token|passw|pwd|auth|key|credential")
"""Names whose values prove who calls; what rules work out from a secret cannot be told by its value."""


class Mask:
    """Hides the secrets of one plugin in texts, however they are written there."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {written for secret in secrets for written in _written(secret)}
        self._pattern = re.compile(
            "|".join(re.escape(each) for each in sorted(found, key=len, reverse=True)) or r"(?!)"
        )

    def text(self, text: str) -> str:
        """Hide the secrets in any text."""
        return self._pattern.sub(HIDDEN, text)

    def value(self, value: Any) -> Any:
        """Hide the secrets in what JSON holds, and all that is named like a proof."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): HIDDEN if TELLING.search(str(key)) else self.value(each)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def pairs(self, values: Mapping[str, Any]) -> str:
        """Write what a query string or a form holds."""
        return urlencode(self.value({key: str(each) for key, each in values.items()}), safe="*")

    def body(self, body: bytes | str) -> str:
        """Give the start of a body that another system sent or gets."""
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        text = text.replace("\0", "�")
        try:
            return excerpt(json.dumps(self.value(json.loads(text)), ensure_ascii=False))
        except (ValueError, RecursionError):
            return excerpt(self.text(_without_proofs(text)))

    def address(self, url: str) -> str:
        """Give an address with the values of its query masked, and without whoever signs in by it."""
        try:
            parts = urlsplit(url)
            place = parts.netloc.rpartition("@")[2]
            asked = self.pairs(dict(parse_qsl(parts.query, keep_blank_values=True)))
        except ValueError:
            return ""
        return self.text(f"{parts.scheme}://{place}{parts.path}") + (f"?{asked}" if asked else "")


def excerpt(text: str) -> str:
    """Give at most 2 kB of a text, and whole characters."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= MOST_BYTES else raw[: MOST_BYTES - 3].decode("utf-8", "ignore") + "…"


def _without_proofs(text: str) -> str:
    """Hide values behind telling names in what is no JSON: forms and XML."""
    names = r"([\w.-]*(?:sign|secret|token|passw|pwd|auth|key|credential)[\w.-]*[\"']?\s*[=:>]\s*[\"']?)"
    return re.sub(f"(?i){names}([^&\"'<>\\s,]+)", rf"\1{HIDDEN}", text)


def _written(secret: str) -> set[str]:
    """Give the ways in which a secret stands in addresses, forms and JSON."""
    if not secret:
        return set()
    as_json = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *as_json}
