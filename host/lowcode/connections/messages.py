"""A call to another system and what came of it, as the rules of a plugin make and read them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A call to another system.

    `json` is sent as JSON; `data` as it is, or a mapping as the fields of a form. `timeout` is in seconds and for one
    try. A call that fails is tried again and may arrive more than once.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] | bytes | str | None = None
    json: Any = None
    timeout: float = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the status and the body, or why there is none (`error`, a sentence)."""

    status: int | None
    body: bytes = b""
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the other system answered with success."""
        return self.status is not None and 200 <= self.status < 300

    def json(self) -> Any:
        """Read the body as JSON. Raises ValueError for what is none."""
        return json.loads(self.body)
