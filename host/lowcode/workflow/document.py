"""The document of a run: frozen when it is submitted, and shown to each reader without what he may not see."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lowcode.database.schema import approvals
from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, language
from lowcode.records import masking, reading
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

SOURCE_LANGUAGE = "zh"


def freeze(ctx: "Context", form: LiveForm, record: Record) -> dict[str, Any]:
    """Write all fields of a record, whoever submits it; labels stay in the source language, readers translate them."""
    before = language.set(SOURCE_LANGUAGE)
    try:
        return reading.show(ctx.system, form, [record])[0]
    finally:
        language.reset(before)


def digest(document: Mapping[str, Any]) -> str:
    """Give the SHA-256 of the document's canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_changed(ctx: "Context", form: LiveForm, record: Record, run_id: int) -> bool:
    """Tell whether the content of a record differs from the document that a run keeps.

    Every write counts the version up; only when it has been counted up is the content compared, since a rule may write
    what does not count: the state, stamps of the host, sums of other records, and whose the record is.
    """
    kept = approvals.c.document["version"].as_integer()
    if ctx.connection.scalar(select(kept).where(approvals.c.id == run_id)) == record.version:
        return False
    frozen = ctx.connection.scalar(select(approvals.c.document).where(approvals.c.id == run_id))
    return _content(form, frozen or {}) != _content(form, freeze(ctx, form, record))


def _content(form: LiveForm, document: Mapping[str, Any]) -> dict[str, Any]:
    """Give what people decide on: no sums, no differences, and of what a field points at only which one it is."""
    return {
        name: _bare(document.get(name))
        for name, declared in form.declared.fields.items()
        if not (declared.rollup or declared.difference or declared.derived) and name != form.declared.owner
    }


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_line(each) if isinstance(each, dict) and "$labels" in each else _bare(each) for each in value]
    return value["id"] if isinstance(value, dict) and "id" in value else value


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _bare(value) for name, value in line.items() if name != "$labels"}


def shown(ctx: "Context", form: LiveForm, record: Record, document: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields the person may see, with labels in his language, masked by what he may do with the record now."""
    known = {"id", "version", "$title", *visible_fields(form, ctx.user.roles)}
    document = masking.hide(form, document, masking.hidden(ctx, form, None if record.deleted_at else record))
    seen = {key: _lines(value) for key, value in document.items() if key in known}
    return seen | {"$labels": _labels({key: label for key, label in document["$labels"].items() if key in known})}


def _lines(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        {**line, "$labels": _labels(line["$labels"])} if isinstance(line, dict) and "$labels" in line else line
        for line in value
    ]


def _labels(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: _(label) for key, label in labels.items()}
