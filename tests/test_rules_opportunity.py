"""Rules of opportunities: amounts, the machine of stages, how they end, and quotations for them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_plugin import stages
from crm_plugin.rules import opportunity, quotation
from lowcode.api import Context, Record, Refused
from lowcode.declare.model import Plugin
from lowcode.testing import FakeContext, make_record
from tests.deals import ENDS, NOW, OPEN, OTHER, OWNER, TODAY, context, deal, saved


def test_the_stage_gives_the_probability_and_the_weighted_amount(crm: Plugin) -> None:
    for stage, percent, counted in zip(OPEN, (10, 30, 60, 80), ("100.00", "300.00", "600.00", "800.00"), strict=True):
        record = saved(crm, context(crm), deal(crm, stage=stage, win_probability=None))
        assert (record.win_probability, record.weighted_amount) == (percent, Decimal(counted))


def test_what_has_ended_is_certain_whatever_people_set(crm: Plugin) -> None:
    for stage, percent in zip(ENDS, (100, 0, 0), strict=True):
        record = saved(crm, context(crm), deal(crm, stage=stage, win_probability=55))
        assert (record.win_probability, record.weighted_amount) == (percent, Decimal(10 * percent))


def test_subtotals_are_rounded_once_for_each_line(crm: Plugin) -> None:
    lines = [
        {"quantity": Decimal(quantity), "unit_price": Decimal(price)}
        for quantity, price in (("3", "0.335"), ("1", "0.005"))
    ]
    record = saved(crm, context(crm), deal(crm, lines=lines, expected_amount=Decimal(99), win_probability=50))
    assert [line.subtotal for line in record.lines] == [Decimal("1.01"), Decimal("0.01")]
    assert (record.expected_amount, record.weighted_amount) == (Decimal("1.02"), Decimal("0.51"))


def test_a_half_cent_is_rounded_up(crm: Plugin) -> None:
    record = saved(crm, context(crm), deal(crm, expected_amount=Decimal("0.05"), win_probability=10))
    assert record.weighted_amount == Decimal("0.01")


def test_a_draft_without_anything_or_with_a_wrong_stage_computes_nothing(crm: Plugin) -> None:
    for stage in (None, "no_such_stage"):
        record = make_record(crm.forms["opportunity"], stage=stage, lines=[{}])
        opportunity.compute(record, context(crm))
        assert (record.weighted_amount, record.lines[0].subtotal) == (Decimal("0.00"), Decimal("0.00"))


def test_the_type_follows_from_whether_the_customer_has_bought(crm: Plugin) -> None:
    for bought, kind in ((False, "new"), (None, "new"), (True, "existing")):
        company = make_record(crm.forms["customer"], id=3, name="宏图", deal_status=bought)
        assert saved(crm, context(crm, customer=[company]), deal(crm)).type == kind
    assert saved(crm, context(crm), deal(crm, type="renewal")).type == "renewal"


@pytest.mark.parametrize(
    ("days", "roles", "original", "faults"),
    [
        (0, (), False, set()),
        (-1, (), False, {"expected_close_date"}),
        (-1, ("admin",), False, set()),
        (-1, (), True, set()),
    ],
)
def test_only_history_closes_in_the_past(
    crm: Plugin, days: int, roles: tuple[str, ...], original: bool, faults: set[str]
) -> None:
    record = deal(crm, expected_close_date=TODAY + timedelta(days=days))
    found = opportunity.validate(record, record if original else None, context(crm, roles=roles))
    assert set(found or {}) == faults


def test_a_total_that_cannot_be_stored_is_refused(crm: Plugin) -> None:
    line = {"quantity": Decimal("99999999.999"), "unit_price": Decimal("9999999999.9999")}
    record = deal(crm, lines=[line])
    opportunity.compute(record, context(crm))
    assert set(opportunity.validate(record, None, context(crm)) or {}) == {"lines"}


def test_each_change_of_stage_is_logged_with_its_days(crm: Plugin) -> None:
    before = deal(crm, id=1, stage_at=NOW - timedelta(days=9, hours=3))
    ctx = context(crm, before, opportunity_stage=[])
    opportunity.after_save(before, None, ctx)
    opportunity.after_save(deal(crm, id=1, stage="proposal", win_probability=60), before, ctx)
    opportunity.after_save(deal(crm, id=1, name="新名称"), before, ctx)
    first, second = ctx.forms.opportunity_stage.find()
    assert (first.summary, first.from_stage, first.days_in_stage) == ("初步接洽", None, None)
    assert (second.summary, second.from_stage, second.to_stage) == ("初步接洽 → 方案/报价", "prospecting", "proposal")
    assert (second.probability, second.amount, second.days_in_stage) == (60, Decimal("1000.00"), 9)
    assert (second.at, second.by, second.opportunity) == (NOW, OWNER, 1)


def test_a_stage_begins_when_it_is_entered(crm: Plugin) -> None:
    entered = NOW - timedelta(days=9)
    before = deal(crm, stage_at=entered)
    assert saved(crm, context(crm), deal(crm)).stage_at == NOW
    assert saved(crm, context(crm), deal(crm, stage_at=entered, name="新"), before).stage_at == entered
    assert saved(crm, context(crm), deal(crm, stage_at=entered, stage="won"), before).stage_at == NOW


@settings(max_examples=60, deadline=None)
@given(way=st.lists(st.sampled_from([*OPEN, *ENDS, "reopen"]), max_size=8))
def test_the_machine_of_stages(crm: Plugin, way: list[str]) -> None:
    """Open stages are free in both directions; the same one is refused; an end is left only by reopening."""
    ctx = context(crm, saved(crm, context(crm), deal(crm, id=1)), opportunity_stage=[])
    last = "prospecting"
    for wanted in way:
        record = ctx.forms.opportunity.get(1)
        is_open, code = record.closed_at is None, _press(record, wanted, ctx)
        if code is not None:
            assert code == ("same_stage" if is_open and wanted == last else "already_closed")
            assert ctx.forms.opportunity.get(1).version == record.version
            continue
        after = ctx.forms.opportunity.get(1)
        saved(crm, ctx, after, record)
        opportunity.after_save(after, record, ctx)
        if wanted in OPEN:
            assert (is_open, after.stage) == (True, wanted)
            last = wanted
        elif wanted in ENDS:
            assert (is_open, after.stage, after.end_status, after.closed_at) == (True, wanted, wanted, NOW)
        else:
            assert (is_open, after.stage, after.end_status, after.closed_at) == (False, last, None, None)


def _press(record: Record, wanted: str, ctx: Context) -> str | None:
    """Press the button that leads to a stage; give the code of a refusal. The host does not offer 重新打开 before."""
    try:
        if wanted == "won":
            opportunity.action_win(record, {}, ctx)
        elif wanted in ENDS:
            opportunity.action_lose(record, {"stage": wanted, "lost_reason": "no_budget"}, ctx)
        elif wanted in OPEN:
            opportunity.action_advance(record, {"stage": wanted}, ctx)
        elif record.closed_at is not None:
            opportunity.action_reopen(record, {}, ctx)
        else:
            return "already_closed"
    except Refused as refusal:
        return refusal.code
    return None


def test_a_probability_set_by_hand_stays_the_stages_own_goes_along(crm: Plugin) -> None:
    for percent, after in ((10, 60), (55, 55)):
        ctx = context(crm, deal(crm, id=1, win_probability=percent))
        opportunity.action_advance(ctx.forms.opportunity.get(1), {"stage": "proposal"}, ctx)
        assert ctx.forms.opportunity.get(1).win_probability == after


def test_the_end_is_not_in_the_future(crm: Plugin) -> None:
    ctx = context(crm, deal(crm, id=1))
    record = ctx.forms.opportunity.get(1)
    for params in ({"closed_at": NOW + timedelta(minutes=3)},):
        with pytest.raises(Refused) as refusal:
            opportunity.action_win(record, params, ctx)
        assert (refusal.value.code, set(refusal.value.errors)) == ("in_the_future", {"closed_at"})
    opportunity.action_win(record, {"closed_at": NOW + timedelta(minutes=1)}, ctx)


def test_the_amount_agreed_on_replaces_the_expected_one(crm: Plugin) -> None:
    ctx = context(crm, deal(crm, id=1))
    opportunity.action_win(ctx.forms.opportunity.get(1), {"expected_amount": Decimal("900.50")}, ctx)
    assert ctx.forms.opportunity.get(1).expected_amount == Decimal("900.50")
    lined = context(crm, deal(crm, id=1, lines=[{"product_name": "网关"}]))
    with pytest.raises(Refused) as refusal:
        opportunity.action_win(lined.forms.opportunity.get(1), {"expected_amount": Decimal("900.50")}, lined)
    assert refusal.value.code == "amount_of_lines"


def test_a_transfer_tells_the_new_owner_once(crm: Plugin) -> None:
    ctx = context(crm, deal(crm, id=1))
    with pytest.raises(Refused) as refusal:
        opportunity.action_transfer(ctx.forms.opportunity.get(1), {"owner": OWNER}, ctx)
    assert refusal.value.code == "same_owner"
    result = opportunity.action_transfer(ctx.forms.opportunity.get(1), {"owner": OTHER}, ctx)
    assert "王强" in result.message
    assert [each["users"] for each in ctx.notified] == [[OTHER]]
    assert ctx.forms.opportunity.get(1).owner == OTHER


def test_what_has_ended_keeps_its_figures_until_it_is_reopened(crm: Plugin) -> None:
    line = {"id": 1, "product_name": "网关", "quantity": Decimal(2), "unit_price": Decimal(5)}
    ended = {"id": 1, "stage": "won", "closed_at": NOW, "win_probability": 100, "lines": [line]}
    before = deal(crm, **ended)
    changes = {
        "expected_amount": Decimal(1), "win_probability": 50, "expected_close_date": TODAY, "customer": 4,
        "lines": [line | {"quantity": Decimal(3)}],
    }  # fmt: skip
    for name, value in changes.items():
        assert set(opportunity.validate(deal(crm, **ended | {name: value}), before, context(crm)) or {}) == {name}
    for free in ({"remark": "合同在路上"}, {"lines": [line | {"id": None}]}, changes | {"closed_at": None}):
        assert not opportunity.validate(deal(crm, **ended | free), before, context(crm))
    assert "重新打开" in (opportunity.before_delete(before, context(crm)) or "")


def test_quotations_keep_their_opportunity(crm: Plugin) -> None:
    made = make_record(crm.forms["quotation"], id=1, name="报价", opportunity=1)
    assert opportunity.before_delete(deal(crm, id=1), context(crm, quotation=[made])) is not None
    assert opportunity.before_delete(deal(crm, id=2), context(crm, quotation=[made])) is None


def test_the_customer_stays_while_there_are_quotations(crm: Plugin) -> None:
    made = make_record(crm.forms["quotation"], id=1, name="报价", opportunity=1)
    for record_id, faults in ((1, {"customer"}), (2, set())):
        before, after = deal(crm, id=record_id), deal(crm, id=record_id, customer=4)
        assert set(opportunity.validate(after, before, context(crm, quotation=[made])) or {}) == faults
    assert not opportunity.validate(deal(crm, id=1), deal(crm, id=1), context(crm, quotation=[made]))


def test_a_quotation_takes_over_lines_without_what_is_not_sold_any_more(crm: Plugin) -> None:
    products = [
        make_record(crm.forms["product"], id=number, name="网关", code=f"GW{number}", status=status)
        for number, status in ((1, "on_sale"), (2, "off_sale"))
    ]
    line = {"product_name": "网关", "quantity": Decimal(2), "unit_price": Decimal(5), "subtotal": Decimal(10)}
    lines = [{**line, "product": 1}, {**line, "product": 2}, line]
    record = deal(crm, id=1, lines=lines)
    ctx = context(crm, record, product=products, quotation=[])
    result = _offered(record, ctx)
    (made,) = ctx.forms.quotation.find()
    assert result.open == ("quotation", made.id)
    assert [(each.product, each.quantity, each.unit_price) for each in made.lines] == [
        (product, Decimal(2), Decimal(5)) for product in (1, None, None)
    ]
    assert (made.opportunity, made.customer, made.owner) == (1, 3, OWNER)


def _offered(record: Record, ctx: FakeContext) -> Any:
    """Make the quotation with the amounts that the host would compute."""
    create = type(ctx.forms.quotation).create

    def computed(form: Any, values: Any) -> Record:
        made = create(form, values)
        quotation.compute(made, ctx)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(ctx.forms.quotation), "create", computed)
        return opportunity.action_make_quotation(record, {}, ctx)


def test_an_accepted_quotation_moves_open_opportunities_forward_only(crm: Plugin) -> None:
    for stage, after in [*zip(OPEN, ["negotiation"] * 4, strict=True), *zip(ENDS, ENDS, strict=True)]:
        ctx = context(crm, deal(crm, id=1, stage=stage))
        quotation.after_move(make_record(crm.forms["quotation"], id=1, opportunity=1), "accept", {}, ctx)
        assert ctx.forms.opportunity.get(1).stage == after
    quotation.after_move(make_record(crm.forms["quotation"], id=1), "accept", {}, context(crm))
    ctx = context(crm, deal(crm, id=1))
    ctx.dictionary("opp_stage")["negotiation"] = replace(ctx.dictionary("opp_stage")["negotiation"], enabled=False)  # type: ignore[index]
    quotation.after_move(make_record(crm.forms["quotation"], id=1, opportunity=1), "accept", {}, ctx)
    assert ctx.forms.opportunity.get(1).stage == "prospecting"


def test_stages_that_are_worked_on_are_known_by_the_dictionary(crm: Plugin) -> None:
    assert tuple(stages.open_stages(context(crm))) == OPEN


def test_an_opportunity_with_a_contract_keeps_its_customer_and_stays(crm: Plugin) -> None:
    contract = make_record(crm.forms["contract"], id=1, opportunity=5)
    ctx = context(crm, contract=[contract])
    record, moved = deal(crm, id=5), deal(crm, id=5, customer=4)
    assert set(opportunity.validate(moved, record, ctx) or {}) == {"customer"}
    assert opportunity.before_delete(record, ctx) == "销售机会“车间数据采集”已有合同，不能删除。"
