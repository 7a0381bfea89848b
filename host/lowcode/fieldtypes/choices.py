"""Choices: yes or no, a dictionary's item, another record, a person, a department."""

import re
from typing import Any

from sqlalchemy import Boolean, String
from sqlalchemy.types import TypeEngine

from lowcode.database.columns import Id
from lowcode.declare.fields import Field
from lowcode.fieldtypes.base import FieldType, ValueFault
from lowcode.fieldtypes.numbers import LARGEST
from lowcode.i18n import _


class BooleanType(FieldType):
    """Yes or no."""

    name = "boolean"
    keys = frozenset({"default"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store as a boolean."""
        return Boolean()

    def parse(self, field: Field, raw: Any) -> bool:
        """Take true or false."""
        if not isinstance(raw, bool):
            raise ValueFault(_("请填写 true 或 false。"))
        return raw

    def parse_operand(self, field: Field, raw: Any) -> bool:
        """Take the words of a query string too."""
        return {"true": True, "false": False}[raw] if raw in ("true", "false") else self.parse(field, raw)

    def text(self, field: Field, value: Any) -> str:
        """Say yes or no."""
        return _("是") if value else _("否")

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the value."""
        return {"type": "boolean"}


class ChoiceType(FieldType):
    """An item of a dictionary, stored and sent as its code."""

    name = "choice"
    keys = frozenset({"default", "dictionary", "where", "leaf"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the code."""
        return String(50)

    def parse(self, field: Field, raw: Any) -> str:
        """Take a code; whether the dictionary has it is checked against the database."""
        if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", raw):
            raise ValueFault(_("请从选项中选择。"))
        return raw


class RefType(FieldType):
    """Another record, written as its id and read as `{"id", "title"}`."""

    name = "ref"
    keys = frozenset({"default", "form", "where", "fill", "same"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the id."""
        return Id

    def parse(self, field: Field, raw: Any) -> int:
        """Take an id; whether it exists and may be seen is checked against the database."""
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,18}", raw):
            raw = int(raw)
        if not isinstance(raw, int) or isinstance(raw, bool) or not 0 < raw < LARGEST:
            raise ValueFault(_("请填写记录的编号 (id)。"))
        return raw

    def text(self, field: Field, value: Any) -> str:
        """Show the title."""
        return str(value["title"])

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the id."""
        return {"type": "integer", "description": f"id of a record of {field.form or self.name}"}


class UserType(RefType):
    """A member of staff."""

    name = "user"
    keys = frozenset({"default"})


class DepartmentType(RefType):
    """A department."""

    name = "department"
    keys = frozenset({"default"})
