"""What a dialog or the bar of a panel asks for: types, required values, choices and references, checked."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from lowcode.declare.fields import Field
from lowcode.errors import Invalid
from lowcode.i18n import _
from lowcode.records import draft, references
from lowcode.records.record import Row
from lowcode.schemas import decode

if TYPE_CHECKING:
    from lowcode.context import Context


class Holder(Row):
    """Values that belong to no record, as a row whose references can be checked."""

    def __init__(self, declared: Mapping[str, Field], values: Mapping[str, Any]) -> None:
        for key in declared:
            setattr(self, key, values[key])


def checked(
    ctx: "Context",
    schema: Schema,
    declared: Mapping[str, Field],
    raw: Mapping[str, Any],
    *,
    record: Any = None,
    defaults: Mapping[str, Any] | None = None,
    may_have_left: bool = False,
) -> dict[str, Any]:
    """Give every declared value as rules see it; what is not sent is `defaults`, else the declared default.

    References agree with `record`, or where there is none with each other; people who have left are chosen only with
    `may_have_left`. Raises Invalid.
    """
    values, errors = decode(schema, raw)
    known = defaults or {}
    given = {
        key: values[key] if key in values else known[key] if key in known else draft.first(ctx, field)
        for key, field in declared.items()
    }
    tables = {key: field for key, field in declared.items() if field.type == "lines"}
    holder = Holder(declared, given | {key: rows_of(ctx, field, given[key]) for key, field in tables.items()})
    chosen = _naming("", holder, declared)
    for key, field in tables.items():
        for index, row in enumerate(getattr(holder, key)):
            chosen += _naming(f"{key}.{index}.", row, field.fields)
            if "id" in given[key][index]:
                errors[f"{key}.{index}.id"] = [_("没有这个字段。")]
    around: Any = holder if record is None else record
    faults = references.check(ctx, around, chosen, references.find(ctx, chosen), may_have_left=may_have_left)
    errors |= {path: sentences for path, sentences in faults.items() if path not in errors}
    for key, field in declared.items():
        if key in tables:
            draft.require_rows(errors, key, field, getattr(holder, key))
        elif field.required and getattr(holder, key) is None:
            errors.setdefault(key, [_("必填。")])
    if errors:
        raise Invalid(_("有 {count} 处需要修改，请看各字段的提示。", count=len(errors)), errors=errors)
    values = {key: getattr(holder, key) for key in declared}
    return values | {key: [vars(row) for row in values[key]] for key in tables}


def rows_of(ctx: "Context", declared: Field, rows: Iterable[Mapping[str, Any]] | None) -> list[Holder]:
    """Make rows of a dialog's table, each with all its columns."""
    first = {name: draft.first(ctx, column) for name, column in declared.fields.items()}
    return [Holder(declared.fields, {**first, **row}) for row in rows or ()]


def _naming(prefix: str, row: Holder, declared: Mapping[str, Field]) -> list[references.Place]:
    """Collect what a row names."""
    return [
        references.Place(prefix + key, field, row, None, declared)
        for key, field in declared.items()
        if field.type in references.NAMING and getattr(row, key) is not None
    ]
