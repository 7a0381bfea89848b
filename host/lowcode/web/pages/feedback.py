"""What the server says about a form while it is filled in: figures, values that a choice brought along, faults."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Response, render_template

from lowcode.declare.fields import Field
from lowcode.errors import Errors, Fault
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.web.pages import cells
from lowcode.web.pages.controls import Builder, Control, shown_fields
from lowcode.web.pages.formdata import Submitted, for_people

if TYPE_CHECKING:
    from lowcode.context import Context


@dataclass(frozen=True, slots=True)
class Told:
    """One fault beside its control and in the summary."""

    id: str
    label: str
    sentence: str


class State:
    """The answer of a preview or of a refused save, ready for the template."""

    def __init__(
        self,
        ctx: "Context",
        form: LiveForm | None,
        sent: Submitted,
        errors: Errors,
        touched: Sequence[str],
        fields: Mapping[str, Field] | None = None,
    ) -> None:
        self.ctx, self.form, self.sent, self.detail, self.latest = ctx, form, sent, "", ""
        self.fields = fields or (form.fields if form else {})
        self.is_summed_up = "*" in touched
        self.outputs: list[tuple[str, str]] = []
        self.fills: list[Control] = []
        self.tables: list[Control] = []
        """Line items whose rows the page does not have yet."""

        named = {sent.in_form(path): sentences for path, sentences in errors.items()}
        self.faults = [
            Told(name.replace(".", "-"), self._label(name), for_people(" ".join(sentences)))
            for name, sentences in sorted(named.items(), key=lambda pair: self._place(pair[0]))
            if self.is_summed_up or name in touched
        ]

    def read_values(
        self, values: Mapping[str, Any], is_new: bool, changed: str | None, made: AbstractSet[str] = frozenset()
    ) -> None:
        """Take the computed figures, what the reference just picked has filled in, and line items `made` by a rule."""
        assert self.form is not None
        build = Builder(self.ctx, self.form, is_new=is_new)
        filled = self._filled(changed) | (self._filled_by_rule(values) if changed and is_new else set())
        for declared in shown_fields(self.ctx, self.form, is_new).values():
            if declared.name in made:
                self.tables.append(replace(build.control(declared, values), is_made=True))
            elif declared.type == "lines":
                lines = zip(self.sent.rows.get(declared.name, []), values.get(declared.name) or [], strict=False)
                for key, line in lines:
                    self._take(build, declared.fields.values(), line, f"{declared.name}.{key}.", filled)
            else:
                self._take(build, [declared], values, "", filled)

    def _take(
        self, build: Builder, fields: Iterable[Field], row: Mapping[str, Any], prefix: str, filled: set[str]
    ) -> None:
        for declared in fields:
            name = prefix + declared.name
            if declared.filled_by_host:
                shown = cells.cell(self.ctx, self.form, declared, row)
                self.outputs.append((name.replace(".", "-"), shown.text))
            elif name in filled:
                self.fills.append(build.control(declared, row, prefix))

    def _filled(self, changed: str | None) -> set[str]:
        """Name the controls that the reference at this path of the payload fills."""
        if not changed:
            return set()
        name, _dot, rest = changed.partition(".")
        column = rest.partition(".")[2]
        declared = self.fields.get(name)
        declared = declared.fields.get(column) if declared and column else declared
        prefix = self.sent.in_form(changed).rpartition(".")[0]
        return {f"{prefix}.{mine}" if prefix else mine for mine in (declared.fill if declared else {})}

    def _filled_by_rule(self, values: Mapping[str, Any]) -> set[str]:
        """Name the controls that were empty and that a rule has a value for."""
        empty = {name for name, value in self.sent.payload.items() if value is None}
        return {name for name in empty if values.get(name) is not None and self.fields[name].type != "image"}

    def _place(self, name: str) -> tuple[int, int, int]:
        """Give the place of a control on the page: faults are told from the top down."""
        head, _dot, rest = name.partition(".")
        key, _dot, column = rest.partition(".")
        declared = self.fields.get(head)
        keys = self.sent.rows.get(head, [])
        return (
            list(self.fields).index(head) if declared else len(self.fields),
            keys.index(key) if key in keys else -1,
            list(declared.fields).index(column) if declared and column in declared.fields else -1,
        )

    def _label(self, name: str) -> str:
        head, _dot, rest = name.partition(".")
        declared = self.fields.get(head)
        if declared is None:
            return ""
        key, _dot, column = rest.partition(".")
        inner = declared.fields.get(column)
        keys = self.sent.rows.get(head, [])
        if inner is None or key not in keys:
            return _(declared.label)
        return _(
            "{label} 第 {row} 行 {column}", label=_(declared.label), row=keys.index(key) + 1, column=_(inner.label)
        )


def fault_response(state: State, fault: Fault) -> Response:
    """Answer a refused save: the sentence on top, each fault beside its field."""
    state.detail = fault.detail
    return Response(render_template("form_state.html", state=state), fault.status)
