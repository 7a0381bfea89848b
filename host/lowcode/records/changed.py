"""The entries of a history in words: what each value is called, looked up once for all of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lowcode import access
from lowcode.declare.fields import Field
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import history, team, words
from lowcode.records.titles import POINTERS, target

if TYPE_CHECKING:
    from lowcode.context import Context

NOTHING = "—"


def in_words(ctx: "Context", form: LiveForm, entries: Iterable[Mapping[str, Any]]) -> None:
    """Replace `old` and `new` of every change by what people read; nothing is told of records out of scope."""
    changes = [change for entry in entries for change in entry["changes"]]
    titles = _titles(ctx, form, changes)
    for change in changes:
        for end in ("old", "new"):
            change[end] = _told(ctx, form, change["field"], change[end], titles)


def is_hidden(form: LiveForm, path: str) -> bool:
    """Tell whether a change is about a column that pages do not show."""
    return path.partition(".")[0] in form.fields and _field(form, path).hidden


def _titles(ctx: "Context", form: LiveForm, changes: Iterable[Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """Look up what the changes point at: one query for each form."""
    wanted: dict[str, set[int]] = {}
    for declared, value in _pointers(form, changes):
        wanted.setdefault(target(declared), set()).add(int(value))
    return {name: _named(ctx, name, ids) for name, ids in wanted.items()}


def _pointers(form: LiveForm, changes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Field, Any]]:
    for change in changes:
        if change["field"] == history.TEAM:
            continue
        declared = _field(form, change["field"])
        for value in (change["old"], change["new"]):
            if declared.type in POINTERS and value is not None:
                yield declared, value


def _named(ctx: "Context", name: str, ids: set[int]) -> dict[int, str]:
    if name == "$user":
        return ctx.users.names(ids)
    if name == "$department":
        return ctx.users.department_names(ids)
    found = ctx.platform.forms[name]
    key = found.table.c.id
    rows = ctx.connection.execute(
        select(key, found.column(found.declared.title)).where(key.in_(sorted(ids)), access.clause(ctx, found))
    )
    return {row[0]: str(row[0] if row[1] is None else row[1]) for row in rows}


def _field(form: LiveForm, path: str) -> Field:
    """Find the field that a path of a change names: of the record, or of a line."""
    name, _dot, rest = path.partition(".")
    declared = form.fields[name]
    return declared.fields.get(rest.rpartition(".")[2], declared)


def _told(ctx: "Context", form: LiveForm, path: str, value: Any, titles: Mapping[str, Mapping[int, str]]) -> str:
    """Write a stored value: the label of a choice, the title of a reference, the number of files."""
    if path == history.TEAM:
        told = [_("{name}（{level}）", name=e["user"]["title"], level=_(team.LEVELS[e["level"]])) for e in value]
        return _("、").join(told) or NOTHING
    declared = _field(form, path)
    if value is None or value == []:
        return NOTHING
    if declared.type == "choice":
        return words.choices(ctx, form, declared).get(value, str(value))
    if declared.type in POINTERS:
        return titles[target(declared)].get(int(value), str(value))
    if declared.type in {"image", "files"}:
        return _("{count} 个文件", count=len(value) if isinstance(value, list) else 1)
    return words.text(ctx, declared, value)
