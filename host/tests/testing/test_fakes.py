"""A FakeContext answers as the host does, so that what its tests show holds in production."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import library
import pytest
from demo_plugin.rules import loan as loan_rules

from lowcode.api import Context, Record
from lowcode.declare.model import Plugin
from lowcode.errors import Conflict, Invalid, NotFound, Refused
from lowcode.identity.model import User
from lowcode.platform import Platform
from lowcode.testing import FakeContext, make_record
from lowcode.testing.databases import loaded

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return library.MODULES


@pytest.fixture(scope="session")
def plugin() -> Plugin:
    (found,) = loaded(library.MODULES)
    assert found.declared is not None
    return found.declared


def item(ctx: Context, code: str, **values: Any) -> Record:
    return ctx.forms.item.create({"code": code, "title": code.upper(), "subject": "physics", "price": 5, **values})


def defaults(ctx: Context) -> Any:
    made = item(ctx, "a")
    return made.copies, made.on_shelf, made.is_lent, made.bought_on, made.version, made.created_at, made.weight


def conditions(ctx: Context) -> Any:
    for code, weight in (("b", "2.5"), ("a", None), ("c", 1), ("d", Decimal("2.500"))):
        item(ctx, code, weight=weight, keeper=ctx.user.id or None)
    asked: list[dict[str, Any]] = [
        {},
        {"weight": "2.5"},
        {"weight__ne": "2.5"},
        {"weight__isnull": True},
        {"weight__between": "1,2.5"},
        {"title__contains": "b"},
        {"code__in": ["a", "c"]},
        {"bought_on__lt": "$today+1"},
        {"bought_on": "$today"},
    ]
    found = [[each.code for each in ctx.forms.item.find(order_by="-code", **where)] for where in asked]
    limited = [each.code for each in ctx.forms.item.find(limit=2, order_by="code")]
    return found, limited, [ctx.forms.item.count(**where) for where in asked], ctx.forms.item.exists(code="z")


def figures(ctx: Context) -> Any:
    days = (date(2026, 1, 31), date(2026, 2, 28), None)
    for number in range(6):
        weight = None if number == 3 else Decimal("0.5") * number + 1
        item(ctx, f"i{number}", bought_on=days[number % 3], weight=weight, price=number)
    late = datetime(2026, 2, 28, 16, tzinfo=UTC)  # the next month in Shanghai
    for number, joined in enumerate((late, NOW, None)):
        ctx.forms.member.create({"name": "张三", "card": f"CD{number:04}", "keeper": 1, "joined_at": joined})
    refused = []
    for by, added in ((("manuals",), ()), (("price:month",), ()), ((), ("title",)), ((), ("days_left",))):
        with pytest.raises(ValueError) as fault:
            ctx.forms.item.totals(by, added)
        refused.append(str(fault.value))
    return (
        ctx.forms.item.totals(sum=("price", "weight", "copies")),
        ctx.forms.item.totals(("bought_on:month", "weight"), ("price",), price__gte=1),
        ctx.forms.item.totals(("bought_on",), price=-1),
        ctx.forms.item.totals(price=-1),
        ctx.forms.member.totals(("joined_at:month",)),
        refused,
    )


def derived(ctx: Context) -> Any:
    made = loan(ctx)
    with pytest.raises(ValueError, match="days_left") as written:
        ctx.forms.loan.update(made, {"days_left": 3})
    with pytest.raises(ValueError, match="days_left"):
        ctx.forms.loan.find(days_left=3)
    return made.days_left, str(written.value)


def copies(ctx: Context) -> Any:
    made = item(ctx, "a")
    made.title = "changed and not saved"
    return ctx.forms.item.get(made.id).title


def updates(ctx: Context) -> Any:
    made = item(ctx, "a")
    changed = ctx.forms.item.update(made, {"is_lent": True, "weight": "1.5", "bought_on": date(2026, 1, 2)})
    again = ctx.forms.item.get(made.id)
    return changed.is_lent, again.weight, again.bought_on, again.version, again.title


def deletions(ctx: Context) -> Any:
    made, kept = item(ctx, "a"), item(ctx, "b")
    ctx.forms.item.delete(made)
    with pytest.raises(NotFound):
        ctx.forms.item.get(made.id)
    return ctx.forms.item.count(), [each.code for each in ctx.forms.item.find()], kept.code


def loan(ctx: Context, **values: Any) -> Record:
    member = ctx.forms.member.create({"name": "张三", "card": f"AB{ctx.forms.member.count():04}", "keeper": 1})
    line = {"title": "镜头", "price": "3"}
    return ctx.forms.loan.create({"subject": "x", "member": member.id, "clerk": 1, "lines": [line], **values})


def moves(ctx: Context) -> Any:
    made = loan(ctx, fine=Decimal("1.50"), status="approved", number="JY-7", days=30)
    seen = [(made.number, made.status, made.fine)]
    with pytest.raises(Refused) as refused:
        ctx.forms.loan.move(made, "take_back")
    with pytest.raises(KeyError, match="no move 'give_away'"):
        ctx.forms.loan.move(made, "give_away")
    lent = ctx.forms.loan.move(made.id, "hand_over")
    with pytest.raises(Invalid) as fault:
        ctx.forms.loan.move(lent, "take_back", {"fine": "-1", "shelf": 1})
    back = ctx.forms.loan.move(lent, "take_back", {"complaint": "封面破损"})
    seen += [(lent.number, lent.status, lent.fine), (back.number, back.status, back.fine)]
    with pytest.raises(Conflict) as taken:
        loan(ctx, number="JY-7")
    stored = ctx.forms.loan.get(made.id)
    return seen, stored.notice, refused.value.code, set(fault.value.errors), taken.value.code, ctx.forms.loan.count()


def lines(ctx: Context) -> Any:
    member = ctx.forms.member.create({"name": "张三", "card": "AB1234", "keeper": 1, "level": "basic"})
    line = {"title": "镜头", "price": "3", "note": "x"}
    made = ctx.forms.loan.create({"subject": "x", "member": member.id, "clerk": 1, "lines": [line]})
    used = [ctx.forms.loan.exists(lines__title=title) for title in ("镜头", "烧杯")]
    return used, [(each.title, each.price, each.quantity) for each in made.lines], made.status


def world(ctx: Context) -> Any:
    items = ctx.dictionary("place")
    return (
        ctx.now,
        ctx.today,
        dict(ctx.settings),
        [(each.code, each.label, dict(each.attributes)) for each in items.values()],
    )


def duplicates(ctx: Context) -> Any:
    common = {"keeper": 1, "is_active": True}
    one = ctx.forms.member.create({"name": "王 五", "card": "AA1111", "phone": "+86 13800138000", **common})
    two = ctx.forms.member.create({"name": "王五五", "card": "AA2222", "phone": "138-0013-8000", **common})
    gone = ctx.forms.member.create({"name": "王五", "card": "AA3333", **common})
    ctx.forms.member.delete(gone)
    asked = [one, two, {"name": "王五"}, {"name": "王五五", "phone": "13800138000"}, {"email": "x@y.cn"}]
    return [[(each.id - one.id, each.kind) for each in ctx.forms.member.alike(values)] for values in asked]


@pytest.mark.parametrize(
    "script", [defaults, conditions, figures, derived, copies, updates, deletions, lines, moves, world, duplicates]
)
def test_the_fake_answers_as_the_host(platform: Platform, plugin: Plugin, script: Callable[[Context], Any]) -> None:
    real = platform.as_system(script, now=NOW)
    fake = script(FakeContext(now=NOW, user_id=0, plugin=plugin))
    assert fake == real


@pytest.mark.parametrize("values", [{"price": "abc"}, {"nothing": 1}, {"title": "x" * 101}])
def test_the_fake_refuses_what_the_host_refuses(platform: Platform, plugin: Plugin, values: dict[str, Any]) -> None:
    def script(ctx: Context) -> Any:
        with pytest.raises(Invalid) as fault:
            item(ctx, "a", **values)
        return set(fault.value.errors)

    assert script(FakeContext(plugin=plugin)) == platform.as_system(script) == set(values)


def test_records_have_the_fields_of_the_form_and_no_others(plugin: Plugin) -> None:
    record = make_record(plugin.forms["loan"], subject="x", lines=[{"price": Decimal(1)}, {}])
    assert (record.subject, record.status, record.number, record.owner_department) == ("x", None, None, None)
    assert [line.price for line in record.lines] == [Decimal(1), None]
    for wrong in ({"sbject": "x"}, {"lines": [{"prise": 1}]}):
        with pytest.raises(AttributeError, match="has no field"):
            make_record(plugin.forms["loan"], **wrong)
    with pytest.raises(AttributeError):
        record.sbject = "x"


def test_a_form_has_to_be_named(plugin: Plugin) -> None:
    ctx = FakeContext(records={"loan": []})
    assert not ctx.forms.loan.exists(member=5)
    with pytest.raises(AttributeError, match="knows no form 'member'"):
        ctx.forms.member.get(1)
    with pytest.raises(TypeError, match="knows no fields of 'loan'"):
        ctx.forms.loan.create({})


def test_what_needs_a_database_says_so() -> None:
    for name in ("connection", "platform"):
        with pytest.raises(AttributeError, match="has no"):
            getattr(FakeContext(), name)


def test_a_page_is_printed_by_its_name(plugin: Plugin) -> None:
    ctx = FakeContext(plugin=plugin)
    assert ctx.print(make_record(plugin.forms["loan"], id=3), "slip") == "<p>slip 3</p>"
    with pytest.raises(NotFound):
        ctx.print(make_record(plugin.forms["loan"], id=3), "ticket")


def test_teams_and_copies_are_kept(plugin: Plugin) -> None:
    ctx = FakeContext(plugin=plugin, configuration_version=7)
    record = loan(ctx)
    ctx.lock("one", "two")
    for user, level in ((5, "read"), (6, "write"), (1, "write"), (6, None)):
        ctx.forms.loan.share(record, user, level)
    assert ctx.teams == {("loan", record.id): {5: "read"}}
    ctx.forms.loan.unshare(record.id)
    assert ctx.teams == {("loan", record.id): {}}
    with pytest.raises(NotFound):
        ctx.forms.member.share(record.member, 5, "read")
    with pytest.raises(ValueError, match="edit"):
        ctx.forms.loan.share(record, 5, "edit")
    first, second = ctx.copy_files(["a", "b"])
    assert ctx.copied == {first: "a", second: "b"}
    assert ctx.copy_files(["a"])[0] not in {first, second}
    assert ctx.configuration_version == 7


def test_people_and_roles(plugin: Plugin) -> None:
    head = User(7, "li", "李", 3, roles=frozenset({"head"}))
    ctx = FakeContext(user_id=5, roles=("clerk",), department_id=2, people=[head], departments={3: "总馆"})
    assert (ctx.user.roles, ctx.users.department_of(5), ctx.users.department_of(7)) == ({"clerk"}, 2, 3)
    assert (ctx.users.names([7, 9]), ctx.users.with_role("head")) == ({7: "李"}, [7])
    with ctx.as_user(7) as other:
        assert (other.user, other.tokens["me"], other.now) == (head, 7, ctx.now)


def test_rules_run_on_it(plugin: Plugin) -> None:
    record = make_record(plugin.forms["loan"], lines=[{"quantity": Decimal("1.5"), "price": Decimal("0.33")}])
    ctx = FakeContext(plugin=plugin, settings={"deposit_limit": Decimal("0.10")})
    loan_rules.compute(record, ctx)
    assert record.total_deposit == Decimal("0.50")
    assert set(loan_rules.validate(record, None, ctx) or {}) == {"lines"}


def test_items_may_be_labels_or_mappings() -> None:
    ctx = FakeContext(dictionaries={"stage": {"won": {"label": "赢单", "kind": "won", "enabled": False}, "new": "新"}})
    won, new = ctx.dictionary("stage").values()
    assert (won.code, won.label, won.enabled, won.attributes) == ("won", "赢单", False, {"kind": "won"})
    assert (new.label, new.enabled, ctx.dictionary("nothing")) == ("新", True, {})
