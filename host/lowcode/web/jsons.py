"""How values look in JSON answers."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from flask.json.provider import JSONProvider


def _plain(value: object) -> str | list[Any]:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"A value of type {type(value).__name__} has no JSON form.")


STYLE: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False, "default": _plain}

_ENCODER = json.JSONEncoder(**STYLE)


class ExactJSON(JSONProvider):
    """UTF-8 without escapes; decimals are strings, instants end in `Z` and have whole seconds."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write compactly; NaN and infinities are refused."""
        return json.dumps(obj, **{**STYLE, **kwargs}) if kwargs else _ENCODER.encode(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read what the host itself wrote; bodies of requests go through `json_body`."""
        return json.loads(s, **kwargs)
