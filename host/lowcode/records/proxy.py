"""How rules reach other forms: `ctx.forms.product.get(5)`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from lowcode import access
from lowcode.conditions import parse
from lowcode.errors import NotFound
from lowcode.forms import LiveForm
from lowcode.i18n import _
from lowcode.records import deleting, saving, store
from lowcode.records.record import Record

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
        return self._load(record_id)

    def find(self, limit: int = 1000, order_by: str = "id", **condition: Any) -> list[Record]:
        """Read the records that satisfy a condition such as `owner=3, total__gte=100`."""
        statement = select(self._form.table).where(*self._where(condition))
        column = self._form.column(order_by.removeprefix("-"))
        ordered = statement.order_by(column.desc() if order_by.startswith("-") else column).limit(limit)
        return store.load_many(self._ctx, self._form, ordered, with_lines=True)

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
        """Create a record. Values are as in the API: ids, codes, ISO dates, decimals."""
        return saving.create_record(self._ctx, self._form, values)

    def update(self, record: Record | int, values: Mapping[str, Any]) -> Record:
        """Change a record; fields that people may not write may be set here."""
        record_id = record if isinstance(record, int) else record.id
        return saving.write_fields(self._ctx, self._form, self._load(record_id, "change"), values)

    def delete(self, record: Record | int) -> None:
        """Move a record to the recycle bin."""
        record_id = record if isinstance(record, int) else record.id
        deleting.delete_record(self._ctx, self._form, self._load(record_id, "delete"))

    def _load(self, record_id: int, lock: store.Lock | None = None) -> Record:
        record = store.load(self._ctx, self._form, record_id, access.clause(self._ctx, self._form), lock=lock)
        if record is None:
            raise NotFound(_("没有这条记录，或者您无权查看。"))
        return record

    def _where(self, condition: Mapping[str, Any]) -> list[Any]:
        live = self._form.table.c.deleted_at.is_(None)
        seen = access.clause(self._ctx, self._form)
        return [live, seen, parse(condition, self._form.fields).clause(self._form, self._ctx.tokens)]


class Forms:
    """All forms by name."""

    def __init__(self, ctx: "Context") -> None:
        self._ctx = ctx

    def __getattr__(self, name: str) -> FormProxy:
        form = self._ctx.platform.forms.get(name)
        if form is None:
            raise AttributeError(f"No form is called '{name}'.")
        return FormProxy(self._ctx, form)
