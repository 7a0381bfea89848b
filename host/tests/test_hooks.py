"""One test for each hook: it is called when the documentation says, and what it returns has the effect it says."""

from collections.abc import Sequence
from datetime import date, timedelta

import library
import pytest

from lowcode.platform import Platform
from lowcode.testing import run_job
from lowcode.testing.client import Api


@pytest.fixture(scope="session")
def plugin_modules() -> Sequence[str]:
    return library.MODULES


def test_declare(platform: Platform) -> None:
    (loaded,) = platform.plugins
    assert (loaded.name, loaded.state) == ("library", "active")
    assert list(platform.forms) == ["call", "item", "loan", "member"]


def test_prefill(api: Api) -> None:
    """A new record gets the lines of the one before; what is given stays, and an edit fills nothing."""
    first = library.loan(api, phone="13800138000", lines=[{"item": library.item(api)["id"], "quantity": "3"}])
    again = {"member": first["member"]["id"], "previous": first["id"], "subject": "再借"}
    shown = api.post("/forms/loan/preview", again).expect(200)
    saved = api.post("/forms/loan/records", again).expect(201)
    for values in (shown["values"], saved):
        (line,) = values["lines"]
        assert (line["title"], line["price"], line["deposit"], line["source"]) == (
            "显微镜",
            "150.00",
            "450.00",
            first["lines"][0]["id"],
        )
        assert values["phone"] == "13800138000"
    own = {**again, "phone": "13900139000", "lines": [{"title": "支架", "price": "1"}]}
    given = api.post("/forms/loan/records", own).expect(201)
    assert ([line["title"] for line in given["lines"]], given["phone"]) == (["支架"], "13900139000")
    body = {"phone": None, "version": saved["version"]}
    assert api.patch(f"/forms/loan/records/{saved['id']}", body).expect(200)["phone"] is None


def test_compute(api: Api) -> None:
    lines = [{"title": "三脚架", "quantity": "1.5", "price": "0.33"}, {"title": "镜头", "quantity": "1", "price": "9"}]
    payload = library.loan_payload(api, lines=lines, lent_on="2026-03-01", due_on="2026-03-31")
    shown = api.post("/forms/loan/preview", payload).expect(200)["values"]
    saved = library.loan(api, **payload)
    for values in (shown, saved):
        assert [line["deposit"] for line in values["lines"]] == ["0.50", "9.00"]
        assert (values["total_deposit"], values["days"]) == ("9.50", 30)


def test_derive(api: Api) -> None:
    """A list and a record show it, in one call for all; history and what is stored know nothing of it."""
    due = date.today() + timedelta(days=9)
    lent = library.set_state(api, library.loan(api, due_on=due.isoformat()), "lent")
    draft = library.loan(api)
    near = range(8, 11)  # days begin in the business time zone
    assert lent["days_left"] in near
    shown = {each["id"]: each["days_left"] for each in api.get("/forms/loan/records").expect(200)["items"]}
    assert shown == {lent["id"]: lent["days_left"], draft["id"]: None}
    assert "days_left" not in api.platform.forms["loan"].table.c


def test_validate(api: Api) -> None:
    payload = library.loan_payload(api, lent_on="2026-03-02", due_on="2026-03-01")
    assert api.post("/forms/loan/preview", payload).expect(200)["errors"].keys() == {"due_on"}
    refused = api.post("/forms/loan/records", payload)
    assert refused.expect(422)["errors"] == {"due_on": ["归还日期不能早于借出日期 2026-03-02。"]}
    assert api.get("/forms/loan/records").expect(200)["total"] == 0


def test_before_save(api: Api) -> None:
    assert library.loan(api)["handled_at"] is not None
    previewed = api.post("/forms/loan/preview", library.loan_payload(api)).expect(200)
    assert previewed["values"]["handled_at"] is None


def test_after_save(api: Api) -> None:
    loan = library.loan(api, lent_on="2026-03-02", due_on="2026-03-09")
    assert library.read(api, "member", loan["member"]["id"])["last_loan_on"] == "2026-03-02"


def test_before_delete(api: Api) -> None:
    item = library.item(api)
    library.loan(api, lines=[{"item": item["id"]}])
    refused = api.delete(f"/forms/item/records/{item['id']}", item["version"]).expect(422)
    assert (refused["code"], refused["detail"]) == (
        "delete_refused",
        "“显微镜”已有借阅记录，不能删除。请改为下架。",
    )
    assert library.read(api, "item", item["id"]) == item


def test_after_delete(api: Api) -> None:
    first = library.loan(api, lent_on="2026-03-02", due_on="2026-03-09")
    member = first["member"]["id"]
    second = library.loan(api, member=member, lent_on="2026-04-02", due_on="2026-04-09")
    for loan, day in ((second, "2026-03-02"), (first, None)):
        api.delete(f"/forms/loan/records/{loan['id']}", loan["version"]).expect(204)
        assert library.read(api, "member", member)["last_loan_on"] == day


def test_row_scope(api: Api) -> None:
    draft, lent = library.loan(api), library.set_state(api, library.loan(api), "lent")
    auditor = api.as_user("auditor")
    assert [each["id"] for each in auditor.get("/forms/loan/records").expect(200)["items"]] == [lent["id"]]
    auditor.get(f"/forms/loan/records/{draft['id']}").expect(404)
    assert api.get("/forms/loan/records").expect(200)["total"] == 2


