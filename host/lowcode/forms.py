"""A declared form, made live: its tables, its record class and what points at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from marshmallow import Schema
from sqlalchemy import Column, ColumnElement, ForeignKey, Index, Integer, MetaData, String, Table, text

from lowcode.conditions import Condition, parse
from lowcode.database.columns import Id
from lowcode.database.derived import ORDERED
from lowcode.database.search import SEARCHED
from lowcode.declare.fields import Field, Where
from lowcode.declare.model import Action, Form, Plugin
from lowcode.declare.workflows import Move, Workflow
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.records.record import Record, record_class
from lowcode.schemas import build

HOST_FIELDS: Mapping[str, Field] = {
    declared.name: declared
    for declared in (
        Field(name="id", label="ID", type="integer", readonly=True),
        Field(name="version", label="版本", type="integer", readonly=True),
        Field(name="created_at", label="创建时间", type="datetime", readonly=True),
        Field(name="created_by", label="创建人", type="user", readonly=True),
        Field(name="updated_at", label="更新时间", type="datetime", readonly=True),
        Field(name="updated_by", label="更新人", type="user", readonly=True),
        Field(name="deleted_at", label="删除时间", type="datetime", readonly=True),
        Field(name="deleted_by", label="删除人", type="user", readonly=True),
    )
}
NUMBER = Field(name="number", label="编号", type="text", readonly=True, max=Decimal(60), unique=True)
OWNER_DEPARTMENT = Field(name="owner_department", label="负责人部门", type="department", readonly=True)
LIVE = "deleted_at IS NULL"
MOST_CONDITIONS = 500
INDEXED = frozenset({"ref", "user", "department", "choice"})


@dataclass(frozen=True, slots=True)
class Inbound:
    """A rollup of another form that this form's records feed."""

    parent: str
    field: Field


@dataclass(slots=True)
class LiveForm:
    """What the host works with at run time. Built once at start."""

    plugin: str
    declared: Form
    workflow: Workflow | None
    table: Table
    line_tables: Mapping[str, Table]
    record_class: type[Record]
    fields: Mapping[str, Field]
    schema: Schema
    params: Mapping[str, Schema]
    inbound: list[Inbound] = field(default_factory=list)
    referring: list[tuple[str, Field]] = field(default_factory=list)
    _conditions: dict[str, Condition] = field(default_factory=dict)

    same_as: frozenset[str] = frozenset()
    """The fields that some reference has to agree with."""

    derived: frozenset[str] = frozenset()
    """The fields that are not stored."""

    derived_lines: frozenset[str] = frozenset()
    """The line items with columns that are not stored."""

    differences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each field that is one field less another: the two."""

    masked: Mapping[str, str] = field(default_factory=dict)
    """For each field that is not shown to everybody whole: the verb on the record that it is whole with."""

    @property
    def name(self) -> str:
        """Give the form's name."""
        return self.declared.name

    def column(self, name: str) -> ColumnElement[Any]:
        """Give the column of a field."""
        return self.table.c[name]

    def line_table(self, name: str) -> Table:
        """Give the table of a line items field."""
        return self.line_tables[name]

    def condition(self, where: Where) -> Condition:
        """Compile a declared condition, once; what rules make up anew each time does not pile up."""
        known = repr(where)
        if known not in self._conditions:
            if len(self._conditions) >= MOST_CONDITIONS:
                self._conditions.clear()
            self._conditions[known] = parse(where, self.fields)
        return self._conditions[known]

    def is_editable(self, record: Record) -> bool:
        """Tell whether the record's state allows edits; a form without a workflow always does."""
        return self.workflow is None or self.workflow.states[record.status].editable

    def allows(self, verb: str, record: Record) -> bool:
        """Tell whether the record's state allows to `edit` or to `delete` it."""
        if self.workflow is None or self.is_editable(record):
            return True
        return verb == "delete" and self.workflow.states[record.status].deletable


def visible_fields(form: LiveForm, roles: frozenset[str]) -> dict[str, Field]:
    """Give the fields that a person with these roles may know of."""
    return {
        name: declared
        for name, declared in form.fields.items()
        if not declared.visible_to or not roles.isdisjoint(declared.visible_to)
    }


def build_forms(plugin: Plugin, metadata: MetaData) -> dict[str, LiveForm]:
    """Derive tables and record classes from one plugin's forms."""
    return {name: build_form(plugin, form, metadata) for name, form in plugin.forms.items()}


def connect(forms: Mapping[str, LiveForm]) -> None:
    """Tell each form which fields of others point at it and which rollups it feeds."""
    for live in forms.values():
        for declared in live.declared.fields.values():
            if declared.form and declared.form in forms and not declared.derived:
                forms[declared.form].referring.append((live.name, declared))
            if declared.rollup and declared.rollup.form in forms:
                forms[declared.rollup.form].inbound.append(Inbound(live.name, declared))


