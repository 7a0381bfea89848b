"""Stored differences: one field less another, kept right by every statement that changes either of the two."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, literal

from lowcode.forms import LiveForm
from lowcode.records.record import Record


def fill(form: LiveForm, record: Record) -> None:
    """Compute the differences of a record; what is empty counts as nothing."""
    for name, (first, second) in form.differences.items():
        setattr(record, name, (getattr(record, first) or 0) - (getattr(record, second) or 0))


def expected(form: LiveForm, name: str, changed: Mapping[str, Any]) -> ColumnElement[Any]:
    """Give the SQL of what a difference has to be once a row has the changed values, or those it has now."""
    first, second = form.differences[name]
    return _figure(form, first, changed) - _figure(form, second, changed)


def with_changes(form: LiveForm, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Add to the changes of a row those of its differences.

    In SQL: the other figure may have grown since the record was read, by records that point to it.
    """
    followers = {
        name: expected(form, name, changed)
        for name, operands in form.differences.items()
        if not changed.keys().isdisjoint((name, *operands))
    }
    return {**changed, **followers}


def _figure(form: LiveForm, name: str, changed: Mapping[str, Any]) -> ColumnElement[Any]:
    column = form.column(name)
    value = changed.get(name, column)
    return func.coalesce(value if isinstance(value, ColumnElement) else literal(value, column.type), 0)
