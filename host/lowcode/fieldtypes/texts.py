"""Texts: one line, several lines, telephone numbers, e-mail and web addresses."""

import re
import unicodedata
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.types import TypeEngine

from lowcode.characters import LINE_BREAKS, is_noncharacter
from lowcode.declare.fields import Field
from lowcode.fieldtypes.base import SAME, FieldType, ValueFault
from lowcode.i18n import _


class TextType(FieldType):
    """One line of text; white space at the ends is dropped, and it is stored in Unicode's composed form."""

    name = "text"
    keys = frozenset({"default", "unique", "max", "pattern", "masked_without"})
    operators = SAME | {"contains", "startswith"}
    longest = 255
    lines = False

    def limit(self, field: Field) -> int:
        """Give the greatest number of characters."""
        return int(field.max) if field.max is not None else self.longest

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as bounded text."""
        return String(self.limit(field))

    def parse(self, field: Field, raw: Any) -> str:
        """Take a string within the bounds."""
        text = self.parse_operand(field, raw)
        if len(text) > self.limit(field):
            raise ValueFault(_("最多 {limit} 个字符。", limit=self.limit(field)))
        if field.pattern and not re.fullmatch(field.pattern, text):
            raise ValueFault(_("格式不正确。"))
        return text

    def parse_operand(self, field: Field, raw: Any) -> str:
        """Take any clean string."""
        if not isinstance(raw, str):
            raise ValueFault(_("请填写文字。"))
        text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n") if self.lines else raw).strip()
        if not text.isprintable() and any(self._is_refused(character) for character in text):
            raise ValueFault(_("含有不能保存的控制字符。"))
        return text

    def _is_refused(self, character: str) -> bool:
        if self.lines and character in "\n\t":
            return False
        breaks = not self.lines and character in LINE_BREAKS
        return breaks or is_noncharacter(character) or unicodedata.category(character) in {"Cc", "Cs"}

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the length."""
        return {"type": "string", "maxLength": self.limit(field)}


class TextAreaType(TextType):
    """Several lines of text."""

    name = "textarea"
    keys = frozenset({"default", "max"})
    longest = 4096
    lines = True

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as text."""
        return Text()


class PhoneType(TextType):
    """A mobile or fixed-line number, as it is dialled."""

    name = "phone"
    keys = frozenset({"default", "unique", "masked_without"})
    longest = 30

    def parse(self, field: Field, raw: Any) -> str:
        """Take digits with the usual separators."""
        text = super().parse(field, raw)
        if not re.fullmatch(r"\+?[0-9][0-9 ()-]{4,23}[0-9]((#|转|ext\.? ?)[0-9]{1,6})?", text):
            raise ValueFault(_("不是有效的电话号码，例如 13800138000 或 021-88886666。"))
        return text


class EmailType(TextType):
    """An e-mail address."""

    name = "email"
    keys = frozenset({"default", "unique", "masked_without"})

    def parse(self, field: Field, raw: Any) -> str:
        """Take one address without a display name."""
        text = super().parse(field, raw)
        if not re.fullmatch(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\".]+(\.[^@\s<>,;\".]+)+", text):
            raise ValueFault(_("不是有效的邮箱地址，例如 name@example.com。"))
        if "*" in text:  # the standard allows it; here it is a masked address that was sent back
            raise ValueFault(_("邮箱地址不能含有“*”，请填写完整的地址。"))
        return text


class UrlType(TextType):
    """A web address."""

    name = "url"
    keys = frozenset({"default", "unique"})
    longest = 500

    def parse(self, field: Field, raw: Any) -> str:
        """Take http and https only."""
        text = super().parse(field, raw)
        if not re.fullmatch(r"https?://[^\s\"<>\\]+", text):
            raise ValueFault(_("不是有效的网址，请以 http:// 或 https:// 开头。"))
        return text


class SecretType(TextType):
    """A text that is written and never shown or answered again, such as a key; only for `settings:`."""

    name = "secret"
    keys = frozenset({"max"})
    operators = frozenset()

    def text(self, field: Field, value: Any) -> str:
        """Show nothing of it."""
        return "***"

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe that it is only written."""
        return super().openapi(field) | {"writeOnly": True}
