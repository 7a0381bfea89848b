"""Whatever happens to a contract's money, every sum stays right: random sequences, with their seed when one fails.

DOCUMENTS says how many; `DOCUMENTS=20000 pytest tests/test_money_adds_up.py` takes some minutes.
"""

import os
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm_plugin import ageing, invoicing, planning, receivables
from crm_plugin.allocating import OPEN_STATES
from lowcode.api import Fault, Record
from lowcode.declare.model import Plugin
from tests.ledger import Ledger

DOCUMENTS = int(os.environ.get("DOCUMENTS") or 60)
STEPS = 12
PARTS = 10
ZERO = Decimal(0)
RECEIVED, ISSUED = ("confirmed", "reversed"), tuple(invoicing.ISSUED)


class Story:
    """One contract, to which random things happen."""

    def __init__(self, crm: Plugin, seed: int) -> None:
        self.dice = random.Random(seed)
        self.ledger = Ledger(crm)
        total = Decimal(self.dice.randrange(1, 20_000_000)).scaleb(-2)
        prepay = self.dice.choice((0, 10, 30, 50, 100))
        ratios = {"prepay_ratio": Decimal(prepay), "retention_ratio": Decimal(self.dice.choice((0, 5, 100 - prepay)))}
        self.id = self.ledger.contract(f"{total}", **ratios).id
        self.done = self.refused = 0
        self.open_on: dict[date, Decimal] = {}
        if self.dice.random() < 0.4:
            self._plan_by_hand()
        planning.activate(self.contract, self.ledger)

    @property
    def contract(self) -> Record:
        return self.ledger.forms.contract.get(self.id)

    def step(self) -> None:
        """Do something, which may be refused, and look at every sum."""
        weighted: tuple[tuple[Callable[[], None], int], ...] = (
            (self.register, 6), (self.confirm, 6), (self.edit, 1), (self.drop, 1), (self.reverse, 2),
            (self.change, 2), (self.invoice, 3), (self.red, 1), (self.end, 1 if self.done > STEPS // 2 else 0),
        )  # fmt: skip
        actions, weights = zip(*weighted, strict=True)
        try:
            with self.ledger.transaction():
                self.dice.choices(actions, weights)[0]()
            self.done += 1
        except Fault:
            self.refused += 1
        self.check()
        if self.dice.random() < 0.4:
            self.open_on[self.ledger.today] = self.outstanding()
            self.ledger.pass_days(self.dice.randrange(1, 60))

    def register(self) -> None:
        rows = planning.live_rows(self.id, self.ledger)
        amount = self.amount(self.contract.total_amount)
        values = {"contract": self.id, "amount": amount, "paid_at": self.ledger.today, "method": "transfer"}
        kind = self.dice.random()
        if rows and kind < 0.3:
            values["plan"] = self.dice.choice(rows).id
        elif rows and kind < 0.5:
            chosen = self.dice.sample(rows, min(len(rows), 2))
            parts = [self.amount(row.plan_amount) for row in chosen]
            values["split"] = [{"plan": row.id, "amount": part} for row, part in zip(chosen, parts, strict=True)]
            values["amount"] = sum(parts) if self.dice.random() < 0.9 else amount
        self.ledger.forms.payment.create(values)

    def confirm(self) -> None:
        self.ledger.forms.payment.move(self.any("payment", status="pending"), "confirm")

    def edit(self) -> None:
        payment = self.any("payment", status="pending")
        self.ledger.forms.payment.update(payment, {"amount": self.amount(self.contract.total_amount), "split": []})

    def drop(self) -> None:
        self.ledger.forms.payment.delete(self.any("payment", status="pending"))

    def reverse(self) -> None:
        receivables.reverse(self.any("payment", status="confirmed", reverses__isnull=True), "退款", self.ledger)

    def change(self) -> None:
        contract = self.contract
        least = max(contract.received_amount, contract.invoiced_amount + contract.applied_amount)
        if contract.status not in {"effective", "executing"}:
            return
        total = max(least, self.amount(contract.total_amount * 2))
        values = {"total_amount": total, "delivery_date": contract.delivery_date + timedelta(self.dice.choice((0, 9)))}
        planning.replan(self.ledger.forms.contract.update(contract, values), self.ledger)

    def invoice(self) -> None:
        values = {"contract": self.id, "amount": self.amount(self.contract.total_amount), "invoice_type": "general"}
        made = self.ledger.forms.invoice.create(values | {"tax_rate": 13, "owner": 7, "customer": 3})
        if self.dice.random() < 0.6:
            self.ledger.forms.invoice.update(made, {"status": "issued", "issued_at": self.ledger.today})

    def red(self) -> None:
        invoice = self.any("invoice", status__in=["issued", "part_red"], red_of__isnull=True)
        left = invoice.amount + (invoice.red_amount or ZERO)
        invoicing.reverse(invoice, {"amount": self.amount(left), "reason": "退货"}, self.ledger)

    def end(self) -> None:
        contract = self.contract
        if contract.status in {"effective", "executing"}:
            values = {"status": "terminated", "ended_on": self.ledger.today}
            planning.void_open(self.ledger.forms.contract.update(contract, values), self.ledger)

    def any(self, form: str, **condition: object) -> Record:
        found = getattr(self.ledger.forms, form).find(**condition)
        return self.dice.choice(found) if found else self.nothing()

    def nothing(self) -> Record:
        raise Fault("Nothing is there to do this with.")

    def amount(self, most: Decimal) -> Decimal:
        """Give a part of an amount, the whole, a cent, or a cent too much."""
        part = (most * self.dice.randrange(1, PARTS) / PARTS).quantize(Decimal("0.01"))
        return self.dice.choice((part, part, part, most, Decimal("0.01"), most + Decimal("0.01")))

    def outstanding(self) -> Decimal:
        rows = self.ledger.forms.payment_plan.find(status__in=list(OPEN_STATES))
        return sum((row.outstanding for row in rows), ZERO)

    def check(self) -> None:
        """Hold every sum against one made anew."""
        contract, forms = self.contract, self.ledger.forms
        rows = planning.live_rows(self.id, self.ledger)
        payments, invoices = forms.payment.find(), forms.invoice.find()
        received = sum((each.amount for each in payments if each.status in RECEIVED), ZERO)
        assert contract.received_amount == received == sum((row.received_amount for row in rows), ZERO)
        assert received + contract.unreceived_amount == contract.total_amount
        if contract.status != "terminated":
            assert sum((row.plan_amount for row in rows), ZERO) == contract.total_amount
            assert received + self.outstanding() == contract.total_amount
        assert 0 <= received <= contract.total_amount
        assert contract.pending_amount == sum((each.amount for each in payments if each.status == "pending"), ZERO)
        self._check_invoices(contract, invoices)
        self._check_allocations(rows)

    def _check_invoices(self, contract: Record, invoices: list[Record]) -> None:
        issued = sum((each.amount for each in invoices if each.status in ISSUED), ZERO)
        applied = sum((each.amount for each in invoices if each.status in invoicing.APPLIED), ZERO)
        assert (contract.invoiced_amount, contract.applied_amount) == (issued, applied)
        assert 0 <= issued + applied <= contract.total_amount

    def _check_allocations(self, rows: list[Record]) -> None:
        by_payment: dict[int, Decimal] = defaultdict(lambda: ZERO)
        by_plan: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for each in self.ledger.forms.payment_allocation.find(limit=10_000):
            by_payment[each.payment] += each.amount
            by_plan[each.plan] += each.amount
        for payment in self.ledger.forms.payment.find():
            assert by_payment[payment.id] == (payment.amount if payment.status in RECEIVED else 0)
        for row in self.ledger.forms.payment_plan.find():
            assert row.received_amount == by_plan[row.id]
            assert 0 <= row.received_amount <= row.plan_amount
            if row.status == "voided":
                assert by_plan[row.id] == 0
            else:
                assert row.status == ("paid" if row.outstanding == 0 else "partial" if row.received_amount else "open")

    def check_past(self) -> None:
        """Look back: what was open on each day is what it was then, less money of that day confirmed later."""
        self.ledger.pass_days(1)
        booked = self.ledger.forms.payment_allocation.find(limit=10_000)
        for day, amount in self.open_on.items():
            groups = ageing.outstanding(day, {}, self.ledger)
            late = (each for each in booked if each.allocated_on <= day < each.created_at.date())
            expected = amount - sum((each.amount for each in late), ZERO)
            assert sum((sum(each.values()) for each in groups.values()), ZERO) == expected, day

    def _plan_by_hand(self) -> None:
        contract = self.ledger.forms.contract.update(self.contract, {"status": "draft"})
        cuts = sorted(self.amount(contract.total_amount) for _part in range(self.dice.randrange(0, 4)))
        ends = [each for each in cuts if each < contract.total_amount] + [contract.total_amount]
        for index, (first, last) in enumerate(zip([ZERO, *ends], ends, strict=False)):
            if last > first:
                due = self.ledger.today + timedelta(days=self.dice.randrange(0, 200))
                values = {"contract": self.id, "plan_amount": last - first, "due_date": due}
                self.ledger.forms.payment_plan.create(values | {"stage": ("progress", "retention")[index % 2]})
        self.ledger.forms.contract.update(contract, {"status": "effective"})


@pytest.mark.parametrize("part", range(PARTS))
def test_every_sum_stays_right(crm: Plugin, part: int) -> None:
    done = refused = 0
    for number in range(part, DOCUMENTS, PARTS):
        story = Story(crm, number)
        try:
            for _step in range(STEPS):
                story.step()
            story.check_past()
        except AssertionError as error:
            raise AssertionError(f"Sequence {number} comes out wrong: {error}") from error
        done, refused = done + story.done, refused + story.refused
    assert done > refused // 2
    assert refused
