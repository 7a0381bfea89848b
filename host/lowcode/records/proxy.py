"""How rules reach other forms: `ctx.forms.product.get(5)`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from lowcode import access
from lowcode.conditions import parse
from lowcode.declare.workflows import Move
from lowcode.errors import NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import acting, alike, deleting, deriving, masking, merging, saving, store, team
from lowcode.records import totals as figures
from lowcode.records.alike import Match
from lowcode.records.record import Record
from lowcode.records.totals import Total
from lowcode.workflow import approval, runs

if TYPE_CHECKING:
    from lowcode.context import Context


class FormProxy:
    """One form for rules: live records, through the same row filter and save path as everybody's.

    The context is the system's, which sees all, or in a panel the person's own.
    """

    def __init__(self, ctx: "Context", form: LiveForm) -> None:
        self._ctx = ctx
        self._form = form

    def get(self, record_id: int, *, lock: bool = False) -> Record:
        """Read one record, with `lock` so that nobody else changes it before the transaction ends. Raises NotFound."""
        return self._seen([self._load(record_id, "change" if lock else None)])[0]

    def find(self, limit: int = 1000, order_by: str = "id", **condition: Any) -> list[Record]:
        """Read the records that satisfy a condition such as `owner=3, total__gte=100`."""
        statement = select(self._form.table).where(*self._where(condition))
        column = self._form.column(order_by.removeprefix("-"))
        ordered = statement.order_by(column.desc() if order_by.startswith("-") else column).limit(limit)
        return self._seen(store.load_many(self._ctx, self._form, ordered, with_lines=True))

    def count(self, **condition: Any) -> int:
        """Count the records that satisfy a condition."""
        statement = select(func.count()).select_from(self._form.table).where(*self._where(condition))
        return self._ctx.connection.scalar(statement) or 0

    def exists(self, **condition: Any) -> bool:
        """Tell whether any record satisfies a condition; `lines__product=5` looks into line items."""
        statement = select(self._form.table.c.id).where(*self._where(condition)).limit(1)
        return self._ctx.connection.scalar(statement) is not None

    def may_read(self, record: Record | int) -> bool:
        """Tell whether the person who acts may see a record, by `access:`; the platform itself may."""
        if not self._ctx.user.id:
            return True
        found = self._load(record) if isinstance(record, int) else record
        return access.permits(self._ctx.person, self._form, "read", found)

    def may_edit(self, record: Record | int) -> bool:
        """Tell whether the person who acts may change a record, by `access:`; the platform itself may."""
        if not self._ctx.user.id:
            return True
        found = self._load(record) if isinstance(record, int) else record
        return access.permits(self._ctx.person, self._form, "edit", found)

    def may_own(self, user_id: int) -> bool:
        """Tell whether a person works with records of this form, by `access:`: whoever owns one has to reach it."""
        return access.may_own(self._ctx, self._form, user_id)

    def create(self, values: Mapping[str, Any]) -> Record:
        """Create a record. Values are as in the API: ids, codes, ISO dates, decimals.

        Fields that people may not write may be set here, and a number, which is then not taken from the rule.
        """
        deriving.refuse(self._form, values)
        return saving.create_fields(self._ctx, self._form, values)

    def update(self, record: Record | int, values: Mapping[str, Any]) -> Record:
        """Change a record; fields that people may not write may be set here."""
        deriving.refuse(self._form, values)
        record_id = record if isinstance(record, int) else record.id
        return saving.write_fields(self._ctx, self._form, self._load(record_id, "change"), values)

    def move(self, record: Record | int, name: str, values: Mapping[str, Any] | None = None) -> Record:
        """Move a record on as its workflow declares, whoever acts; `values` are what the dialog asks for.

        Raises Refused when the record's state does not allow it, and KeyError for a move that is not declared.
        """
        step = declared_move(self._form, name)
        original = self._load(record if isinstance(record, int) else record.id, "change")
        acting.require_fit(self._ctx, self._form, original, step)
        return acting.move(self._ctx, self._form, original, step, values or {})

    def decide(self, record: Record | int, opinion: str | None = None, *, agree: bool = True) -> Record:
        """Decide as the person who acts what that person is asked about a record, for sample data. Raises NotFound."""
        record_id = record if isinstance(record, int) else record.id
        run_id = runs.open_run_of(self._ctx, self._form, record_id)
        asked = runs.tasks(self._ctx, run_id) if run_id is not None else []
        mine = [task.id for task in asked if task.user == self._ctx.user.id and task.state == "open"]
        if not mine:
            raise NotFound(_("没有这项待办，或者它不是您的待办。"))
        decide = approval.agree if agree else approval.reject
        decide(self._ctx, mine[0], {"opinion": opinion})
        return self._load(record_id)

    def totals(self, by: Sequence[str] = (), sum: Sequence[str] = (), **condition: Any) -> list[Total]:
        """Count records and add up fields by the values of others, as `by=("stage",), sum=("amount",)`.

        A day or an instant with `:month` behind its name is grouped by its month, which is written as 2026-11.
        """
        return figures.totals(self._ctx, self._form, by, sum, self._where(condition))

    def share(self, record: Record | int, user_id: int, level: str | None) -> None:
        """Share a record with a colleague to "read" or to "write", or with None no longer."""
        record_id = record if isinstance(record, int) else record.id
        team.share(self._ctx, self._form, record_id, user_id, level)

    def unshare(self, record: Record | int) -> None:
        """Share a record with nobody any more."""
        team.unshare(self._ctx, self._form, record if isinstance(record, int) else record.id)

    def delete(self, record: Record | int) -> None:
        """Move a record to the recycle bin."""
        record_id = record if isinstance(record, int) else record.id
        deleting.delete_record(self._ctx, self._form, self._load(record_id, "delete"))

    def alike(self, values: Record | Mapping[str, Any]) -> list[Match]:
        """Find the records of any form that a record, or values as fields hold them, would be a duplicate of.

        In the preview of somebody who asked too often only those that he may see: he would guess the others.
        """
        but = values.id if isinstance(values, Record) else None
        found = alike.find(self._ctx, self._form, alike.keys(self._form, values), but)
        return found if self._ctx.may_compare else [each for each in found if each.is_visible]

    def merge(self, source: Record | int, target: Record | int) -> dict[str, Any]:
        """Merge a record into another and give the plan of what was done; the source goes to the recycle bin.

        Whatever pointed at the source points at the target, what the target has not is filled in from the source, and
        files, team and history go along. Raises Refused and NotFound.
        """
        ids = [each if isinstance(each, int) else each.id for each in (source, target)]
        return merging.merge(self._ctx, self._form, *ids)

    def _load(self, record_id: int, lock: store.Lock | None = None) -> Record:
        record = store.load(self._ctx, self._form, record_id, access.clause(self._ctx, self._form), lock=lock)
        if record is None:
            raise NotFound(_("没有这条记录，或者您无权查看。"))
        return record

    def _seen(self, found: list[Record]) -> list[Record]:
        """For a panel, derive what is not stored and mask what the person may not see whole; other rules see all."""
        access.know(self._ctx, self._form, found)
        if not self._ctx.is_personal:
            return found
        deriving.fill(self._ctx, self._form, found)
        return [masking.for_person(self._ctx, self._form, each) for each in found]

    def _where(self, condition: Mapping[str, Any]) -> list[Any]:
        live = self._form.table.c.deleted_at.is_(None)
        seen = access.clause(self._ctx, self._form)
        return [live, seen, parse(condition, self._form.fields).clause(self._form, self._ctx.tokens)]


def declared_move(form: LiveForm, name: str) -> Move:
    """Find a move of a form's workflow. Raises KeyError."""
    moves = form.workflow.moves if form.workflow else {}
    if name not in moves:
        raise KeyError(f"The form '{form.name}' has no move '{name}'.")
    return moves[name]


class Forms:
    """All forms by name."""

    def __init__(self, ctx: "Context") -> None:
        self._ctx = ctx

    def __getattr__(self, name: str) -> FormProxy:
        form = self._ctx.platform.forms.get(name)
        if form is None:
            raise AttributeError(f"No form is called '{name}'.")
        return FormProxy(self._ctx, form)
