"""The document of a run: frozen when it is submitted, and shown to each reader without what he may not see."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lowcode.forms import LiveForm, visible_fields
from lowcode.i18n import _, language
from lowcode.records import reading
from lowcode.records.record import Record

if TYPE_CHECKING:
    from lowcode.context import Context

SOURCE_LANGUAGE = "zh"


def freeze(ctx: "Context", form: LiveForm, record: Record) -> dict[str, Any]:
    """Write all fields of a record, whoever submits it; labels stay in the source language, readers translate them."""
    before = language.set(SOURCE_LANGUAGE)
    try:
        shown = reading.serialise(ctx.system, form, [record])[0]
    finally:
        language.reset(before)
    return {key: value for key, value in shown.items() if key != "$can"}


def digest(document: Mapping[str, Any]) -> str:
    """Give the SHA-256 of the document's canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def shown(ctx: "Context", form: LiveForm, document: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields the person may see, with labels in his language."""
    known = {"id", "version", "$title", *visible_fields(form, ctx.user.roles)}
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
