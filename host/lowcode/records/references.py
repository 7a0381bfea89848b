"""What a record points at: does it exist, may the person see it, does it fit, and what does it bring along."""

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Select, case, select

from lowcode import access, files
from lowcode.database.among import among
from lowcode.declare.fields import Field
from lowcode.errors import NotFound
from lowcode.fieldtypes import FIELD_TYPES, TextType, ValueFault
from lowcode.forms import HOST_FIELDS, LiveForm
from lowcode.i18n import _
from lowcode.records.record import Record, Row
from lowcode.records.titles import POINTERS, target

if TYPE_CHECKING:
    from lowcode.context import Context
    from lowcode.records.draft import Draft

Errors = dict[str, list[str]]
HELD = frozenset({"image", "files"})
NAMING = POINTERS | HELD | {"choice"}
"""The types whose values name something that has to exist."""

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
    row: Row
    before: Any
    siblings: Mapping[str, Field]

    @property
    def value(self) -> Any:
        """The value now."""
        return getattr(self.row, self.field.name)


class Spot(NamedTuple):
    """A row that is walked over: the prefix of its paths, itself, the row before, and its fields."""

    prefix: str
    row: Row
    before: Row | None
    siblings: Mapping[str, Field]


@dataclass(slots=True)
class Found:
    """The rows that a draft's references point at, by form and id."""

    rows: dict[str, dict[int, Any]] = field(default_factory=lambda: defaultdict(dict))
    missing: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    hidden: dict[str, dict[int, frozenset[str]]] = field(default_factory=lambda: defaultdict(dict))
    """The fields of which the person sees only the ends; they bring nothing along."""

    misfits: dict[tuple[int, Any], str | None] = field(default_factory=dict)
    """What `fill` found out of a value for a field: many lines bring along the same."""


def chosen(ctx: "Context", draft: "Draft") -> list[Place]:
    """Collect the fields that name something else, chosen just now or to agree with something that has moved.

    What was right when it was chosen stays right.
    """
    header, columns = _naming(ctx, draft.form)
    record, original, declared = draft.record, draft.original, draft.form.declared.fields
    moved = {name for name in draft.form.same_as if getattr(record, name) != getattr(original, name, None)}
    found = _chosen_in(header, Spot("", record, original, declared), moved)
    for name, named in columns.items():
        old = {line.id: line for line in getattr(original, name, None) or ()}
        for index, line in enumerate(getattr(record, name) or ()):
            earlier = old.get(line.id) if line.id else None
            found += _chosen_in(named, Spot(f"{name}.{index}.", line, earlier, declared[name].fields), moved)
    return found


def _chosen_in(fields: list[Field], spot: Spot, moved: Set[str]) -> list[Place]:
    found: list[Place] = []
    for declared in fields:
        value, before = getattr(spot.row, declared.name), getattr(spot.before, declared.name, None)
        if value is not None and (value != before or not moved.isdisjoint(declared.same.values())):
            found.append(Place(spot.prefix + declared.name, declared, spot.row, before, spot.siblings))
    return found


def _naming(ctx: "Context", form: LiveForm) -> tuple[list[Field], dict[str, list[Field]]]:
    """Sort out the fields that hold ids and codes, of the record and of each line items field."""
    key = ("naming", form.name)
    if key not in ctx.platform.prepared:
        declared = form.declared.fields
        lines = {name: each.fields.values() for name, each in declared.items() if each.type == "lines"}
        columns = {name: [each for each in fields if each.type in NAMING] for name, fields in lines.items()}
        header = [each for each in declared.values() if each.type in NAMING]
        ctx.platform.prepared[key] = (header, {name: fields for name, fields in columns.items() if fields})
    found: tuple[list[Field], dict[str, list[Field]]] = ctx.platform.prepared[key]
    return found


def find(ctx: "Context", chosen: list[Place], form: LiveForm | None = None) -> Found:
    """Read every newly chosen record, one query for each form, through the row filter.

    Only what is asked of it is read: by all fields of `form`, or by those at hand in a dialog.
    """
    found = Found()
    find_more(ctx, chosen, found, form)
    return found


