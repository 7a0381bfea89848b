"""How rules reach other forms: `ctx.forms.product.get(5)`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from lowcode import access
from lowcode.conditions import parse
from lowcode.declare.workflows import Move
from lowcode.errors import NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import acting, deleting, masking, saving, store
from lowcode.records.record import Record
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

    def get(self, record_id: int) -> Record:
        """Read one record. Raises NotFound."""
        return self._seen([self._load(record_id)])[0]

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

    def may_edit(self, record: Record | int) -> bool:
        """Tell whether the person who acts may change a record, by `access:`; the platform itself may."""
        if not self._ctx.user.id:
            return True
        found = self._load(record) if isinstance(record, int) else record
        return access.permits(self._ctx.person, self._form, "edit", found)

    def create(self, values: Mapping[str, Any]) -> Record:
        """Create a record. Values are as in the API: ids, codes, ISO dates, decimals.

        Fields that people may not write may be set here, and a number, which is then not taken from the rule.
        """
        return saving.create_fields(self._ctx, self._form, values)

    def update(self, record: Record | int, values: Mapping[str, Any]) -> Record:
        """Change a record; fields that people may not write may be set here."""
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

    def delete(self, record: Record | int) -> None:
        """Move a record to the recycle bin."""
        record_id = record if isinstance(record, int) else record.id
        deleting.delete_record(self._ctx, self._form, self._load(record_id, "delete"))

    def _load(self, record_id: int, lock: store.Lock | None = None) -> Record:
        record = store.load(self._ctx, self._form, record_id, access.clause(self._ctx, self._form), lock=lock)
        if record is None:
            raise NotFound(_("没有这条记录，或者您无权查看。"))
        return record

    def _seen(self, found: list[Record]) -> list[Record]:
        """Mask what the person of a panel may not see whole; rules elsewhere act for the plugin and see all."""
        access.know_teams(self._ctx, self._form, found)
        return [masking.for_person(self._ctx, self._form, each) for each in found] if self._ctx.is_personal else found

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
