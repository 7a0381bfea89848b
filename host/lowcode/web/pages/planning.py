"""The plan of an action, shown in its dialog before it runs: what will be new, linked, filled, moved or left behind."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask import Response, render_template, request

from lowcode import instants
from lowcode.declare.model import Action
from lowcode.declare.workflows import Move
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import acting, words
from lowcode.web.current import current_platform, current_user
from lowcode.web.pages.formdata import Submitted

if TYPE_CHECKING:
    from lowcode.context import Context

MARK = "_plan"
"""The control that says which dialog the plan at hand was made of."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a plan; `pairs` are fields of a record with their values."""

    text: str = ""
    href: str = ""
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of a plan and its rows."""

    name: str
    label: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def is_planned(step: Action | Move) -> bool:
    """Tell whether people see a plan before the step runs."""
    return isinstance(step, Action) and step.preview


def is_due(step: Action | Move, sent: Submitted) -> bool:
    """Tell whether what was sent has to be shown as a plan first: it is not what the plan at hand was made of."""
    return is_planned(step) and request.form.get(MARK) != _digest(sent)


def show(live: LiveForm, record_id: int, step: Action | Move, sent: Submitted) -> Response:
    """Answer with the plan for the dialog; writes nothing. Raises what the action raises."""

    def work(ctx: "Context") -> str:
        plan = acting.act(ctx, live, record_id, step.name, sent.payload, preview=True)["plan"]
        return render_template(
            "plan.html", parts=list(parts(ctx, live, plan)), warnings=plan.get("warnings", ()), mark=_digest(sent)
        )

    text = current_platform().previewing(current_user(), work)
    return Response(text, headers={"HX-Retarget": "#plan", "HX-Reswap": "innerHTML"})


def parts(ctx: "Context", live: LiveForm, plan: Mapping[str, Any]) -> Iterator[Part]:
    """Put a plan into words, heading by heading."""
    told = _Words(ctx, live)
    kind, title, field, value = _("类型"), _("名称"), _("字段"), _("值")
    known: Sequence[tuple[str, str, Sequence[tuple[str, Callable[[Entry], Cell]]]]] = (
        ("created", _("将新建"), ((kind, told.form), (title, told.title), (_("内容"), told.values))),
        ("linked", _("将关联"), ((kind, told.form), (title, told.title))),
        (
            "filled",
            _("将补填"),
            ((kind, told.form), (title, told.title), (field, told.field), (value, told.value("value"))),
        ),
        ("skipped", _("不带入"), ((kind, told.form), (title, told.title), (_("原因"), told.text("reason")))),
        (
            "candidates",
            _("可能重复"),
            ((kind, told.form), (title, told.title), (_("相同"), told.kind), (_("负责人"), told.text("owner"))),
        ),
        ("moved", _("将转移"), ((kind, told.form), (_("数量"), told.text("count")))),
        ("kept", _("保留"), ((field, told.field), (value, told.value("value")), (_("未采用"), told.value("other")))),
    )
    for name, label, columns in known:
        if entries := plan.get(name):
            rows = tuple(tuple(make(entry) for _head, make in columns) for entry in entries)
            yield Part(name, label, tuple(head for head, _make in columns), rows)


class _Words:
    """How the entries of a plan are written for people."""

    def __init__(self, ctx: "Context", live: LiveForm) -> None:
        self._ctx, self._live = ctx, live

    def form(self, entry: Entry) -> Cell:
        """Name the form of a record."""
        known = self._ctx.platform.forms.get(entry.get("form", ""))
        return Cell(_(known.declared.label) if known else str(entry.get("form", "")))

    def title(self, entry: Entry) -> Cell:
        """Name a record, with its address where it is known and may be opened."""
        is_known = entry.get("id") is not None and entry.get("form") in self._ctx.platform.forms
        href = f"/f/{entry['form']}/{entry['id']}" if is_known else ""
        return Cell(str(entry.get("title") or ""), href)

    def values(self, entry: Entry) -> Cell:
        """Write the fields of a record."""
        pairs = entry.get("values", {}).items()
        form = self._form_of(entry)
        found = ((self._label(form, name), self._shown(form, name, value)) for name, value in pairs)
        return Cell(pairs=tuple((label, text) for label, text in found if text))

    def field(self, entry: Entry) -> Cell:
        """Name a field."""
        return Cell(self._label(self._form_of(entry), entry.get("field", "")))

    def kind(self, entry: Entry) -> Cell:
        """Say in what a record is alike: the field that its form recognises duplicates by."""
        form, kind = self._form_of(entry), str(entry.get("kind", ""))
        return Cell(self._label(form, form.declared.alike.get(kind, kind)))

    def value(self, key: str) -> Callable[[Entry], Cell]:
        """Write the value of an entry's field."""
        return lambda entry: Cell(self._shown(self._form_of(entry), entry.get("field", ""), entry.get(key)))

    def text(self, key: str) -> Callable[[Entry], Cell]:
        """Write what needs no field to be understood."""
        return lambda entry: Cell(_plain(entry.get(key)))

    def _form_of(self, entry: Entry) -> LiveForm:
        return self._ctx.platform.forms.get(entry.get("form", ""), self._live)

    def _label(self, form: LiveForm, name: str) -> str:
        return _(form.fields[name].label) if name in form.fields else name

    def _shown(self, form: LiveForm, name: str, value: Any) -> str:
        """Write a value as its field has it; what has been put into words already stays as it is."""
        declared = form.fields.get(name)
        is_bare = isinstance(value, str | int | date) or hasattr(value, "as_tuple")
        if (
            declared is None
            or value is None
            or not is_bare
            or (isinstance(value, datetime) or declared.type == "lines")
        ):
            return _plain(value, self._ctx)
        if declared.type == "choice":
            return words.choices(self._ctx, form, declared).get(str(value), str(value))
        try:
            return words.text(self._ctx, declared, value.isoformat() if isinstance(value, date) else value)
        except (ValueError, TypeError, ArithmeticError):
            return _plain(value)


def _plain(value: Any, ctx: "Context | None" = None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Mapping):
        return str(value.get("title") or value.get("name") or "")
    if isinstance(value, list | tuple):
        return _("、").join(_plain(each) for each in value)
    if isinstance(value, datetime) and ctx is not None:
        return instants.written(value, ctx.time_zone)
    return str(value)


def _digest(sent: Submitted) -> str:
    """Tell one state of a dialog from another."""
    return hashlib.sha256(json.dumps(sent.payload, sort_keys=True).encode()).hexdigest()[:32]