def test_approvers(api: Api) -> None:
    clerk, head, keeper = (api.as_user(role, department="总馆") for role in ("clerk", "head", "clerk"))
    dear = library.item(api, price="1500", keeper=keeper.user_id)
    loan = library.loan(clerk, lines=[{"item": dear["id"]}])
    assert library.act(clerk, loan, "submit")["status"] == "in_review"
    for person, left in ((head, "in_review"), (keeper, "approved")):
        (task,) = person.get("/tasks", box="todo").expect(200)["items"]
        person.post(f"/tasks/{task['id']}/agree", {"opinion": "同意"}).expect(200)
        assert library.read(clerk, "loan", loan["id"])["status"] == left


def test_after_move(api: Api) -> None:
    item = library.item(api)
    loan = library.set_state(api, library.loan(api, lines=[{"item": item["id"]}]), "approved")
    clerk = api.as_user("head", "clerk", department="总馆")
    api.platform.as_system(lambda ctx: ctx.forms.loan.update(loan["id"], {"clerk": clerk.user_id}))
    library.act(clerk, loan, "hand_over")
    assert library.read(api, "item", item["id"])["is_lent"] is True
    returned = library.act(clerk, loan, "take_back", fine="5", complaint="封面破损")
    assert (returned["status"], returned["fine"], returned["notice"]) == ("returned", "5.00", "封面破损")
    assert library.read(api, "item", item["id"])["is_lent"] is False
    assert library.read(api, "member", loan["member"]["id"])["remark"] == "封面破损"


def test_action_name(api: Api) -> None:
    clerk = api.as_user("clerk")
    loan = library.loan(clerk, lent_on="2026-03-01", due_on="2026-03-31")
    address = f"/forms/loan/records/{loan['id']}/actions/extend"
    clerk.post(address, {"days": 7}).expect(422)
    lent = library.set_state(clerk, loan, "lent")
    plan = clerk.post(address, {"days": 7}, preview=1).expect(200)
    change = {"form": "loan", "id": loan["id"], "title": "实验课", "field": "due_on", "value": "2026-04-07"}
    assert plan == {"plan": {"due_on": "2026-04-07", "filled": [change]}}
    assert library.read(clerk, "loan", loan["id"]) == lent
    answer = clerk.post(address, {"days": 7}).expect(200)
    assert (answer["record"]["due_on"], answer["open"]) == ("2026-04-07", {"form": "loan", "id": loan["id"]})
    refused = clerk.post(address, {"days": 60}).expect(422)
    assert (refused["code"], refused["detail"]) == ("too_long", "最多借 60 天。请缩短续借天数。")


def test_propose_name(api: Api) -> None:
    """The dialog starts with what the rule proposes and the defaults; what is sent back is read and checked by cell."""
    clerk = api.as_user("clerk")
    loan = library.loan(clerk, lines=[{"title": "三脚架", "quantity": "2", "price": "30"}])
    address = f"/forms/loan/records/{loan['id']}/actions/settle"
    clerk.get(address).expect(422)
    lent = library.set_state(clerk, loan, "lent")
    line = lent["lines"][0]["id"]
    row = {"line": line, "title": "三脚架", "quantity": "2.000", "place": None, "keeper": None}
    assert clerk.get(address).expect(200) == {"values": {"words": "实验课", "lines": [row]}}
    asked = {"words": "一", "lines": [{"line": line, "quantity": "1.5"}]}
    plan = clerk.post(address, asked, preview=1).expect(200)["plan"]
    assert plan["filled"][0]["value"] == "一；三脚架 1.500"
    assert library.read(clerk, "loan", loan["id"]) == lent
    assert clerk.post(address, asked).expect(200)["record"]["notice"] == "一；三脚架 1.500"
    wrong = [{"line": line, "quantity": "0", "keeper": 10**9}, {"quantity": "1", "title": "x", "id": 7, "more": 1}]
    assert clerk.post(address, {"lines": wrong}).expect(422)["errors"].keys() == {
        "lines.0.quantity",
        "lines.0.keeper",
        "lines.1.line",
        "lines.1.title",
        "lines.1.id",
        "lines.1.more",
    }
    assert clerk.post(address, {}).expect(422)["errors"].keys() == {"lines"}


def test_panel_name(api: Api) -> None:
    """A panel counts what the person may see, as lists do."""
    first, second = api.as_user("clerk"), api.as_user("clerk")
    library.set_state(api, library.loan(first), "lent")
    assert first.get("/panels/desk").expect(200) == {"lent": 1, "late": 0, "deposits": "60.00"}
    assert second.get("/panels/desk").expect(200)["lent"] == 0
    assert api.get("/panels/desk").status == 403
    assert api.get("/panels/nothing").status == 404
    assert first.get("/panels/lending", loan_days="9").expect(200)["longest"] == 9


def test_job_name(api: Api) -> None:
    yesterday = (date.today() - timedelta(days=1)).isoformat()
    loan = library.set_state(api, library.loan(api, lent_on="2026-01-01", due_on=yesterday), "lent")
    assert run_job(api.platform, "library", "remind") == "1 张借阅单逾期。"
    assert library.read(api, "loan", loan["id"])["is_late"] is True
