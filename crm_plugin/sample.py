"""A sample company, loaded on request: a vendor of industrial IoT gateways, the same at every load.

Everything is created through `ctx.forms`, hence checked, numbered and computed like what people enter.
All names and numbers are invented.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import product as combinations
from random import Random
from typing import NamedTuple

from crm_plugin import sample_contracts, sample_deals, sample_quotations
from lowcode.api import Context, Record, Refused, _

CUSTOMERS, POOLED = 200, 25

HEADQUARTERS = "上海总部"

PEOPLE = (
    ("zhaolei", "赵磊", ("exec",), HEADQUARTERS),
    ("sunli", "孙丽", ("product",), HEADQUARTERS),
    ("zhangwei", "张伟", ("manager",), "华东销售部"),
    ("lina", "李娜", ("sales",), "华东销售部"),
    ("wangqiang", "王强", ("sales",), "华东销售部"),
    ("chenjing", "陈静", ("manager",), "华南销售部"),
    ("liuyang", "刘洋", ("sales",), "华南销售部"),
    ("huangmin", "黄敏", ("sales",), "华南销售部"),
    ("zhoufang", "周芳", ("finance",), "财务部"),
    ("wuhao", "吴昊", ("service",), "客服部"),
)
HEADS = {
    HEADQUARTERS: "zhaolei",
    "华东销售部": "zhangwei",
    "华南销售部": "chenjing",
    "财务部": "zhoufang",
    "客服部": "wuhao",
}
SELLERS = {
    "华东销售部": ("lina", "wangqiang", "lina", "wangqiang", "zhangwei"),
    "华南销售部": ("liuyang", "huangmin", "liuyang", "huangmin", "chenjing"),
}


class Family(NamedTuple):
    """Products that differ in specification and price only."""

    code: str
    name: str
    category: str
    unit: str
    price: int
    tax_rate: int
    specs: tuple[str, str, str, str, str]


FAMILIES = (
    Family(
        "GW",
        "边缘物联网网关",
        "gateway",
        "unit",
        2680,
        13,
        ("2网口 4G", "4网口 4G", "4网口 5G", "8串口 4G", "8串口 5G 双电源"),
    ),
    Family(
        "PC", "嵌入式工控主机", "gateway", "unit", 4280, 13, ("J6412 8G", "i3 8G", "i5 16G", "i7 16G", "i7 32G 双盘")
    ),
    Family("IO", "远程 IO 模块", "gateway", "piece", 460, 13, ("8DI", "8DO", "8DI8DO", "4AI", "4AI4AO")),
    Family("TH", "温湿度传感器", "sensor", "piece", 168, 13, ("RS485", "4-20mA", "LoRa", "NB-IoT", "RS485 防爆")),
    Family("PR", "压力变送器", "sensor", "piece", 520, 13, ("0-1MPa", "0-2.5MPa", "0-10MPa", "0-25MPa", "0-60MPa")),
    Family("VB", "振动监测传感器", "sensor", "piece", 980, 13, ("单轴", "三轴", "三轴 无线", "三轴 防爆", "三轴 高频")),
    Family("CB", "屏蔽通信电缆", "accessory", "metre", 6, 13, ("2芯 0.5", "2芯 1.0", "4芯 0.5", "4芯 1.0", "8芯 0.5")),
    Family("AC", "导轨电源", "accessory", "piece", 135, 13, ("24V 30W", "24V 60W", "24V 120W", "24V 240W", "24V 480W")),
    Family("PL", "物联网平台授权", "licence", "set", 28000, 13, ("100点", "500点", "1000点", "5000点", "不限点")),
    Family(
        "MD", "平台功能模块", "module", "set", 12000, 13, ("能效管理", "视频联动", "预测维护", "报表中心", "三维可视化")
    ),
    Family(
        "SV",
        "项目实施服务",
        "implementation",
        "item",
        8000,
        6,
        ("现场勘查", "安装调试", "系统集成", "数据迁移", "驻场实施"),
    ),
    Family(
        "TR",
        "运维与培训",
        "maintenance",
        "year",
        15000,
        6,
        ("标准维保", "白金维保", "远程运维", "巡检服务", "7×24 值守"),
    ),
)
"""Twelve families of five make sixty products."""

CITIES = (
    ("上海", "华东销售部", "310115", "浦东新区张江路", "021"),
    ("苏州", "华东销售部", "320500", "工业园区星湖街", "0512"),
    ("杭州", "华东销售部", "330100", "滨江区江南大道", "0571"),
    ("南京", "华东销售部", "320100", "江宁区将军大道", "025"),
    ("宁波", "华东销售部", "330200", "北仑区恒山路", "0574"),
    ("深圳", "华南销售部", "440300", "南山区科苑路", "0755"),
    ("广州", "华南销售部", "440100", "黄埔区科学大道", "020"),
    ("东莞", "华南销售部", "441900", "松山湖新城大道", "0769"),
    ("佛山", "华南销售部", "440600", "顺德区兴业路", "0757"),
    ("厦门", "华南销售部", "350200", "集美区软件园路", "0592"),
)
STEMS = ("鼎晟", "华宸", "启明", "瑞泽", "卓远", "信合", "宏图", "凌川", "盛源", "博川", "天禾", "明拓")
TRADES = (
    ("自动化设备", "manufacturing"),
    ("精密机械", "manufacturing"),
    ("智能科技", "it"),
    ("新能源科技", "energy"),
    ("水务工程", "construction"),
    ("供应链", "logistics"),
    ("医疗器械", "healthcare"),
    ("电子制造", "manufacturing"),
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑"
GIVEN = (
    "伟",
    "芳",
    "敏",
    "静",
    "磊",
    "洋",
    "艳",
    "勇",
    "军",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "建国",
    "晓东",
    "志强",
    "雅婷",
    "子涵",
)
POSTS = ("采购经理", "设备部长", "信息主管", "总经理", "项目经理", "自动化工程师", "厂长", "财务经理")
SOURCES = ("referral", "trade_show", "website", "search", "phone", "cold_visit", "wechat_group", "partner", "other")


def load(ctx: Context) -> str:
    """Create the people, 60 products, 200 customers with contacts, and what is going on with them."""
    if ctx.forms.product.exists(code=f"{FAMILIES[0].code}-101"):
        raise Refused(_("示例数据已经载入过，不能重复载入。"), code="sample_loaded")
    random = Random(20260101)  # noqa: S311 (the same sample at every load)
    users = _people(ctx)
    products = _products(ctx, random, users["sunli"])
    customers = list(_customers(ctx, random, users))
    _release(ctx, customers[:POOLED])
    deals = sample_deals.load(ctx, random, customers[POOLED:], products)
    deciders = {"finance": users["zhoufang"], "executive": users["zhaolei"]}
    sample_quotations.load(ctx, random, deciders, customers[POOLED:], products, deals)
    sample_contracts.load(ctx, random, deciders, customers[POOLED:], products)
    return _(
        "已载入示例公司：{people} 位用户、{products} 个产品、{customers} 个客户、"
        "{leads} 条线索、{opportunities} 个销售机会、{quotations} 张报价单、{contracts} 份合同。",
        people=len(users),
        products=len(products),
        customers=len(customers),
        leads=sample_deals.LEADS,
        opportunities=sample_deals.OPPORTUNITIES,
        quotations=sample_quotations.QUOTATIONS,
        contracts=sample_contracts.CONTRACTS,
    )


def _people(ctx: Context) -> dict[str, int]:
    """Create departments below the headquarters, their people and their heads; give ids by username."""
    for department in HEADS:
        ctx.users.ensure_department(department, None if department == HEADQUARTERS else HEADQUARTERS)
    users = {
        username: ctx.users.ensure(username, name, roles, place, email=f"{username}@example.com")
        for username, name, roles, place in PEOPLE
    }
    for department, head in HEADS.items():
        ctx.users.set_head(department, users[head])
    return users


def _products(ctx: Context, random: Random, keeper: int) -> list[Record]:
    """Create five products of each family, each dearer than the one before."""
    made = []
    with ctx.as_user(keeper) as me:
        for family in FAMILIES:
            for step, spec in enumerate(family.specs):
                price = (Decimal(family.price) * (100 + 35 * step) / 100).quantize(Decimal("0.01"))
                values = {
                    "code": f"{family.code}-{step + 1}01",
                    "name": family.name,
                    "category": family.category,
                    "spec": spec,
                    "unit": family.unit,
                    "reference_price": price,
                    "min_price": (price * Decimal("0.85")).quantize(Decimal("0.01")),
                    "cost_price": (price * Decimal("0.60")).quantize(Decimal("0.01")),
                    "tax_rate": Decimal(family.tax_rate),
                    "safety_stock": Decimal(random.choice((0, 10, 20, 50))),
                }
                made.append(me.forms.product.create(values))
    return made


def _customers(ctx: Context, random: Random, users: dict[str, int]) -> Iterator[Record]:
    """Create customers, each owned by a seller of the city's department."""
    names = list(combinations(CITIES, STEMS, TRADES))
    random.shuffle(names)
    for (city, department, region_code, street, area_code), stem, (trade, industry) in names[:CUSTOMERS]:
        with ctx.as_user(users[random.choice(SELLERS[department])]) as me:
            values = {
                "name": f"{city}{stem}{trade}{random.choice(('有限公司', '有限公司', '股份有限公司'))}",
                "short_name": f"{stem}{trade}"[:50],
                "credit_code": f"91{region_code}MA{random.randrange(10**8):08}",
                "status": random.choice(("potential", "potential", "interested", "interested", "negotiating", "lost")),
                "level": random.choice(("A", "B", "B", "B", "C")),
                "source": random.choice(SOURCES),
                "industry": industry,
                "telephone": f"{area_code}-{random.randrange(50000000, 89999999)}",
                "region": city,
                "address": f"{city}市{street}{random.randrange(1, 999)}号",
                "next_contact_at": (ctx.now + timedelta(days=random.randrange(-4, 45))).isoformat(),
            }
            customer = me.forms.customer.create(values)
            _contacts(me, random, customer)
            owned_since = ctx.now - timedelta(days=random.randrange(36))
            customer = me.forms.customer.update(customer.id, {"owner_at": owned_since})
        yield customer


def _contacts(me: Context, random: Random, customer: Record) -> None:
    """Create one to three contacts; the first becomes the primary one by rule."""
    for serial in range(random.randrange(1, 4)):
        values = {
            "customer": customer.id,
            "name": random.choice(SURNAMES) + random.choice(GIVEN),
            "title": random.choice(POSTS),
            "gender": random.choice(("male", "female")),
            "is_decision_maker": serial == 0 and random.random() < 0.5,
            "mobile": f"1{random.choice(('38', '39', '50', '86', '77'))}{random.randrange(10**8):08}",
            "email": f"c{customer.id}.{serial + 1}@example.com",
        }
        me.forms.contact.create(values)


def _release(ctx: Context, customers: list[Record]) -> None:
    """Move customers and their contacts to the pool, as the sellers who had them."""
    reason = ctx.dictionary("reasons")["not_followed"].label
    for customer in customers:
        with ctx.as_user(customer.owner) as me:
            for contact in me.forms.contact.find(customer=customer.id, limit=10):
                me.forms.contact.update(contact, {"owner": None})
            me.forms.customer.update(customer.id, {"owner": None, "pool_reason": reason})
