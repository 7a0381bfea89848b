"""Records that a plugin's rules accept, made through the API from nothing but the declarations."""

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from PIL import Image
from sqlalchemy import update

from lowcode.configuration import Item
from lowcode.context import Context
from lowcode.declare.fields import Field, Where
from lowcode.declare.model import Form
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm
from lowcode.records import reading, saving
from lowcode.testing import values
from lowcode.testing.client import Api
from lowcode.testing.satisfying import satisfying, sent

DEPARTMENT = "Examples"

Values = Mapping[str, Any]
NOTHING: Values = {}


class Examples:
    """Makes payloads and records, as a person who has every role there is.

    `given` are values that the rules of a form ask for and no declaration tells, by form; a function gets the examples
    and makes the value anew for each record, such as a reference that no two records may share.
    """

    def __init__(self, api: Api, given: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.platform = api.platform
        self.admin = api
        self.api = api.as_user("admin", *api.platform.roles, department=DEPARTMENT)
        self.given = given or {}
        self._numbers = count(1)
        self._known: dict[str, int] = {}

    @property
    def today(self) -> date:
        """The day in the business time zone."""
        return datetime.now(self.platform.config.time_zone).date()

    def payload(self, form: str, chosen: Values = NOTHING, *, full: bool = True) -> dict[str, Any]:
        """Make what the API takes: every field that people may write, or only what has to be given.

        What the rules refuse is left out where it may be. Raises AssertionError when they still refuse.
        """
        declared = self.platform.forms[form].declared
        made: dict[str, Any] = {**self._given(form, chosen), **chosen}
        fields = [field for name, field in declared.fields.items() if name not in made]
        for field in sorted(fields, key=lambda each: bool(each.same)):
            if self._is_wanted(field, full) and (value := self._value(field, full, made)) is not None:
                made[field.name] = value
        return self._accepted(declared, made, {*self.given.get(form, {}), *chosen})

    def _given(self, form: str, chosen: Values) -> dict[str, Any]:
        """Give what the plugin says of a form's values, beside those that are chosen."""
        given = ((name, value) for name, value in self.given.get(form, {}).items() if name not in chosen)
        return {name: value(self) if callable(value) else value for name, value in given}

    def create(self, form: str, chosen: Values = NOTHING, *, full: bool = False) -> dict[str, Any]:
        """Save a record and read it."""
        return self.save(form, self.payload(form, chosen, full=full))

    def save(self, form: str, payload: Values) -> dict[str, Any]:
        """Save a payload through the API, or as the platform where no role may create."""
        if self.may(form, "create"):
            made: dict[str, Any] = self.api.post(f"/forms/{form}/records", payload).expect(201)
            return made
        record_id = self.platform.as_system(lambda ctx: self._write(ctx, form, payload))
        return self.read(form, record_id) if self.may(form, "read") else self.inspect(form, record_id)

    def _write(self, ctx: Context, form: str, payload: Values) -> int:
        """Save a payload as a rule does in this person's request."""
        with ctx.as_user(self.api.user_id) as me:
            made: int = saving.create_record(me, self.platform.forms[form], payload).id
            return made

    def read(self, form: str, record_id: int) -> dict[str, Any]:
        """Read a record."""
        shown: dict[str, Any] = self.api.get(f"/forms/{form}/records/{record_id}").expect(200)
        return shown

    def inspect(self, form: str, record_id: int) -> dict[str, Any]:
        """Read a record as the platform sees it, whatever roles see."""
        live = self.platform.forms[form]
        return self.platform.as_system(lambda ctx: reading.read(ctx, live, record_id))

    def delete(self, form: LiveForm, record_id: int) -> None:
        """Move a record to the recycle bin, whatever its rules say."""
        gone = update(form.table).where(form.table.c.id == record_id).values(deleted_at=datetime.now(UTC))
        with self.platform.db.write() as connection:
            connection.execute(gone)

    def force(self, form: str, record_id: int, fields: Values) -> None:
        """Set any fields as a rule may: the owner, a state, what people may not write."""
        live = self.platform.forms[form]
        parsed = {
            name: value if not live.fields[name].filled_by_host or value is None else _native(live.fields[name], value)
            for name, value in fields.items()
        }
        self.platform.as_system(lambda ctx: getattr(ctx.forms, form).update(record_id, parsed))

    def may(self, form: str, verb: str) -> bool:
        """Tell whether any role may."""
        return any(getattr(grant, verb) for grant in self.platform.forms[form].declared.access.values())

    def params(self, declared: Mapping[str, Field]) -> dict[str, Any]:
        """Make the parameters of an action's dialog."""
        made: dict[str, Any] = {}
        for field in declared.values():
            if (value := self._value(field, True, made)) is not None:
                made[field.name] = value
        return made

    def change(self, form: LiveForm, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """Find an edit of one field that the rules accept; None when there is none."""
        for name, field in form.declared.fields.items():
            if field.filled_by_host or field.create_only or field.type in {"lines", "choice", *values.HELD}:
                continue
            value = False if field.type == "boolean" and record[name] else self._value(field, True, dict(record))
            if value is None or values.is_kept(field, value, record[name]):
                continue
            answer = self.api.post(f"/forms/{form.name}/preview", {name: value}, id=record["id"])
            if answer.status == 200 and not answer.json["errors"]:
                return {name: value}
        return None

    def reference(self, form: str, where: Where | None = None, chosen: Values = NOTHING) -> int:
        """Find or make a record that satisfies a declared condition."""
        key = repr((form, where, sorted(chosen.items())))
        if key not in self._known:
            self._known[key] = self.fitting(form, where, chosen)
        return self._known[key]

    def picture(self) -> str:
        """Upload a picture and give its id."""
        buffer = io.BytesIO()
        Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
        return str(self.api.upload(f"{next(self._numbers)}.png", buffer.getvalue()).expect(201)["id"])

    def value(self, field: Field) -> Any:
        """Make a value of one field, another one each time."""
        return self._value(field, True, {})

    def items(self, field: Field) -> Mapping[str, Item]:
        """Give the items of a choice's dictionary."""
        with self.platform.reading(self.api.user_or_fail) as ctx:
            return ctx.dictionary(field.dictionary or "")

    def fitting(self, form: str, where: Where | None = None, chosen: Values = NOTHING) -> int:
        """Make a record that satisfies a declared condition, as a rule would where people may not."""
        fields = self.platform.forms[form].fields
        zone = self.platform.config.time_zone
        wanted = {
            (fields[name].difference or (name,))[0]: sent(fields[name], value, zone)  # the second is empty as yet
            for name, value in satisfying(where, self.api.user_or_fail, self.today).items()
        }
        later = {name: value for name, value in wanted.items() if fields[name].filled_by_host and value is not ...}
        now = {name: value for name, value in wanted.items() if name not in later}
        made = {
            name: self._value(fields[name], True, {}) if value is ... else value
            for name, value in {**now, **chosen}.items()
        }
        timed = [name for name in now if fields[name].type in {"date", "datetime"}]
        past = {name: made.pop(name) for name in self._refused(form, made) if name in timed} if timed else {}
        record_id = int(self.create(form, made)["id"])
        if later:
            self.force(form, record_id, later)
        if past:
            self._age(form, record_id, past)
        return record_id

    def _refused(self, form: str, made: Values) -> list[str]:
        """Name what the rules refuse of what a condition wants, such as a day that has passed."""
        if not self.may(form, "create"):
            return []
        return [*self.api.post(f"/forms/{form}/preview", made).expect(200)["errors"]]

    def _age(self, form: str, record_id: int, past: Values) -> None:
        """Set what no rule would, and time does."""
        table, fields = self.platform.forms[form].table, self.platform.forms[form].fields
        stored = {name: _native(fields[name], value) for name, value in past.items()}
        with self.platform.db.write() as connection:
            connection.execute(update(table).where(table.c.id == record_id).values(stored))

    def _is_wanted(self, field: Field, full: bool) -> bool:
        if field.filled_by_host:
            return False
        if full:
            return True
        has_default = field.default is not None or field.type == "boolean" or self._default_choice(field) is not None
        return (field.required and not has_default) or (field.type in {"lines", "files"} and bool(field.min))

    def _default_choice(self, field: Field) -> str | None:
        return next((item.code for item in self.items(field).values() if item.is_default), None)

    def _value(self, field: Field, full: bool, made: Mapping[str, Any]) -> Any:
        number = next(self._numbers)
        if field.type == "choice":
            return self._choice(field)
        if field.type == "ref":
            return self._pointed(field, made)
        if field.type == "user":
            return self.api.user_id
        if field.type == "department":
            return self.api.user.department_id if self.api.user else None
        if field.type == "image":
            return self.picture()
        if field.type == "files":
            return [self.picture() for _each in range(max(1, int(field.min or 1)))]
        if field.type == "lines":
            return [self._line(field, full) for _each in range(max(2 if full else 1, int(field.min or 1)))]
        return values.plain(field, number, self.today)

    def _choice(self, field: Field) -> str | None:
        items = self.items(field)
        wanted: Mapping[str, Any] = field.where if isinstance(field.where, Mapping) else {}
        parents = {item.parent for item in items.values()}
        fitting = [
            item.code
            for item in items.values()
            if item.enabled
            and not (field.leaf and item.code in parents)
            and all(item.attributes.get(key) == value for key, value in wanted.items())
        ]
        return fitting[-1] if fitting else None

    def _pointed(self, field: Field, made: Mapping[str, Any]) -> int | None:
        same: dict[str, Any] = {}
        for theirs, mine in field.same.items():
            value = made.get(mine)
            if value is None:
                return None  # what it has to agree with is open, or is the record itself
            same[theirs] = value["id"] if isinstance(value, Mapping) else value
        return self.reference(field.form or "", field.where, same)

    def _line(self, field: Field, full: bool) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name, column in field.fields.items():
            if self._is_wanted(column, full) and (value := self._value(column, full, row)) is not None:
                row[name] = value
        return row

    def _accepted(self, form: Form, made: dict[str, Any], fixed: set[str]) -> dict[str, Any]:
        """Leave out what the rules refuse, as the preview tells; where it has to point to something, to another one."""
        if not self.may(form.name, "create"):
            return made
        errors: dict[str, Any] = {}
        for _attempt in range(4):
            errors = self.api.post(f"/forms/{form.name}/preview", made).expect(200)["errors"]
            if not errors:
                return made
            for path in errors:
                field = form.fields.get(path)
                if field is not None and field.type == "ref" and field.required and path not in fixed:
                    self._known.clear()
                    made[path] = self._pointed(field, made)
                else:
                    _leave_out(form, made, path, fixed)
        raise AssertionError(
            f"The rules of '{form.name}' refuse what the declarations allow: {errors}. Tell the suite which values"
            f" they want: `examples_of = {{'{form.name}': {{…}}}}`."
        )


def _leave_out(form: Form, made: dict[str, Any], path: str, fixed: set[str]) -> None:
    name, _dot, rest = path.partition(".")
    column = rest.rpartition(".")[2]
    if name in fixed:
        return
    if column and name in made:
        for row in made[name]:
            row.pop(column, None)
    elif name in made and not (form.fields[name].required and form.fields[name].default is None):
        del made[name]


def _native(field: Field, value: Any) -> Any:
    return FIELD_TYPES[field.type].parse_operand(field, value)