def build_form(plugin: Plugin, form: Form, metadata: MetaData) -> LiveForm:
    """Derive one form's tables, record class and schemas."""
    fields = _with_host_fields(plugin, form)
    workflow = plugin.workflows.get(form.workflow or "")
    steps: dict[str, Action | Move] = {**form.actions, **(workflow.moves if workflow else {})}
    table = _record_table(plugin.name, form, fields, metadata)
    lines = {
        name: _line_table(table, declared, metadata)
        for name, declared in form.fields.items()
        if declared.type == "lines"
    }
    extra = [name for name in fields if name not in form.fields and name not in HOST_FIELDS]
    return LiveForm(
        plugin=plugin.name,
        declared=form,
        workflow=workflow,
        table=table,
        line_tables=lines,
        record_class=record_class(form.name, form.fields, extra),
        fields=fields,
        schema=build(form.name, fields),
        same_as=_same_as(form),
        derived=frozenset(name for name, each in fields.items() if each.derived),
        derived_lines=frozenset(n for n, each in fields.items() if any(c.derived for c in each.fields.values())),
        differences={name: each.difference for name, each in fields.items() if each.difference},
        masked={name: each.masked_without for name, each in fields.items() if each.masked_without},
        params={name: build(name, each.params) for name, each in steps.items()},
    )


def _same_as(form: Form) -> frozenset[str]:
    declared = [inner for field in form.fields.values() for inner in (field, *field.fields.values())]
    return frozenset(mine for field in declared for mine in field.same.values())


def _with_host_fields(plugin: Plugin, form: Form) -> dict[str, Field]:
    fields = dict(HOST_FIELDS)
    if form.number:
        fields["number"] = replace(NUMBER, label=form.number_label)
    if form.workflow:
        workflow = plugin.workflows.get(form.workflow)
        label = workflow.status_label if workflow else "状态"
        fields["status"] = Field(name="status", label=label, type="choice", readonly=True)
    if form.owner:
        fields["owner_department"] = OWNER_DEPARTMENT
    return fields | dict(form.fields)


def _record_table(plugin: str, form: Form, fields: Mapping[str, Field], metadata: MetaData) -> Table:
    columns: list[Any] = [Column("id", Id, primary_key=True)]
    for name, declared in fields.items():
        kind = None if declared.derived else FIELD_TYPES[declared.type].column_type(declared)
        if name != "id" and kind is not None:
            columns.append(Column(name, kind, nullable=name not in {"version", "created_at", "updated_at"}))
    table = Table(f"{plugin}_{form.name}", metadata, *columns)
    for name, declared in fields.items():
        if declared.derived:
            continue
        if declared.unique:
            live = text(LIVE)
            Index(f"uq_{table.name}_{name}", table.c[name], unique=True, postgresql_where=live, sqlite_where=live)
        elif declared.type in INDEXED and name not in {"updated_by", "deleted_by", "created_by"}:
            Index(f"ix_{table.name}_{name}", table.c[name])
    Index(f"ix_{table.name}_created_at", table.c.created_at, table.c.id)
    table.info.update({SEARCHED: _searched(form, table), ORDERED: _ordered(form, table)})
    return table


def _searched(form: Form, table: Table) -> tuple[str, ...]:
    """Name the texts that people look for: those that lists search, and the title, which others point at."""
    names = {form.title, *(name for view in form.lists.values() for name in view.search)}
    return tuple(column.name for column in table.c if column.name in names and isinstance(column.type, String))


def _ordered(form: Form, table: Table) -> tuple[tuple[str, bool], ...]:
    """Name the columns that lists are sorted by at first and that may be empty; the others have an index already."""
    first = dict.fromkeys(view.sort[0] for view in form.lists.values() if view.sort)
    keys = {each.lstrip("-"): each.startswith("-") for each in first}
    return tuple((name, way) for name, way in keys.items() if name in table.c and table.c[name].nullable)


def _line_table(parent: Table, declared: Field, metadata: MetaData) -> Table:
    name = f"{parent.name}_{declared.name}"
    columns: list[Any] = [
        Column("id", Id, primary_key=True),
        Column("record_id", Id, ForeignKey(parent.c.id, ondelete="CASCADE", name=f"fk_{name}_record"), nullable=False),
        Column("position", Integer, nullable=False),
    ]
    columns += [
        Column(each.name, FIELD_TYPES[each.type].column_type(each), nullable=True)
        for each in declared.fields.values()
        if not each.derived
    ]
    table = Table(name, metadata, *columns)
    Index(f"ix_{name}_record_id", table.c.record_id, table.c.position)
    for each in declared.fields.values():
        if each.type == "ref":
            Index(f"ix_{name}_{each.name}", table.c[each.name])
    return table