def find_more(ctx: "Context", chosen: list[Place], found: Found, form: LiveForm | None) -> None:
    """Read those that have not been read yet."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for place in chosen:
        if place.field.type in POINTERS:
            wanted[target(place.field)].add(place.value)
    for name, ids in wanted.items():
        if missing := ids - found.rows[name].keys() - found.missing[name]:
            rows = _read(ctx, name, missing, form, chosen)
            found.rows[name] |= rows
            found.missing[name] |= missing - rows.keys()
            if name in ctx.platform.forms and not ctx.is_system:
                masked = ctx.platform.forms[name].masked
                found.hidden[name] |= {key: _hidden(row, masked) for key, row in rows.items()} if masked else {}


def _read(ctx: "Context", name: str, ids: set[int], asking: LiveForm | None, chosen: list[Place]) -> dict[int, Any]:
    if name == "$user":
        return ctx.users.rows(ids)
    if name == "$department":
        return ctx.users.department_rows(ids)
    form, key = ctx.platform.forms[name], ("references", asking and asking.name, name)
    statement: Select[Any] | None = ctx.platform.prepared.get(key) if asking else None
    if statement is None:
        statement = _statement(form, _asked(ctx, name, asking, chosen))
        if asking:
            ctx.platform.prepared[key] = statement
    statement = statement.where(access.clause(ctx, form))
    if not ctx.is_system:
        wholes = ((verb, access.clause(ctx, form, verb)) for verb in sorted(set(form.masked.values())))
        statement = statement.add_columns(*(case((clause, 1), else_=0).label(f"_{verb}") for verb, clause in wholes))
    if ctx.is_writing:  # nobody deletes what this record is about to point at
        statement = statement.with_for_update(read=True, key_share=True)
    rows = ctx.connection.execute(statement, {"ids": ids}).all()
    return {row.id: row for row in rows}


def _hidden(row: Any, masked: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name, verb in masked.items() if not row._mapping[f"_{verb}"])


def _statement(form: LiveForm, names: set[str]) -> Select[Any]:
    columns = [form.table.c[name] for name in sorted(names)]
    return select(*columns).where(among(form.table.c.id), form.table.c.deleted_at.is_(None))


def _asked(ctx: "Context", name: str, asking: LiveForm | None, chosen: list[Place]) -> set[str]:
    """Name what the fields that point at a form want to know of its records."""
    fields = [place.field for place in chosen]
    if asking:
        header, columns = _naming(ctx, asking)
        fields = [*header, *(column for named in columns.values() for column in named)]
    asked = {"id", ctx.platform.forms[name].declared.title}
    for declared in fields:
        if declared.type == "ref" and declared.form == name:
            tests = chain.from_iterable(ctx.platform.forms[name].condition(declared.where or {}).alternatives)
            asked |= {*declared.fill.values(), *declared.same, *(test.field for test in tests if test.line is None)}
    return asked


def remember_titles(ctx: "Context", found: Found) -> None:
    """Keep titles that have just been read, and that those of what was refused are nobody's business."""
    for name, ids in found.missing.items():
        ctx.titles.setdefault(name, {}).update(dict.fromkeys(ids, ""))
    for name, rows in found.rows.items():
        title = "name" if name.startswith("$") else ctx.platform.forms[name].declared.title
        known = ctx.titles.setdefault(name, {})
        for key, row in rows.items():
            shown = getattr(row, title)
            known[key] = str(key if shown is None else shown)


def fill(place: Place, found: Found, given: set[str], overwrite: bool) -> Errors:
    """Copy what the chosen record brings along into the fields that were left open; what does not fit is a fault."""
    errors: Errors = {}
    row = found.rows[place.field.form or ""].get(place.value)
    if row is None:
        return errors
    prefix = place.path.removesuffix(place.field.name)
    for mine, theirs in place.field.fill.items():
        if overwrite or prefix + mine not in given:
            is_hidden = theirs in found.hidden[place.field.form or ""].get(place.value, ())
            value, field = None if is_hidden else getattr(row, theirs), place.siblings[mine]
            setattr(place.row, mine, value)
            if sentence := _misfit(field, value, found):
                errors[prefix + mine] = [sentence]
    return errors


def _misfit(target: Field, value: Any, found: Found) -> str | None:
    """Say why a value does not fit a field whose bounds are narrower than those of the field it comes from."""
    if value is None or target.type not in BOUNDED:
        return None
    if target.type == "text" and target.pattern is None and isinstance(value, str):
        is_short = len(value) <= (target.max or TextType.longest)
        if is_short and value.isprintable():
            return None
    key = (id(target), value)
    if key not in found.misfits:
        try:
            FIELD_TYPES[target.type].parse(target, value)
            found.misfits[key] = None
        except ValueFault as fault:
            found.misfits[key] = str(fault)
    return found.misfits[key]


def check(ctx: "Context", record: Record, chosen: list[Place], found: Found, *, may_have_left: bool = False) -> Errors:
    """Collect the faults of everything newly chosen. What stands in many lines is judged once.

    What the host or a rule fills in is nobody's choice: it may point to what the person does not see.
    People who have left cannot be chosen any more, unless it is only to look at what was theirs.
    """
    errors: Errors = {}
    held: list[Place] = []
    judged: dict[tuple[int, Any], str | None] = {}
    for place in chosen:
        if place.field.filled_by_host:
            continue
        if place.field.type in HELD:
            held.append(place)
            continue
        key = (id(place.field), place.value)
        if key not in judged:
            is_choice = place.field.type == "choice"
            fault = _choice_fault(ctx, place) if is_choice else _pointer_fault(ctx, place, record, found, may_have_left)
            judged[key] = fault
        if sentence := judged[key]:
            errors[place.path] = [sentence]
    if held:
        errors |= files.check(ctx, {place.path: (place.field, place.value, place.before) for place in held})
    return errors


def _pointer_fault(ctx: "Context", place: Place, record: Record, found: Found, may_have_left: bool) -> str | None:
    declared = place.field
    row = found.rows[target(declared)].get(place.value)
    if row is None or (declared.type == "user" and not (row.is_active or may_have_left)):
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
    """Say why a code cannot be chosen; a rule may choose what is not offered to people."""
    items = ctx.dictionary(place.field.dictionary or "")
    item = items.get(place.value)
    if item is None or not (item.enabled or ctx.is_system):
        return _("选项“{code}”不存在或已停用，请重新选择。", code=place.value)
    if place.field.leaf and any(other.parent == item.code for other in items.values()):
        return _("请选择最下一级的选项。")
    wanted: Mapping[str, Any] = place.field.where if isinstance(place.field.where, Mapping) else {}
    if not ctx.is_system and any(item.attributes.get(key) != value for key, value in wanted.items()):
        return _("这个选项在这里不能使用，请重新选择。")
    return None
