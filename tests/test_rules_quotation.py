"""Rules of quotations."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_plugin import jobs
from crm_plugin.rules import quotation
from lowcode.api import Record
from lowcode.declare.model import Plugin
from lowcode.identity.model import User
from lowcode.testing import FakeContext, make_record

LINE = {"product_name": "网关", "quantity": Decimal(3), "unit_price": Decimal("999.99"), "tax_rate": Decimal(13)}


def quote(crm: Plugin, **values: Any) -> Record:
    base = {"quote_date": date(2026, 11, 23), "valid_until": date(2026, 12, 23), "lines": [LINE]}
    return make_record(crm.forms["quotation"], **{**base, **values})


def faults(record: Record) -> dict[str, str]:
    quotation.compute(record, FakeContext())
    return dict(quotation.validate(record, None, FakeContext()) or {})


def test_compute_fills_lines_and_totals(crm: Plugin) -> None:
    record = quote(crm, lines=[{**LINE, "discount_rate": Decimal(5)}, LINE])
    quotation.compute(record, FakeContext())
    assert [line.subtotal for line in record.lines] == [Decimal("2849.97"), Decimal("2999.97")]
    assert record.total_amount == Decimal("5849.94")


def test_every_computed_field_is_filled(crm: Plugin) -> None:
    record = quote(crm)
    quotation.compute(record, FakeContext())
    fields = crm.forms["quotation"].fields
    assert all(getattr(record, name) is not None for name, field in fields.items() if field.computed)
    columns = fields["lines"].fields
    assert all(getattr(record.lines[0], name) is not None for name, field in columns.items() if field.computed)


def test_a_quotation_is_valid_until_its_own_date_at_the_earliest(crm: Plugin) -> None:
    assert faults(quote(crm, valid_until=date(2026, 11, 23))) == {}
    assert set(faults(quote(crm, valid_until=date(2026, 11, 22)))) == {"valid_until"}


def test_a_draft_without_dates_has_no_fault_of_dates(crm: Plugin) -> None:
    assert faults(quote(crm, valid_until=None, quote_date=None, lines=[])) == {}


def test_a_total_that_cannot_be_stored_is_refused(crm: Plugin) -> None:
    largest = {**LINE, "quantity": Decimal("99999999.999"), "unit_price": Decimal("9999999999.9999")}
    assert set(faults(quote(crm, lines=[largest]))) == {"lines"}
    assert faults(quote(crm, lines=[{**largest, "quantity": Decimal(1)}])) == {}


NOW = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
OWNER = 7


def product(crm: Plugin, **values: Any) -> Record:
    base = {"name": "网关", "code": "GW", "status": "on_sale", "min_price": Decimal("90.00")}
    return make_record(crm.forms["product"], **{**base, **values})


def context(crm: Plugin, *quotations: Record, **records: list[Record]) -> FakeContext:
    person = User(OWNER, "lina", "李娜")
    return FakeContext(plugin=crm, now=NOW, user_id=1, people=[person], records={"quotation": quotations, **records})


def stored(crm: Plugin, **values: Any) -> Record:
    """Make a quotation as it stands in the database."""
    base = {
        "id": 1, "version": 4, "number": "BJ20261123-0001", "name": "网关报价", "status": "approved", "revision": 1,
        "customer": 3, "contact": 5, "owner": OWNER, "total_amount": Decimal("2999.97"),
    }  # fmt: skip
    return quote(crm, **{**base, **values})


@pytest.mark.parametrize(
    ("price", "discount", "below"),
    [("90", "0", False), ("100", "10", False), ("100", "10.01", True), ("89.9999", "0", True), ("0", "0", True)],
)
def test_the_price_after_discount_is_held_against_the_floor(
    crm: Plugin, price: str, discount: str, below: bool
) -> None:
    line = {**LINE, "product": 1, "unit_price": Decimal(price), "discount_rate": Decimal(discount)}
    record = quote(crm, lines=[{**LINE, "product": 2}, line])
    quotation.compute(record, context(crm, product=[product(crm, id=1), product(crm, id=2, min_price=None)]))
    assert record.below_floor is below


def test_lines_without_a_product_or_a_price_have_no_floor(crm: Plugin) -> None:
    record = quote(crm, lines=[LINE, {"product": 1, "product_name": "网关"}])
    quotation.compute(record, context(crm, product=[product(crm, id=1)]))
    assert record.below_floor is False


def test_all_floors_are_read_at_once(crm: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = context(crm, product=[product(crm, id=number) for number in range(1, 9)])
    asked = []
    find = type(ctx.forms.product).find
    monkeypatch.setattr(type(ctx.forms.product), "find", lambda *args, **of: asked.append(of) or find(*args, **of))
    quotation.compute(quote(crm, lines=[{**LINE, "product": number} for number in range(1, 9)]), ctx)
    assert asked == [{"id__in": [1, 2, 3, 4, 5, 6, 7, 8]}]


def test_submitting_looks_at_the_floor_of_today(crm: Plugin) -> None:
    line = {**LINE, "product": 1, "discounted_price": Decimal("95")}
    before = stored(crm, status="draft", lines=[line], below_floor=False)
    after = stored(crm, status="in_review", lines=[line], below_floor=False)
    quotation.before_save(after, before, context(crm, product=[product(crm, id=1, min_price=Decimal(96))]))
    assert after.below_floor is True


@pytest.mark.parametrize(("status", "field"), [("accepted", "accepted_at"), ("declined", "declined_at")])
def test_the_customers_answer_is_stamped(crm: Plugin, status: str, field: str) -> None:
    record = stored(crm, status=status)
    quotation.before_save(record, stored(crm), context(crm))
    assert getattr(record, field) == NOW


def test_the_contacts_address_is_filled_in_when_the_contact_is_chosen(crm: Plugin) -> None:
    contact = make_record(crm.forms["contact"], id=5, name="王芳", customer=3, email="wang@example.com")
    ctx = context(crm, contact=[contact])
    new, own, edited = stored(crm), stored(crm, sent_to="own@example.com"), stored(crm, name="新名称")
    for record, original in ((new, None), (own, None), (edited, stored(crm))):
        quotation.before_save(record, original, ctx)
    assert [record.sent_to for record in (new, own, edited)] == ["wang@example.com", "own@example.com", None]


def test_an_address_that_is_masked_for_the_person_is_not_filled_in(crm: Plugin) -> None:
    contact = make_record(crm.forms["contact"], id=5, name="王芳", customer=3, email="wang@example.com", owner=OWNER)
    record = stored(crm)
    quotation.before_save(record, None, context(crm, contact=[contact]))
    assert record.sent_to is None


def test_sending_mails_the_page_and_notes_how(crm: Plugin) -> None:
    record = stored(crm, status="sent")
    ctx = context(crm, record)
    quotation.after_move(record, "send", {"to": "wang@example.com"}, ctx)
    (mail,) = ctx.mailed
    assert mail["to"] == "wang@example.com"
    assert mail["subject"] == "报价单 BJ20261123-0001：网关报价"
    assert "总金额 2,999.97 元，有效期至 2026-12-23" in mail["text"]
    assert mail["text"].endswith("李娜")
    assert (mail["html"], mail["event"]) == ("<p>quotation 1</p>", "quotation:1:sent:4")
    after = ctx.forms.quotation.get(1)
    assert (after.sent_at, after.send_channel) == (NOW, "email")


def test_what_is_handed_over_in_person_is_not_mailed(crm: Plugin) -> None:
    record = stored(crm, status="sent")
    ctx = context(crm, record)
    quotation.after_move(record, "send", {"to": None}, ctx)
    assert ctx.mailed == []
    assert ctx.forms.quotation.get(1).send_channel == "in_person"


def test_other_moves_send_nothing(crm: Plugin) -> None:
    record = stored(crm)
    ctx = context(crm, record)
    for move in ("submit", "review.approved", "review.rejected", "accept", "void"):
        quotation.after_move(record, move, {}, ctx)
    assert (ctx.mailed, ctx.notified, ctx.forms.quotation.get(1).version) == ([], [], 4)


@pytest.mark.parametrize(
    ("revision", "number", "next_number"),
    [(1, "BJ1", "BJ1-V2"), (2, "BJ1-V2", "BJ1-V3"), (9, "BJ1-V9", "BJ1-V10"), (1, "A-V1x", "A-V1x-V2")],
)
def test_a_revision_is_the_next_version_of_the_root(crm: Plugin, revision: int, number: str, next_number: str) -> None:
    record = stored(crm, revision=revision, number=number, contact=None)
    ctx = context(crm, record)
    result = quotation.action_revise(record, {}, ctx)
    assert result.open is not None
    made = ctx.forms.quotation.get(result.open[1])
    assert (made.number, made.revision, made.parent_quote) == (next_number, revision + 1, record.id)
    assert (made.status, made.owner, made.quote_date) == ("draft", OWNER, date(2026, 11, 23))
    assert ctx.forms.quotation.get(record.id).status == "voided"


def test_a_copy_is_a_new_quotation_of_whoever_copies(crm: Plugin) -> None:
    record = stored(crm, revision=3, status="expired", decline_reason="贵", valid_until=date(2026, 1, 1))
    contact = make_record(crm.forms["contact"], id=5, name="王芳", customer=3)
    ctx = context(crm, record, contact=[contact])
    made = ctx.forms.quotation.get(quotation.action_copy(record, {}, ctx).open[1])  # type: ignore[index]
    assert (made.revision, made.parent_quote, made.owner, made.status) == (1, None, 1, "draft")
    assert (made.quote_date, made.valid_until, made.decline_reason) == (date(2026, 11, 23), date(2026, 12, 23), None)
    assert (made.contact, made.lines[0].product_name) == (5, "网关")
    assert ctx.forms.quotation.get(1).status == "expired"


def test_a_copy_shows_nobody_what_is_masked_for_him(crm: Plugin) -> None:
    values = {"contact_phone": "13812341234", "sent_to": "wang@example.com"}
    contact = make_record(crm.forms["contact"], id=5, name="王芳", customer=3, email="wang@example.com", owner=OWNER)
    for owner, seen in ((1, values), (OWNER, dict.fromkeys(values))):
        record = stored(crm, owner=owner, **values)
        for action in (quotation.action_copy, quotation.action_revise):
            ctx = context(crm, record, contact=[contact])
            made = ctx.forms.quotation.get(action(record, {}, ctx).open[1])  # type: ignore[index]
            assert {name: getattr(made, name) for name in values} == seen, (owner, action)


def test_a_copy_leaves_out_what_is_gone(crm: Plugin) -> None:
    lines = [{**LINE, "product": 1}, {**LINE, "product": 2, "spec": "4G"}]
    ctx = context(crm, product=[product(crm, id=1), product(crm, id=2, status="off_sale")])
    made = ctx.forms.quotation.get(quotation.action_copy(stored(crm, lines=lines), {}, ctx).open[1])  # type: ignore[index]
    assert (made.contact, made.contact_phone) == (None, None)
    assert [(line.product, line.spec) for line in made.lines] == [(1, None), (None, "4G")]


def test_copies_hold_everything_that_people_type(crm: Plugin) -> None:
    """Whoever adds a field decides here whether copies have it."""
    fields = crm.forms["quotation"].fields
    own = {"quote_date", "valid_until", "owner", "attachments", "lines"}
    assert {name for name, field in fields.items() if not field.filled_by_host} - own == set(quotation.COPIED)
    columns = fields["lines"].fields
    assert {name for name, field in columns.items() if not field.filled_by_host} == set(quotation.COPIED_COLUMNS)


def test_the_job_expires_what_nobody_answered(crm: Plugin) -> None:
    past, today = date(2026, 11, 22), date(2026, 11, 23)
    states = [("approved", past), ("sent", past), ("sent", today), ("accepted", past), ("draft", past)]
    records = [stored(crm, id=number, status=state, valid_until=day) for number, (state, day) in enumerate(states, 1)]
    ctx = context(crm, *records)
    assert jobs.job_expire_quotations(ctx) == "2 张报价单已到期失效。"
    assert [each.status for each in ctx.forms.quotation.find()] == ["expired", "expired", "sent", "accepted", "draft"]
    assert jobs.job_expire_quotations(ctx) == "0 张报价单已到期失效。"


def test_the_owner_is_told_what_has_expired(crm: Plugin) -> None:
    record = stored(crm, status="expired")
    ctx = context(crm, record)
    quotation.after_move(record, "expire", {}, ctx)
    (told,) = ctx.notified
    assert (told["users"], told["kind"], told["event"]) == ([OWNER], "quotation_expired", "expired")
    assert told["record"] is record
