"""The checks of what an administrator writes about a person."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.i18n import LANGUAGES, _
from lowcode.identity.names import clean_name, invalid

Values = dict[str, Any]


def check(payload: Mapping[str, Any], allowed: Collection[str], required: Sequence[str] = ()) -> Values:
    """Return the checked values of a person; all faults at once. `allowed` are the roles that exist."""
    values: Values = {}
    errors: dict[str, list[str]] = {name: [_("请填写此项。")] for name in required if payload.get(name) in (None, "")}
    for name, value in payload.items():
        if name in errors:
            continue
        try:
            values[name] = _FIELDS.get(name, _unknown)(name, value)
            if name == "roles":
                _known_roles(values[name], allowed)
        except Invalid as fault:
            errors.update({field: list(sentences) for field, sentences in fault.errors.items()})
    if errors:
        raise Invalid(_("请改正标出的内容后再提交。"), errors=errors)
    return values


def row_id(name: str, value: object) -> int | None:
    """Return an id, or None for an empty reference. Raises `Invalid`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise invalid(name, _("请填写编号（正整数）。"))
    return value


def _unknown(name: str, _value: object) -> None:
    raise invalid(name, _("没有这个字段，请删除。"))


def _username(name: str, value: object) -> str:
    text = clean_name(name, value, 64)
    if re.search(r"\s", text):
        raise invalid(name, _("用户名不能含有空格。"))
    return text


def _name(name: str, value: object) -> str:
    return clean_name(name, value, 100)


def _password(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid(name, _("请填写文字。"))
    return value


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, _("请填写 true 或 false。"))
    return value


def _roles(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise invalid(name, _("请填写角色名称的列表。"))
    return value


def _known_roles(roles: Sequence[str], allowed: Collection[str]) -> None:
    unknown = sorted(set(roles) - set(allowed))
    if unknown:
        raise invalid("roles", _("没有角色 {role}，请从已有的角色中选择。", role="、".join(unknown)))


def _language(name: str, value: object) -> str | None:
    if value is not None and value not in LANGUAGES:
        raise invalid(name, _("没有这种语言，请从列表中选择。"))
    return str(value) if value else None


def _email(name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    try:
        return str(FIELD_TYPES["email"].parse(_EMAIL, value))
    except ValueFault as fault:
        raise invalid(name, str(fault)) from None


def _never(name: str, value: object) -> bool:
    """Take `false` alone: nobody can show the codes of another's authenticator."""
    if value is not False:
        raise invalid(name, _("动态验证码只能由本人开启，这里只能填写 false。"))
    return False


_EMAIL = Field(name="email", label="邮箱", type="email")

_FIELDS: Mapping[str, Callable[[str, object], Any]] = {
    "username": _username,
    "name": _name,
    "password": _password,
    "department": row_id,
    "roles": _roles,
    "is_active": _boolean,
    "must_change_password": _boolean,
    "language": _language,
    "email": _email,
    "totp": _never,
}
