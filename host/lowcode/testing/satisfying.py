"""Values that satisfy declared conditions, for the records that tests need."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from lowcode.conditions import TOKEN, split_key
from lowcode.declare.fields import Field, Where
from lowcode.identity.model import User


def satisfying(where: Where | None, user: User, today: date) -> dict[str, Any]:
    """Turn a condition into values that satisfy it; `...` stands for any value."""
    mapping: Mapping[str, Any] = where if isinstance(where, Mapping) else (where or ({},))[0]
    wanted: dict[str, Any] = {}
    for key, raw in mapping.items():
        name, operator = split_key(key)
        value: Any = _at_run_time(raw, user, today) if isinstance(raw, str) else raw
        if operator == "isnull":
            wanted[name] = None if value is True else ...
        elif operator in {"in", "between"}:
            wanted[name] = value.split(",")[0] if isinstance(value, str) else value[0]
        elif operator in {"eq", "gte", "lte"}:
            wanted[name] = value
        elif operator in {"gt", "lt"}:
            wanted[name] = _beside(value, 1 if operator == "gt" else -1)
    return wanted


def sent(field: Field, value: Any, zone: tzinfo) -> Any:
    """Write a day as the API takes it; for an instant, the one it begins."""
    if isinstance(value, date) and field.type == "datetime":
        return datetime.combine(value, time(), tzinfo=zone).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _at_run_time(raw: str, user: User, today: date) -> Any:
    """Work out `$me`, `$today+1` and the like; a day stands for the instant it begins too."""
    token = TOKEN.fullmatch(raw)
    if token is None:
        return raw
    if token[1] == "me":
        return user.id
    if token[1] == "my_department":
        return user.department_id
    return today + timedelta(days=int(token[2] or 0))


def _beside(value: Any, step: int) -> Any:
    """Give a value a little above or below another one."""
    return value + timedelta(days=step) if isinstance(value, date) else float(value) + step
