"""Values of which a person sees only the ends: one rule for every way a record can be read.

A field with `masked_without: edit` is whole for who may edit the record, and 138****1234 for everybody else who may
read it. Lists, records, histories, exports, approvals and panels call this; pickers and `fill` give nothing instead.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.forms import LiveForm
from lowcode.records.record import Record, copy_of

if TYPE_CHECKING:
    from lowcode.context import Context

STARS = "****"
SHORT = 8
"""Shorter texts show only how they begin."""


def mask(declared: Field, value: str) -> str:
    """Give the ends of a text: 138****1234; of an e-mail address the first letter and the domain."""
    if declared.type == "email" and "@" in value:
        name, _at, domain = value.rpartition("@")
        return f"{name[:1]}{STARS}@{domain}"
    if len(value) >= SHORT:
        return f"{value[:3]}{STARS}{value[-4:]}"
    return value[:1] + "*" * (len(value) - 1) if len(value) > 1 else "*"


def hidden(ctx: "Context", form: LiveForm, record: Record | None) -> frozenset[str]:
    """Name the fields of a record that the person sees masked: all of them for a record that is nobody's any more."""
    if not form.masked or ctx.is_system:
        return frozenset()
    verbs = {verb for verb in form.masked.values() if record is None or not access.permits(ctx, form, verb, record)}
    return frozenset(name for name, verb in form.masked.items() if verb in verbs)


def hide(form: LiveForm, values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Give the JSON of a record with these fields masked."""
    return {
        name: mask(form.fields[name], value) if name in names and isinstance(value, str) else value
        for name, value in values.items()
    }


def for_person(ctx: "Context", form: LiveForm, record: Record) -> Record:
    """Give a record as rules may read it for the person: a copy, where something is masked."""
    names = [name for name in hidden(ctx, form, record) if getattr(record, name)]
    if not names:
        return record
    shown = copy_of(record)
    for name in names:
        setattr(shown, name, mask(form.fields[name], getattr(record, name)))
    return shown


def without_echoes(
    ctx: "Context", form: LiveForm, payload: Mapping[str, Any], original: Record | None
) -> Mapping[str, Any]:
    """Drop masked values that come back as they were shown: whoever does not see a value has not changed it."""
    if original is None or payload.keys().isdisjoint(form.masked):
        return payload
    names = hidden(ctx, form, original)
    return {
        name: value for name, value in payload.items() if not (name in names and _is_echo(form, original, name, value))
    }


def is_echo(ctx: "Context", form: LiveForm, original: Record, name: str, value: Any) -> bool:
    """Tell whether a value is what the person is shown instead of the one that the record has."""
    return name in hidden(ctx, form, original) and _is_echo(form, original, name, value)


def _is_echo(form: LiveForm, original: Record, name: str, value: Any) -> bool:
    kept = getattr(original, name)
    return bool(kept) and value == mask(form.fields[name], kept)
