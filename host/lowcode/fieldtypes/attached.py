"""What hangs on a record: pictures, files and line items."""

import re
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.types import TypeEngine

from lowcode.declare.fields import Field
from lowcode.fieldtypes.base import FieldType, ValueFault
from lowcode.i18n import _


class ImageType(FieldType):
    """One picture, written as the id of an uploaded file."""

    name = "image"
    operators = frozenset({"isnull"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the file's id."""
        return String(32)

    def parse(self, field: Field, raw: Any) -> str:
        """Take a file id; whether it may be used is checked against the database."""
        if not isinstance(raw, str) or not re.fullmatch(r"[0-9a-f]{32}", raw):
            raise ValueFault(_("请先上传文件，再填写它的编号 (id)。"))
        return raw

    def text(self, field: Field, value: Any) -> str:
        """Show the name."""
        return str(value["name"])


class FilesType(ImageType):
    """Several files, written as a list of ids of uploaded files."""

    name = "files"
    keys = frozenset({"min", "max"})

    def column_type(self, field: Field) -> TypeEngine[Any]:
        """Store the ids."""
        return JSON(none_as_null=True)

    def parse(self, field: Field, raw: Any) -> list[str]:  # type: ignore[override]
        """Take a list of different file ids."""
        if not isinstance(raw, list) or len(raw) > (field.max or 50):
            raise ValueFault(_("请填写文件编号的列表，最多 {limit} 个。", limit=int(field.max or 50)))
        return list(dict.fromkeys(super(FilesType, self).parse(field, item) for item in raw))

    def text(self, field: Field, value: Any) -> str:
        """Show the names."""
        return "、".join(str(item["name"]) for item in value)

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the list."""
        return {"type": "array", "items": {"type": "string"}}


class LinesType(FieldType):
    """Line items: rows of a table of their own, written and read whole."""

    name = "lines"
    keys = frozenset({"min", "max", "fields"})
    operators = frozenset()
    most = 1000

    def column_type(self, field: Field) -> None:
        """Store in a table of their own."""

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the list; the columns are added by the schema."""
        return {"type": "array"}
