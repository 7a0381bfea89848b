"""The quotations of the sample company, some of them submitted, decided, sent and answered by its people."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from crm_plugin.rules.quotation import action_revise
from lowcode.api import Context, NotFound, Record

QUOTATIONS = 300
PROJECTS = (
    "车间数据采集",
    "能耗监测",
    "设备预测性维护",
    "泵站远程监控",
    "仓储环境监测",
    "产线联网改造",
    "机房动环监控",
    "备件采购",
)
TYPED_BY_HAND = (("现场辅材", "item", 860), ("定制支架", "piece", 145), ("运输与包装", "time", 600))
TERMS = "合同签订后预付 30%，到货验收后付 65%，质保期满付 5%。交货期 15 个工作日。"
LIVES = ("submit", "approve", "send", "accept", "expire", "decline", "reject", "withdraw", "revise")
LIVES_EVERY = 20
"""How far the first of every twenty quotations come; the others stay drafts."""

DECLINED = "客户选择了交货期更短的方案。"
AGREED, REJECTED = "同意。", "折扣过高，请与客户再谈。"


def load(
    ctx: Context,
    random: Random,
    people: Mapping[str, int],
    customers: list[Record],
    products: list[Record],
    deals: Mapping[int, int],
) -> None:
    """Create quotations of the last half year, a third of them for the customers' open `deals`, and bring some further.

    Contact, phone and prices are filled in by the host. A quotation that lives on is as new as its life needs.
    """
    for serial in range(QUOTATIONS):
        customer = random.choice(customers)
        life = _life_of(serial)
        age = random.randrange(31, 180) if life == "expire" else random.randrange(25) if life else random.randrange(180)
        quote_date = ctx.today - timedelta(days=age)
        values = {
            "name": f"{customer.short_name}{random.choice(PROJECTS)}报价",
            "customer": customer.id,
            "opportunity": deals.get(customer.id) if serial % 3 == 1 else None,
            "quote_date": quote_date.isoformat(),
            "valid_until": (quote_date + timedelta(days=30)).isoformat(),
            "lines": [line(random, products) for _position in range(random.randrange(1, 9))],
            "terms": TERMS,
        }
        with ctx.as_user(customer.owner) as me:
            quotation = me.forms.quotation.create(values)
        if life:
            _live(ctx, people, quotation, life)


def line(random: Random, products: list[Record]) -> dict[str, Any]:
    """Make one line: nine of ten from the catalogue, the others typed by hand."""
    discount = Decimal(random.choice((0, 0, 0, 3, 5, 8, 12)))
    quantity = Decimal(random.choice((1, 2, 3, 5, 10, 20, 50)))
    if random.random() < 0.9:
        chosen = random.choice(products)
        if chosen.unit == "metre":
            quantity = Decimal(random.randrange(500, 20000)) / 10
        return {"product": chosen.id, "quantity": quantity, "discount_rate": discount}
    name, unit, price = random.choice(TYPED_BY_HAND)
    return {
        "product_name": name,
        "unit": unit,
        "quantity": quantity,
        "unit_price": Decimal(price),
        "discount_rate": discount,
    }


def _life_of(serial: int) -> str:
    """Say how far a quotation comes: a word of `LIVES`, or nothing for a draft."""
    return "".join(LIVES[serial % LIVES_EVERY : serial % LIVES_EVERY + 1])


def _live(ctx: Context, people: Mapping[str, int], quotation: Record, life: str) -> None:
    """Submit a quotation, let its approvers decide, and go on to the last word of its life."""
    with ctx.as_user(quotation.owner) as me:
        me.forms.quotation.move(quotation, "submit")
        if life == "withdraw":
            me.forms.quotation.move(quotation, "withdraw")
    if life in {"submit", "withdraw"}:
        return
    approved = decide(ctx, people, "quotation", quotation, agree=life != "reject")
    with ctx.as_user(quotation.owner) as me:
        if life in {"send", "accept", "decline", "revise"}:
            approved = me.forms.quotation.move(approved, "send")
        if life in {"accept", "decline", "expire"}:
            values = {"reason": DECLINED} if life == "decline" else {}
            me.forms.quotation.move(approved, life, values)
        elif life == "revise":
            action_revise(me.forms.quotation.get(quotation.id), {}, me)


def decide(ctx: Context, people: Mapping[str, int], form: str, record: Record, agree: bool = True) -> Record:
    """Let the head over the owner decide, then finance and the executive where the flow asks for them."""
    head = next(each for each in ctx.users.heads_over(record.owner) if each != record.owner)
    decided = record
    for person in dict.fromkeys((head, people["finance"], people["executive"])):
        with ctx.as_user(person) as me, suppress(NotFound):
            decided = getattr(me.forms, form).decide(record, AGREED if agree else REJECTED, agree=agree)
        if decided is not record and decided.status != "in_review":
            break
    return decided
