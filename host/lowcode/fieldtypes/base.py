"""What every field type knows how to do."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from sqlalchemy.types import TypeEngine

from lowcode.declare.fields import Field

COMMON_KEYS = frozenset(
    {
        "label",
        "type",
        "help",
        "required",
        "readonly",
        "create_only",
        "computed",
        "derived",
        "visible_to",
        "sets",
        "hidden",
    }
)
ORDER = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "in", "between", "isnull"})
SAME = frozenset({"eq", "ne", "in", "isnull"})


class ValueFault(ValueError):
    """A value that a field does not take, with a sentence for the person."""


class FieldType:
    """What the host knows of one type."""

    name: ClassVar[str]
    keys: ClassVar[frozenset[str]] = frozenset()
    operators: ClassVar[frozenset[str]] = SAME

    def column_type(self, field: Field) -> TypeEngine[Any] | None:
        """Give the column's type, None when the value is not in the record's own row."""
        raise AssertionError(self.name)

    def parse(self, field: Field, raw: Any) -> Any:
        """Read a value that is neither null nor empty. Raises ValueFault."""
        raise AssertionError(self.name)

    def parse_operand(self, field: Field, raw: Any) -> Any:
        """Read the right-hand side of a comparison, which need not satisfy the field's bounds."""
        return self.parse(field, raw)

    def restore(self, field: Field, raw: Any) -> Any:
        """Read back what `dump` wrote of a stored value, whatever has been refused since."""
        return self.parse_operand(field, raw)

    def dump(self, field: Field, value: Any) -> Any:
        """Write a value that is not None to JSON."""
        return value

    def dumper(self, field: Field) -> Callable[[Any], Any] | None:
        """Give `dump` for one field and many values; None when values are written as they are."""
        return None if type(self).dump is FieldType.dump else partial(self.dump, field)

    def text(self, field: Field, value: Any) -> str:
        """Show a JSON value to a person."""
        return str(value)

    def openapi(self, field: Field) -> dict[str, Any]:
        """Describe the JSON value."""
        return {"type": "string"}
