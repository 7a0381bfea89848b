"""Contracts and their money in memory: the rules in the order of a save, and the roll-ups kept as the host keeps them.

No database and no host, so that tens of thousands of sequences run in minutes.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from crm_plugin.rules import invoice, payment, payment_plan
from lowcode.api import Record
from lowcode.conditions import parse
from lowcode.declare.model import Plugin
from lowcode.errors import Fault, Invalid
from lowcode.records import differences
from lowcode.records.proxy import FormProxy, Forms
from lowcode.records.record import copy_of
from lowcode.testing import FakeContext, make_record
from lowcode.testing.fake_forms import FakeForm, FakeForms

RULES = {"payment": payment, "payment_plan": payment_plan, "invoice": invoice}
SELLER, FINANCE = 7, 8
START = date(2026, 3, 2)


class Ledger(FakeContext):
    """A context in which saves run the rules of payments, plans and invoices."""

    def __init__(self, crm: Plugin, **values: Any) -> None:
        base = {"now": _noon(START), "user_id": FINANCE, "roles": ("finance",)}
        super().__init__(plugin=crm, **{**base, **values})

    @property
    def forms(self) -> Forms:  # type: ignore[override]
        """The records, with their rules."""
        return LedgerForms(self, self._store)

    def pass_days(self, days: int) -> None:
        """Let days pass."""
        self.now += timedelta(days=days)
        for name in ("today", "tokens"):
            vars(self).pop(name, None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take everything back when something inside is refused, as a request does."""
        before = {
            form: {key: copy_of(each) for key, each in kept.items()} for form, kept in self._store.records.items()
        }
        try:
            yield
        except Fault:
            for form, kept in before.items():
                self._store.records[form].clear()
                self._store.records[form].update(kept)
            raise

    def contract(self, total: str = "100000.00", **values: Any) -> Record:
        """Make a contract in force, without a plan."""
        base = {
            "name": "网关合同", "number": "HT1", "customer": 3, "owner": SELLER, "status": "effective",
            "total_amount": Decimal(total), "prepay_ratio": Decimal(30), "retention_ratio": Decimal(5),
            "sign_date": self.today, "effective_on": self.today, "delivery_date": self.today + timedelta(days=30),
            "warranty_months": 12, "credit_days": 0, "payment_method": "transfer", "invoice_type": "general",
            "received_amount": Decimal(0), "pending_amount": Decimal(0), "invoiced_amount": Decimal(0),
            "applied_amount": Decimal(0), "order_count": 0,
        }  # fmt: skip
        made = make_record(self.plugin_form("contract"), **{**base, **values})
        kept = self._store.records["contract"]
        made.id = max(kept, default=0) + 1
        made.version = 1
        differences.fill(self._store.forms["contract"], made)
        kept[made.id] = made
        return copy_of(made)

    def plugin_form(self, name: str) -> Any:
        """Give a declared form."""
        return self._store.forms[name].declared


class LedgerForms(FakeForms):
    """All forms, with their rules."""

    def __getattr__(self, name: str) -> FormProxy:
        return LedgerForm(self._fake, self._store, name)


class LedgerForm(FakeForm):
    """One form. What a rule refuses leaves nothing behind."""

    def create(self, values: Mapping[str, Any]) -> Record:
        """Save a new record."""
        made = super().create(values)
        record = self._kept[made.id]
        if self._declared_form().declared.number and record.number is None:
            record.number = f"{self._name}-{record.id}"
        try:
            self._call("prefill", record=record)
            self._before(record, None)
        except Fault:
            del self._kept[record.id]
            raise
        self._roll_up(record)
        return copy_of(self._kept[record.id])

    def update(self, record: Record | int, values: Mapping[str, Any]) -> Record:
        """Save a change."""
        original = self.get(record if isinstance(record, int) else record.id)
        super().update(record, values)
        changed = self._kept[original.id]
        self._guarded(original, lambda: self._before(changed, original))
        return copy_of(changed)

    def move(self, record: Record | int, name: str, values: Mapping[str, Any] | None = None) -> Record:
        """Move a record on; the rules of a move run after it."""
        original = self.get(record if isinstance(record, int) else record.id)
        super().move(record, name, values)
        moved = self._kept[original.id]
        self._guarded(original, lambda: self._call("before_save", record=moved, original=original))
        self._call("after_move", record=copy_of(moved), move=name, params=values or {})
        return copy_of(self._kept[original.id])

    def delete(self, record: Record | int) -> None:
        """Delete a record."""
        gone = self.get(record if isinstance(record, int) else record.id)
        super().delete(gone)
        self._roll_up(gone)

    def _guarded(self, original: Record, rules: Any) -> None:
        try:
            rules()
        except Fault:
            self._kept[original.id] = original
            raise
        record = self._kept[original.id]
        differences.fill(self._declared_form(), record)
        self._roll_up(record)

    def _before(self, record: Record, original: Record | None) -> None:
        self._call("compute", record=record)
        if faults := self._call("validate", record=record, original=original):
            raise Invalid("Faults.", errors={path: [sentence] for path, sentence in faults.items()})
        self._call("before_save", record=record, original=original)
        differences.fill(self._declared_form(), record)

    def _call(self, hook: str, **arguments: Any) -> Any:
        function = getattr(RULES.get(self._name), hook, None)
        if function is None:
            return None
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        known = {"ctx": self._fake, **arguments}
        return function(**{name: known[name] for name in names})

    def _roll_up(self, record: Record) -> None:
        """Bring the sums of the records that this one points at up to date."""
        for live in self._forms.values():
            for name, field in live.declared.fields.items():
                if field.rollup is None or field.rollup.form != self._name:
                    continue
                parent = self._all[live.name].get(getattr(record, field.rollup.by) or 0)
                if parent is not None:
                    setattr(parent, name, fresh(self, live.name, name, parent.id))
                    differences.fill(live, parent)

    def children(self, form: str, where: Mapping[str, Any], by: str, parent: int) -> Iterable[Record]:
        """Give the live records of a form that point at a record under a condition."""
        compiled = parse(where, self._forms[form].fields)
        for each in self._all[form].values():
            if each.deleted_at is None and getattr(each, by) == parent and compiled.matches(each, self._fake.tokens):
                yield each


def fresh(form: LedgerForm, parent_form: str, name: str, parent: int) -> Any:
    """Add up a roll-up anew."""
    rollup = form._forms[parent_form].declared.fields[name].rollup
    found = list(form.children(rollup.form, rollup.where or {}, rollup.by, parent))
    return sum((getattr(each, rollup.sum) for each in found), Decimal(0)) if rollup.sum else len(found)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)
