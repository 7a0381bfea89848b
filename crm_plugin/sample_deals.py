"""The leads, opportunities and follow-ups of the sample company, in all their states, by its people's own buttons."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from crm_plugin.rules import customer as customer_rules
from crm_plugin.rules import lead as lead_rules
from crm_plugin.rules import opportunity as opportunity_rules
from lowcode.api import Context, Record

LEADS, OPPORTUNITIES, FOLLOWED = 120, 150, 90

LEAD_LIVES = (
    *("unassigned", "pending", "pending", "in_progress", "in_progress", "in_progress"),
    *("invalid", "converted", "converted", "voided"),
)
DEAL_LIVES = (
    *("prospecting", "analysis", "proposal", "won", "prospecting", "negotiation"),
    *("analysis", "lost", "proposal", "won", "lost", "invalid"),
)
"""How far each of ten leads and of twelve opportunities comes."""

ENDED = frozenset({"won", "lost", "invalid"})

NAMES = ("恒越", "金桥", "海川", "联众", "正阳", "东和", "云帆", "科达")
TRADES = ("包装机械厂", "泵业", "环保设备", "食品机械", "仪表厂", "冷链物流")
PEOPLE = ("王伟", "李静", "张勇", "刘洋", "陈敏", "杨涛", "黄杰", "赵军")
NEEDS = ("车间设备要联网采集数据。", "想监测各车间能耗。", "泵站要远程监控和报警。", "仓库要做温湿度监测。")
PROJECTS = ("车间数据采集", "能耗监测", "设备预测性维护", "泵站远程监控", "仓储环境监测", "产线联网改造")
METHODS = ("call", "call", "visit", "wechat", "meeting", "email")
TALKS = (
    "介绍了网关方案，客户希望先看案例。",
    "现场看了设备，记下点位清单，下周给方案。",
    "客户内部在立项，预算月底确定。",
    "演示了平台，信息部关心数据安全。",
    "谈了价格和付款方式，等客户采购比价。",
    "电话回访，客户近期停产检修，过两周再联系。",
)
PLANS = ("寄送案例资料", "上门演示", "提交方案", "确认预算", None)
SOURCES = ("referral", "trade_show", "website", "search", "phone")
INVALID, LOST = ("unreachable", "no_need", "competitor"), ("price_too_high", "competitor_won", "need_cancelled")


def load(ctx: Context, random: Random, customers: list[Record], products: list[Record]) -> dict[int, int]:
    """Create leads, opportunities and follow-ups; give an open opportunity of each customer that has one."""
    for serial in range(LEADS):
        _lead(ctx, random, random.choice(customers), serial)
    for customer in random.sample(customers, FOLLOWED):
        with ctx.as_user(customer.owner) as me:
            customer_rules.action_follow(me.forms.customer.get(customer.id), _talk(random, me), me)
    return dict(_opportunities(ctx, random, customers, products))


def _lead(ctx: Context, random: Random, neighbour: Record, serial: int) -> None:
    """Create a lead in the city and by the salesperson of a customer, and bring it as far as its life goes."""
    life = LEAD_LIVES[serial % len(LEAD_LIVES)]
    number = serial // len(NAMES)
    values = {
        "customer_name": f"{neighbour.region}{NAMES[serial % len(NAMES)]}{TRADES[number % len(TRADES)]}{serial + 1}号",
        "contact_name": random.choice(PEOPLE),
        "mobile": f"137{random.randrange(10**8):08}",
        "source": random.choice(SOURCES),
        "region": neighbour.region,
        "expected_amount": random.randrange(5, 300) * 1000,
        "description": random.choice(NEEDS),
        "owner": None if life == "unassigned" else neighbour.owner,
    }
    with ctx.as_user(neighbour.owner) as me:
        lead = me.forms.lead.create(values)
        if life in {"in_progress", "converted"}:
            lead_rules.action_follow(lead, _talk(random, me), me)
            lead = me.forms.lead.get(lead.id)
        if life == "invalid":
            lead_rules.action_advance(lead, {"status": "invalid", "invalid_reason": random.choice(INVALID)}, me)
        elif life == "converted":
            lead_rules.action_convert(lead, {}, me)
        elif life == "voided":
            lead_rules.action_void(lead, {}, me)


def _opportunities(
    ctx: Context, random: Random, customers: list[Record], products: list[Record]
) -> Iterator[tuple[int, int]]:
    for serial in range(OPPORTUNITIES):
        customer, life = random.choice(customers), DEAL_LIVES[serial % len(DEAL_LIVES)]
        values: dict[str, Any] = {
            "name": f"{customer.short_name}{random.choice(PROJECTS)}",
            "customer": customer.id,
            "source": random.choice(SOURCES),
            "expected_amount": random.randrange(10, 800) * 1000,
            "expected_close_date": ctx.today + timedelta(days=random.randrange(20 if life in ENDED else 330)),
            "next_contact_at": ctx.now + timedelta(hours=random.randrange(-100, 400)),
        }
        if serial % 2:
            chosen = random.sample(products, random.randrange(1, 4))
            values["lines"] = [{"product": each.id, "quantity": random.randrange(1, 40)} for each in chosen]
        with ctx.as_user(customer.owner) as me:
            made = me.forms.opportunity.create(values)
            _live(me, random, made, life)
        if life not in ENDED:
            yield customer.id, made.id


def _live(me: Context, random: Random, made: Record, life: str) -> None:
    """Bring an opportunity to a stage or to its end, and talk of some of them on the way."""
    if random.random() < 0.5:
        opportunity_rules.action_follow(made, _talk(random, me), me)
    ended = life in ENDED
    stage = "negotiation" if life == "won" else "proposal" if ended else life
    if stage != made.stage:
        opportunity_rules.action_advance(me.forms.opportunity.get(made.id), {"stage": stage}, me)
    if not ended:
        return
    made = me.forms.opportunity.get(made.id)
    params: dict[str, Any] = {"closed_at": _ago(random, me)}
    if life == "won":
        opportunity_rules.action_win(made, params, me)
    else:
        opportunity_rules.action_lose(made, params | {"stage": life, "lost_reason": random.choice(LOST)}, me)


def _talk(random: Random, me: Context) -> dict[str, Any]:
    """Fill the dialog of a follow-up; two of three end with an appointment, some of them for today."""
    ahead = random.choice((timedelta(hours=2), timedelta(days=random.randrange(1, 20))))
    return {
        "method": random.choice(METHODS),
        "content": random.choice(TALKS),
        "contact_at": _ago(random, me),
        "next_contact_at": me.now + ahead if random.random() < 0.67 else None,
        "next_plan": random.choice(PLANS),
    }


def _ago(random: Random, me: Context) -> datetime:
    """Give an instant of the last weeks."""
    return me.now - timedelta(hours=random.randrange(1, 600))
