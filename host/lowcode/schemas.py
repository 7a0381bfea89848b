"""Forms as marshmallow schemas: what the API and the pages may write, and nothing else."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from lowcode.declare.fields import Field
from lowcode.fieldtypes import FIELD_TYPES, LinesType, ValueFault
from lowcode.i18n import _

UNKNOWN = "$unknown"
NOT_AN_OBJECT = "$type"
FILLED_BY_HOST = "$filled"
SENTENCES = {
    UNKNOWN: "没有这个字段。",
    NOT_AN_OBJECT: "请填写一个 JSON 对象。",
    FILLED_BY_HOST: "这个字段由系统填写，请不要提交。",
}


class Value(fields.Field[Any]):
    """One value, read by its field type."""

    def __init__(self, declared: Field) -> None:
        super().__init__(allow_none=True, metadata={"title": declared.label})
        self.declared = declared
        self._kind = FIELD_TYPES[declared.type]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == "":
            return None
        try:
            parsed = self._kind.parse(self.declared, value)
        except ValueFault as fault:
            raise ValidationError(str(fault)) from None
        return None if parsed == "" else parsed


class FilledByHost(fields.Field[Any]):
    """A field that nobody may write from outside, not even null."""

    default_error_messages = {"null": FILLED_BY_HOST}  # noqa: RUF012 (as marshmallow declares it)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        raise ValidationError(FILLED_BY_HOST)


class LineItems(fields.Field[Any]):
    """A list of line items, checked for length before each is read."""

    def __init__(self, declared: Field) -> None:
        super().__init__(allow_none=True)
        self.declared = declared
        columns: dict[str, fields.Field[Any]] = {"id": Value(_line_id())}
        columns |= {name: _field(each) for name, each in declared.fields.items()}
        self.items = _schema(f"{declared.name}_line", columns)()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError(_("请填写明细行的列表。"))
        most = int(self.declared.max or LinesType.most)
        if len(value) > most:
            raise ValidationError(_("最多 {limit} 行。", limit=most))
        rows, faults = [], {}
        for index, row in enumerate(value):
            values, errors = self._row(row)
            rows.append(values)
            if errors:
                faults[index] = errors
        if faults:
            raise ValidationError(faults, valid_data=rows)
        return rows

    def _row(self, row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Read what a line gives, and only that: `items.load` would look at every column of every line."""
        if not isinstance(row, Mapping):
            return {}, {"_schema": [NOT_AN_OBJECT]}
        columns = self.items.fields
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, raw in row.items():
            column = columns.get(name)
            if column is None:
                errors[name] = [UNKNOWN]
                continue
            try:
                is_null = raw is None and column.allow_none
                values[name] = None if is_null else column._deserialize(raw, name, row)
            except ValidationError as fault:
                errors[name] = fault.messages
        return values, errors


def build(name: str, declared: Mapping[str, Field]) -> Schema:
    """Make the schema of a form's records or of an action's dialog."""
    return _schema(name, {each: _field(field) for each, field in declared.items()})()


def decode(schema: Schema, payload: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Read a payload: what is right, and `{"lines.0.quantity": [sentence]}` for what is not."""
    if not isinstance(payload, Mapping):
        return {}, {"": [_("请提交一个 JSON 对象。")]}
    try:
        return schema.load(payload), {}
    except ValidationError as fault:
        valid = fault.valid_data if isinstance(fault.valid_data, dict) else {}
        return valid, flatten(fault.messages)


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Turn marshmallow's nested messages into one level."""
    if isinstance(messages, Mapping):
        flat: dict[str, list[str]] = {}
        for key, inner in messages.items():
            name = "" if key == "_schema" else str(key)
            flat |= flatten(inner, ".".join(part for part in (path, name) if part))
        return flat
    return {path: [_(SENTENCES.get(str(message), str(message))) for message in messages]}


def _schema(name: str, declared: dict[str, fields.Field[Any]]) -> type[Schema]:
    made = Schema.from_dict(declared, name=name)
    made.opts.unknown = RAISE
    made.error_messages = {"unknown": UNKNOWN, "type": NOT_AN_OBJECT}
    return made


def _field(declared: Field) -> fields.Field[Any]:
    if declared.filled_by_host:
        return FilledByHost(dump_only=False, metadata={"title": declared.label, "readOnly": True})
    return LineItems(declared) if declared.type == "lines" else Value(declared)


def _line_id() -> Field:
    return Field(name="id", label="ID", type="integer")
