"""Records as rules see them: one attribute for each field, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from lowcode.declare.fields import Field

SYSTEM_FIELDS = ("id", "version", "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "deleted_by")


class Row:
    """Shared by records and line items. The attributes are the fields; a misspelt one raises AttributeError."""

    __slots__ = ()
    __fields__: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **values: Any) -> None:
        for name in self.__fields__:
            setattr(self, name, values.pop(name, None))
        if values:
            raise AttributeError(f"{type(self).__name__} has no field {', '.join(sorted(values))}.")

    @classmethod
    def of(cls, values: Iterable[Any]) -> Self:
        """Make a row of all its values, in the order of its fields: what is made by the thousand is made so."""
        row = cls.__new__(cls)
        for name, value in zip(cls.__fields__, values, strict=True):
            setattr(row, name, value)
        return row

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no field '{name}'.")

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in values_of(self).items() if value is not None)
        return f"{type(self).__name__}({shown})"


class Line(Row):
    """One line item. `id` is None until it is saved."""

    __slots__ = ()


class Record(Row):
    """One record: its fields, the host's own fields, and each line items field as a list of `Line`."""

    __slots__ = ()
    __lines__: ClassVar[Mapping[str, type[Line]]] = {}


R = TypeVar("R", bound=Record)


def values_of(row: Row) -> dict[str, Any]:
    """Give all values of a record or line by field name."""
    return {name: getattr(row, name) for name in row.__fields__}


def copy_of(record: R) -> R:
    """Copy a record and its lines."""
    twin = type(record).of(values_of(record).values())
    for name in record.__lines__:
        setattr(twin, name, [type(line).of(values_of(line).values()) for line in getattr(record, name) or ()])
    return twin


def line_class(form: str, field: Field) -> type[Line]:
    """Make the class of one form's line items."""
    names = ("id", *field.fields)
    return type(f"{form}.{field.name}", (Line,), {"__slots__": names, "__fields__": names})


def record_class(form: str, fields: Mapping[str, Field], extra: Iterable[str]) -> type[Record]:
    """Make the class of one form's records. `extra` names the host's fields beside the declared ones."""
    names = (*SYSTEM_FIELDS, *extra, *fields)
    lines = {name: line_class(form, field) for name, field in fields.items() if field.type == "lines"}
    return type(form, (Record,), {"__slots__": names, "__fields__": names, "__lines__": lines})
