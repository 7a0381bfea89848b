"""Serial numbers, taken in the transaction of the record that carries them: no duplicates and no gaps."""

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from lowcode.configuration import NumberRule, upsert
from lowcode.database.schema import number_counters, number_rules
from lowcode.errors import Invalid, NotFound, Refused
from lowcode.i18n import _

if TYPE_CHECKING:
    from lowcode.context import Context

PLACE = re.compile(r"\{(yyyy|yy|mm|dd|seq:0?(\d{1,2}))\}")
LONGEST = 50
"""The column holds 60 characters; what is left is for numbers that outgrow their width."""

PERIODS: Mapping[str, str] = {"never": "", "year": "%Y", "month": "%Y%m", "day": "%Y%m%d"}
NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "never": (),
    "year": (("yyyy", "yy"),),
    "month": (("yyyy", "yy"), ("mm",)),
    "day": (("yyyy", "yy"), ("mm",), ("dd",)),
}
"""For each reset, the parts of the date of which the pattern needs one each; without them numbers would repeat."""


def take(ctx: "Context", rule_name: str) -> str:
    """Take the next number. The counter's row stays locked until the transaction ends."""
    rule = ctx.configuration.rules.get(rule_name)
    if rule is None:
        raise Refused(
            _("编号规则“{name}”还没有初始化，请管理员先在“数据初始化”中点击“初始化”。", name=rule_name),
            code="not_initialised",
        )
    values = {"rule": rule.name, "period": period(rule.reset, ctx.today), "value": 1}
    value = ctx.connection.scalar(_next(ctx), values)
    return render(rule.pattern, ctx.today, int(value or 0))


def _next(ctx: "Context") -> Any:
    """Give the statement that counts on, made once."""
    prepared = ctx.platform.prepared
    if "next_number" not in prepared:
        statement = upsert(ctx.connection, number_counters)
        counted_on = {"value": number_counters.c.value + 1}
        statement = statement.on_conflict_do_update(index_elements=["rule", "period"], set_=counted_on)
        prepared["next_number"] = statement.returning(number_counters.c.value)
    return prepared["next_number"]


def period(reset: str, today: date) -> str:
    """Name the period a day belongs to; `all` when counting never starts again."""
    return today.strftime(PERIODS[reset]) or "all"


def render(pattern: str, today: date, value: int) -> str:
    """Write a number. A value wider than its place keeps all its digits."""
    parts = {
        "yyyy": f"{today.year:04}",
        "yy": f"{today.year % 100:02}",
        "mm": f"{today.month:02}",
        "dd": f"{today.day:02}",
    }
    return PLACE.sub(lambda place: parts.get(place[1]) or f"{value:0{int(place[2])}}", pattern)


def fault(pattern: str, reset: str) -> str | None:
    """Say what is wrong with a pattern, or None."""
    if reset not in PERIODS:
        return _("重置周期只能是 never、year、month 或 day。")
    if len(pattern) > 60 or re.search(r"[{}\x00-\x1f\ud800-\udfff]", PLACE.sub("", pattern)):
        return _("编号格式只能含有文字和 {yyyy} {yy} {mm} {dd} {seq:04}，最多 60 个字符。")
    names = [match[1] for match in PLACE.finditer(pattern)]
    widths = [int(match[2]) for match in PLACE.finditer(pattern) if match[2]]
    if len(widths) != 1 or not 1 <= widths[0] <= 16:
        return _("编号格式需要恰好一个流水号，例如 {seq:04}，宽度 1 到 16。")
    if len(render(pattern, date(2000, 1, 1), 1)) > LONGEST:
        return _("编号太长，最多 {length} 个字符。", length=LONGEST)
    if any(not set(each) & set(names) for each in NEEDS[reset]):
        return _("按 {reset} 重置时，编号格式必须含有相应的日期部分，否则编号会重复。", reset=reset)
    return None


def rules(ctx: "Context") -> list[dict[str, Any]]:
    """List the rules in force, each with a sample of the next number's look."""
    return [_shown(rule, ctx.today) for rule in ctx.configuration.rules.values()]


def sample(pattern: str, today: date) -> str:
    """Show the first number of a period."""
    return render(pattern, today, 1)


def change_rule(ctx: "Context", name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Change a rule for new records; those that exist keep their numbers."""
    ctx.lock_configuration()
    rule = ctx.configuration.rules.get(name)
    if rule is None:
        raise NotFound(_("没有编号规则“{name}”。", name=name))
    if unknown := set(payload) - {"pattern", "reset"}:
        raise Invalid(_("只能修改 pattern 和 reset。"), errors={key: [_("没有这个字段。")] for key in unknown})
    changed = NumberRule(rule.name, rule.label, payload.get("pattern", rule.pattern), payload.get("reset", rule.reset))
    if not isinstance(changed.pattern, str) or not isinstance(changed.reset, str):
        raise Invalid(_("pattern 和 reset 必须是文字。"))
    if sentence := fault(changed.pattern, changed.reset):
        raise Invalid(sentence, errors={"pattern": [sentence]})
    ctx.connection.execute(
        update(number_rules).where(number_rules.c.name == name).values(pattern=changed.pattern, reset=changed.reset)
    )
    _carry_counter(ctx, rule, changed)
    return _shown(changed, ctx.today)


def _carry_counter(ctx: "Context", old: NumberRule, new: NumberRule) -> None:
    """Let a new period start above every number of this rule that may look the same."""
    if old.reset == new.reset:
        return
    highest = ctx.connection.scalar(select(func.max(number_counters.c.value)).where(number_counters.c.rule == old.name))
    if highest:
        statement = upsert(ctx.connection, number_counters).values(
            rule=new.name, period=period(new.reset, ctx.today), value=highest
        )
        ctx.connection.execute(
            statement.on_conflict_do_update(index_elements=["rule", "period"], set_={"value": highest})
        )


def _shown(rule: NumberRule, today: date) -> dict[str, Any]:
    return {
        "name": rule.name,
        "label": _(rule.label),
        "pattern": rule.pattern,
        "reset": rule.reset,
        "sample": sample(rule.pattern, today),
    }
