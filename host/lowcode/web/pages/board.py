"""A list as a board: a column for each item of a choice, cards that an action moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lowcode.declare.fields import Field
from lowcode.declare.model import Action, ListView
from lowcode.declare.model import Board as Declared
from lowcode.declare.workflows import Move
from lowcode.errors import Invalid
from lowcode.fieldtypes import FIELD_TYPES
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import acting, pages, reading, totals, words
from lowcode.records.record import Record
from lowcode.web.pages import cells
from lowcode.web.pages.controls import choices
from lowcode.web.pages.view import BOARD, View, conditions

if TYPE_CHECKING:
    from lowcode.context import Context

MOST_CARDS = 50


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `action` moves a card here, none does when it is empty; `asks` whether it wants to know more."""

    code: str
    label: str
    colour: str
    count: int
    sum: str
    records: Sequence[Mapping[str, Any]]
    action: str
    asks: bool
    all_link: str

    @property
    def more(self) -> int:
        """How many records have no card."""
        return self.count - len(self.records)


class BoardView(View):
    """A board, ready for the template."""

    kind = BOARD
    part = "board.html"

    def __init__(self, ctx: "Context", form: LiveForm, view: ListView, asked: Mapping[str, str]) -> None:
        super().__init__(ctx, form, view, asked)
        assert view.board is not None, "Only lists with a board are shown as one."
        self.board: Declared = view.board
        self.by = self.known[self.board.by]
        self.summed = self.known.get(self.board.sum or "")
        shown = dict.fromkeys((*self.board.fields, form.declared.owner or ""))
        self.fields = [self.known[name] for name in shown if name in self.known]
        try:
            self.columns = self._columns()
        except Invalid as fault:
            self.refuse(fault)
            self.columns = []

    def label_of(self, declared: Field) -> str:
        """Name a field of a card."""
        return _(declared.label)

    def moves(self, row: Mapping[str, Any]) -> list[str]:
        """Name the columns that a card may be moved to."""
        here = row.get(self.by.name)
        return [each.code for each in self.columns if each.action in row["$can"] and each.code != here]

    def _columns(self) -> list[Column]:
        """Read all columns: one query for the figures, and one for the cards of each column that has any."""
        asked, by = self.wanted(), self.by.name
        sums = [self.summed.name] if self.summed else []
        added = totals.totals(self.ctx, self.form, [by], sums, conditions(asked))
        found = {each.keys[by]: each for each in added}
        shown = {code: self._cards(asked, code) for code in found}
        rows = iter(reading.serialise(self.ctx, self.form, [each for cards in shown.values() for each in cards]))
        cards = {code: [next(rows) for _card in records] for code, records in shown.items()}
        return [self._column(code, found.get(code), cards.get(code, [])) for code in self._codes(found)]

    def _cards(self, asked: pages.Asked, code: str | None) -> list[Record]:
        column = self.form.column(self.by.name)
        here = column.is_(None) if code is None else column == code
        narrowed = replace(asked, where=[*asked.where, here])
        return next(pages.walk(self.ctx, self.form, narrowed, MOST_CARDS), [])

    def _codes(self, used: Mapping[str | None, Any]) -> list[str | None]:
        """Give the columns: enabled items in the dictionary's order, others in use among them, the empty one last."""
        items = self.ctx.dictionary(self.by.dictionary or "")
        codes: list[str | None] = [code for code, item in items.items() if item.enabled or code in used]
        return [*codes, *(code for code in used if code not in items)]

    def _column(self, code: str | None, found: totals.Total | None, rows: list[dict[str, Any]]) -> Column:
        item = self.ctx.dictionary(self.by.dictionary or "").get(code or "")
        step = self._step(code or "")
        narrowed = {f"{self.by.name}__isnull": "true"} if code is None else {self.by.name: code}
        return Column(
            code=code or "",
            label=_(item.label) if item else code or _("未填写"),
            colour=cells.colour(self.ctx, self.form, self.by, code or ""),
            count=found.count if found else 0,
            sum=self._sum(found),
            records=rows,
            action=step.name if step else "",
            asks=step is not None and self._asks(step),
            all_link=self.link(view=None, month=None, page=None, **narrowed),
        )

    def _sum(self, found: totals.Total | None) -> str:
        if self.summed is None:
            return ""
        added = found.sums[self.summed.name] if found else Decimal()
        return words.text(self.ctx, self.summed, FIELD_TYPES[self.summed.type].dump(self.summed, added))

    def _step(self, code: str) -> Action | Move | None:
        """Find what moves a card to a column: nothing does when its dialog does not offer the column."""
        step = acting.step_of(self.form, self.board.others.get(code, self.board.action))
        told = step.params.get(self.by.name)
        if told is None:
            return step if code in self.board.others else None
        offered = {each.value for each in choices(self.ctx, told) if not each.disabled}
        return step if code in offered else None

    def _asks(self, step: Action | Move) -> bool:
        """Tell whether an action has more to ask than the column; such as only the column says all run at once."""
        is_more = bool(step.params.keys() - {self.by.name})
        return is_more or bool(step.confirm) or (step.preview if isinstance(step, Action) else bool(step.approval))
