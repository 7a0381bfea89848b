"""What a record points at: does it exist, may the person see it, does it fit, and what does it bring along."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from lowcode import access, files
from lowcode.declare.model import Field
from lowcode.errors import NotFound
from lowcode.fieldtypes import FIELD_TYPES, ValueFault
from lowcode.forms import HOST_FIELDS, LiveForm
from lowcode.i18n import _
from lowcode.records.record import Record
from lowcode.records.record import Row as Values

if TYPE_CHECKING:
    from lowcode.context import Context

Errors = dict[str, list[str]]
POINTERS = frozenset({"ref", "user", "department"})
BOUNDED = frozenset({"text", "textarea", "phone", "email", "url", "integer", "number", "money"})
HOST_ID = HOST_FIELDS["id"]


def record_id(raw: Any) -> int:
    """Read an id from a path or a body. Raises NotFound for what cannot be one."""
    try:
        return FIELD_TYPES["ref"].parse(HOST_ID, raw)  # type: ignore[no-any-return]
    except ValueFault:
        raise NotFound(_("没有这条记录，或者您无权查看。")) from None


@dataclass(slots=True)
class Place:
    """One field of the record or of one of its lines, with the value it had before."""

    path: str
    field: Field
    row: Values
    before: Any
    siblings: Mapping[str, Field]
    moved: Set[str] = frozenset()

    @property
    def value(self) -> Any:
        """The value now."""
        return getattr(self.row, self.field.name)

    @property
    def is_new(self) -> bool:
        """Whether the value was chosen just now, or what it has to agree with has moved."""
        value = self.value
        return value is not None and (value != self.before or not self.moved.isdisjoint(self.field.same.values()))


@dataclass(slots=True)
class Found:
    """The rows that a draft's references point at, by form and id."""

    rows: dict[str, dict[int, Any]] = field(default_factory=lambda: defaultdict(dict))
    missing: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def places(form: LiveForm, record: Record, original: Record | None) -> Iterator[Place]:
    """Walk over all fields of the record and of its lines."""
    moved = {name for name in form.same_as if getattr(record, name) != getattr(original, name, None)}
    for name, declared in form.declared.fields.items():
        if declared.type != "lines":
            yield Place(name, declared, record, getattr(original, name, None), form.declared.fields, moved)
            continue
        old = {line.id: line for line in getattr(original, name, None) or ()}
        for index, line in enumerate(getattr(record, name) or ()):
            for column in declared.fields.values():
                before = getattr(old.get(line.id), column.name, None) if line.id else None
                yield Place(f"{name}.{index}.{column.name}", column, line, before, declared.fields, moved)


def find(ctx: "Context", chosen: list[Place]) -> Found:
    """Read every newly chosen record, one query for each form, through the row filter."""
    found = Found()
    find_more(ctx, chosen, found)
    return found


def find_more(ctx: "Context", chosen: list[Place], found: Found) -> None:
    """Read those that have not been read yet."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for place in chosen:
        if place.field.type in POINTERS:
            wanted[place.field.form or f"${place.field.type}"].add(place.value)
    for name, ids in wanted.items():
        if missing := ids - found.rows[name].keys() - found.missing[name]:
            rows = _read(ctx, name, missing)
            found.rows[name] |= rows
            found.missing[name] |= missing - rows.keys()


def _read(ctx: "Context", name: str, ids: set[int]) -> dict[int, Row[Any]]:
    if name == "$user":
        return ctx.users.rows(ids)
    if name == "$department":
        return ctx.users.department_rows(ids)
    form = ctx.platform.forms[name]
    statement = select(form.table).where(form.table.c.id.in_(sorted(ids)), form.table.c.deleted_at.is_(None))
    rows = ctx.connection.execute(statement.where(access.clause(ctx, form)))
    return {row.id: row for row in rows}


def remember_titles(ctx: "Context", found: Found) -> None:
    """Keep titles that have just been read, so that the answer needs no second query."""
    for name, rows in found.rows.items():
        title = "name" if name.startswith("$") else ctx.platform.forms[name].declared.title
        ctx.titles.setdefault(name, {}).update({key: str(getattr(row, title)) for key, row in rows.items()})


def fill(place: Place, found: Found, given: set[str], overwrite: bool) -> Errors:
    """Copy what the chosen record brings along into the fields that were left open; what does not fit is a fault."""
    errors: Errors = {}
    row = found.rows[place.field.form or ""].get(place.value)
    if row is None:
        return errors
    prefix = place.path.rpartition(".")[0]
    for mine, theirs in place.field.fill.items():
        path = f"{prefix}.{mine}" if prefix else mine
        if overwrite or path not in given:
            value, target = getattr(row, theirs), place.siblings[mine]
            setattr(place.row, mine, value)
            if sentence := _misfit(target, value):
                errors[path] = [sentence]
    return errors


def _misfit(target: Field, value: Any) -> str | None:
    """Say why a value does not fit a field whose bounds are narrower than those of the field it comes from."""
    if value is None or target.type not in BOUNDED:
        return None
    try:
        FIELD_TYPES[target.type].parse(target, value)
    except ValueFault as fault:
        return str(fault)
    return None


def check(ctx: "Context", record: Record, chosen: list[Place], found: Found) -> Errors:
    """Collect the faults of everything newly chosen."""
    errors: Errors = {}
    held: list[Place] = []
    for place in chosen:
        sentence = None
        if place.field.type in POINTERS:
            sentence = _pointer_fault(ctx, place, record, found)
        elif place.field.type == "choice":
            sentence = _choice_fault(ctx, place)
        elif place.field.type in {"image", "files"}:
            held.append(place)
        if sentence:
            errors[place.path] = [sentence]
    if held:
        errors |= files.check(ctx, {place.path: (place.field, place.value, place.before) for place in held})
    return errors


def _pointer_fault(ctx: "Context", place: Place, record: Record, found: Found) -> str | None:
    declared = place.field
    row = found.rows[declared.form or f"${declared.type}"].get(place.value)
    if row is None or (declared.type == "user" and not row.is_active):
        return _("没有这条记录，或者您无权使用它，请重新选择。")
    if declared.where and not ctx.platform.forms[declared.form or ""].condition(declared.where).matches(
        row, ctx.tokens
    ):
        return _("这条记录不符合可选条件，请重新选择。")
    for theirs, mine in declared.same.items():
        if getattr(row, theirs) != getattr(record, mine):
            return _("所选记录与本单据的“{field}”不一致，请重新选择。", field=theirs)
    return None


def _choice_fault(ctx: "Context", place: Place) -> str | None:
    items = ctx.dictionary(place.field.dictionary or "")
    item = items.get(place.value)
    if item is None or not item.enabled:
        return _("选项“{code}”不存在或已停用，请重新选择。", code=place.value)
    if place.field.leaf and any(other.parent == item.code for other in items.values()):
        return _("请选择最下一级的选项。")
    wanted: Mapping[str, Any] = place.field.where if isinstance(place.field.where, Mapping) else {}
    if any(item.attributes.get(key) != value for key, value in wanted.items()):
        return _("这个选项在这里不能使用，请重新选择。")
    return None
