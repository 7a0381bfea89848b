"""Strict JSON bodies: what two parsers could read in two ways is refused."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import request

from lowcode.errors import Invalid, Malformed, Unsupported
from lowcode.i18n import _

MAX_DEPTH = 20
MAX_DIGITS = 64
"""No declared number comes near; it bounds the work of exact arithmetic."""


def json_body() -> dict[str, Any]:
    """Return the JSON object of the request; no body at all is an empty object.

    Raises `Unsupported` for another content type, `Malformed` for what is not strict JSON and
    `Invalid` for NUL characters, which no database column may hold.
    """
    body = request.get_data(cache=True)
    if not body:
        return {}
    if request.mimetype != "application/json":
        raise Unsupported(_("请求的内容类型必须是 application/json。"))
    return decode(body)


def decode(body: bytes) -> dict[str, Any]:
    """Decode a JSON object strictly."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(_("请求体不是有效的 JSON，请检查格式和编码（UTF-8）。")) from error
    if not isinstance(value, dict):
        raise Malformed(_("请求体必须是一个 JSON 对象。"))
    has_escapes = b"\\u" in body  # UTF-8 and JSON keep NUL and lone surrogates out of everything else
    for name, member in value.items():
        if has_escapes:
            _check_text(name, name)
        _check(member, name, 2, has_escapes)
    return value


def _check(value: object, field: str, depth: int, has_escapes: bool) -> None:
    """Refuse what is nested too deep and texts that cannot be stored."""
    if isinstance(value, str):
        if has_escapes:
            _check_text(value, field)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise Malformed(_("JSON 嵌套过深，最多 {depth} 层。", depth=MAX_DEPTH))
        for name in value if has_escapes and isinstance(value, dict) else ():
            _check_text(name, field)
        for member in value.values() if isinstance(value, dict) else value:
            if has_escapes or isinstance(member, dict | list):
                _check(member, field, depth + 1, has_escapes)


def _check_text(text: str, field: str) -> None:
    if "\0" in text:
        sentence = _("含有不能使用的字符，请删除后重试。")
        raise Invalid(_("请改正标出的内容后再提交。"), errors={field.replace("\0", ""): [sentence]})
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Malformed(_("文字中含有不完整的 Unicode 字符，请检查编码。")) from error


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if len(text) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise Malformed(_("数字 {number}… 超出范围。", number=text[:20]))
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Malformed(_("数字 {number}… 超出范围。", number=text[:20]))
    return int(text)


def _constant(text: str) -> float:
    raise Malformed(_("JSON 中不能使用 {number}。", number=text))


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed(_("JSON 对象中有重复的键，请只保留一个。"))
    return members
