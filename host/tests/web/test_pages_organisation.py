"""Pages of people, departments, roles, security and one's own profile."""

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import library
import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lowcode.identity import passwords
from lowcode.identity.policy import Policy
from lowcode.identity.tables import users
from lowcode.platform import Platform
from lowcode.testing.client import Api
from lowcode.testing.databases import PASSWORD, Databases
from lowcode.web.pages.organisation import first_password
from lowcode.web.pages.profile import device

ADMIN_PAGES = (
    *("/org/users", "/org/users/new", "/org/users/1/edit", "/org/users/1/password", "/org/users/1/hand-over"),
    *("/org/users/1/sign-out", "/org/users/1/two-step", "/org/departments", "/org/departments/new", "/org/roles"),
    "/security",
)
ADMIN_WRITES = (
    *("/org/users/new", "/org/users/1/edit", "/org/users/1/password", "/org/users/1/hand-over", "/org/users/1/view"),
    *("/org/users/1/sign-out", "/org/users/1/two-step", "/org/departments/new", "/org/departments/1/edit"),
    *("/org/departments/1/delete", "/security"),
)
PART = {"HX-Request": "true"}
ROWS = PART | {"HX-Target": "records"}
GOOD = "Kranich-4711"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"


@pytest.fixture
def platform(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Platform]:
    with databases.platform(database_kind, library.MODULES, tmp_path) as started:
        yield started


class Browser:
    """One person with a cookie and the token of the last page."""

    def __init__(self, api: Api, username: str, password: str = PASSWORD) -> None:
        self.client: FlaskClient = api.app.test_client()
        self.get("/login")
        form = {"username": username, "password": password, "csrf_token": self.token}
        self.signed_in = self.client.post("/login", data=form, headers={"User-Agent": CHROME})

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        sent = {"Accept-Language": "zh-CN", **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = self.client.get(path, headers=sent)
        assert answer.status_code == status, answer.text
        if found := re.search(r'name="csrf_token" value="([^"]+)"', answer.text):
            self.token = found[1]
        return unescape(answer.text)

    def post(self, path: str, key: str = "", **form: Any) -> TestResponse:
        headers = PART | ({"Idempotency-Key": key} if key else {})
        return self.client.post(path, data={**form, "csrf_token": self.token}, headers=headers)

    def done(self, path: str, **form: Any) -> str:
        """Post what has to succeed; give the message."""
        answer = self.post(path, **form)
        assert answer.status_code == 204, answer.text
        return str(json.loads(answer.headers["HX-Trigger"])["saved"]["message"])

    def faults(self, path: str, status: int = 422, **form: Any) -> dict[str, str]:
        """Post what has to be refused; give the sentences beside the fields, and the one on top as `""`."""
        answer = self.post(path, **form)
        assert answer.status_code == status, answer.text
        text = unescape(answer.text)
        found = dict(re.findall(r'<div id="e-([\w-]+)" hx-swap-oob="innerHTML">([^<]*)</div>', text))
        top = re.search(r'role="alert">.*?<div>([^<]*)', text, re.DOTALL)
        return found | ({"": top[1].strip()} if top else {})


@pytest.fixture
def admin(api: Api) -> Browser:
    browser = Browser(api, "admin")
    browser.get("/org/users")
    return browser


@pytest.fixture
def clerk(api: Api) -> Browser:
    made = api.as_user("clerk", department="东馆", name="李馆员")
    return Browser(api, made.user_or_fail.username)


def person(platform: Platform, name: str) -> Mapping[str, Any]:
    with platform.db.read() as connection:
        return dict(connection.execute(select(users).where(users.c.name == name)).one()._mapping)


def new_user(**values: Any) -> dict[str, Any]:
    return {
        "username": "wang",
        "name": "王强",
        "password": GOOD,
        "must_change_password": "1",
        "is_active": "1",
        **values,
    }


def test_pages_are_for_administrators(api: Api, admin: Browser, clerk: Browser) -> None:
    for path in ADMIN_PAGES:
        assert "csrf_token" in admin.get(path), path
        assert "只有管理员可以使用此功能" in clerk.get(path, 403)
        assert api.app.test_client().get(path).location.startswith("/login")
    clerk.get("/me")
    for path in ADMIN_WRITES:
        assert clerk.post(path).status_code == 403, path


def test_writes_need_the_token_of_a_page(admin: Browser, platform: Platform) -> None:
    for path in (*ADMIN_WRITES, "/viewing/stop", "/me/email", "/me/two-step", "/me/sessions/end-others"):
        assert admin.client.post(path, data={}, headers=PART).status_code == 403, path


def test_the_menu_leads_to_pages_that_are_there(admin: Browser, clerk: Browser) -> None:
    sider = admin.get("/org/users").partition('id="sider"')[2].partition("</nav>")[0]
    links = re.findall(r'<a href="([^"]+)"', sider)
    assert {"/org/users", "/org/departments", "/org/roles", "/access", "/security", "/flows"} <= set(links)
    for link in links:
        assert admin.client.get(link, follow_redirects=True).status_code == 200, link
    page = clerk.get("/me")
    assert "/org/users" not in page
    assert 'href="/me"' in page


def test_a_new_person(admin: Browser, api: Api, platform: Platform) -> None:
    place = platform.as_system(lambda ctx: ctx.users.ensure_department("西馆"))
    page = admin.get("/org/users/new")
    assert {"馆员", "馆长", "审计", "平台管理员"} <= set(re.findall(r"checkbox[^>]*> ?([^<]+)</label>", page))
    assert "西馆" in page
    form = new_user(department=str(place), email="wang@example.com", roles=["clerk", "head"])
    for _click in range(2):
        assert admin.done("/org/users/new", key="one", **form) == "已新增用户“王强”。"
    made = person(platform, "王强")
    shown = api.get(f"/users/{made['id']}").expect(200)
    assert (shown["roles"], shown["email"]) == (["clerk", "head"], "wang@example.com")
    assert shown["department"]["title"] == "西馆"
    assert Browser(api, "wang", GOOD).signed_in.location == "/password"


def test_the_suggested_password_is_accepted(admin: Browser, platform: Platform) -> None:
    found = re.search(r'name="password" value="([^"]+)"', admin.get("/org/users/new"))
    assert found
    admin.done("/org/users/new", **new_user(password=found[1]))


@pytest.mark.parametrize("classes", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [8, 40])
def test_suggestions_fit_every_policy(classes: int, length: int) -> None:
    rules = Policy(min_length=length, classes=classes)
    made = {first_password(rules) for _time in range(50)}
    assert len(made) == 50
    assert {passwords.fault(each, "wang", rules) for each in made} == {None}


def test_faults_stand_beside_their_fields(admin: Browser, platform: Platform) -> None:
    faults = admin.faults("/org/users/new", username="", name="", password="short", email="x", roles=["nobody"])
    assert faults[""] == "请改正标出的内容后再提交。"
    assert faults["username"] == faults["name"] == "请填写此项。"
    assert {"email", "roles"} <= faults.keys()
    assert "至少 8 个字符" in admin.faults("/org/users/new", **new_user(password="short"))["password"]
    assert admin.faults("/org/users/new", 409, **new_user(username="ADMIN"))["username"] == "用户名已被使用，请换一个。"
    assert admin.faults("/org/users/new", **new_user(department="99999"))["department"]
    with platform.db.read() as connection:
        assert connection.scalars(select(users.c.username)).all() == ["admin"]


def test_a_person_is_changed(admin: Browser, clerk: Browser, api: Api, platform: Platform) -> None:
    known = person(platform, "李馆员")
    page = admin.get(f"/org/users/{known['id']}/edit")
    assert re.search(r'value="clerk"[^>]*checked', page)
    assert not re.search(r'value="head"[^>]*checked', page)
    assert 'name="password"' not in page
    form = {"username": known["username"], "name": "李馆长", "department": "", "roles": ["head"], "is_active": "1"}
    assert admin.done(f"/org/users/{known['id']}/edit", **form) == "已保存。"
    shown = api.get(f"/users/{known['id']}").expect(200)
    assert (shown["name"], shown["department"], shown["roles"]) == ("李馆长", None, ["head"])
    clerk.get("/me", 303)  # other roles end the sessions
    again = Browser(api, known["username"])
    again.get("/me")
    del form["is_active"]
    admin.done(f"/org/users/{known['id']}/edit", **form)
    again.get("/me", 303)
    assert admin.faults(f"/org/users/{known['id']}/edit", **form | {"name": ""})["name"] == "请填写此项。"


def test_the_last_administrator_stays(admin: Browser, platform: Platform) -> None:
    faults = admin.faults("/org/users/1/edit", username="admin", name="管理员", roles=[], is_active="1")
    assert faults[""] == "这是最后一位启用的管理员，请先指定另一位管理员。"
    admin.get("/org/users")


def test_the_list_is_narrowed_and_has_pages(admin: Browser, api: Api, platform: Platform) -> None:
    for number in range(23):
        api.as_user("clerk" if number % 2 else "head", department="东馆" if number else "西馆", name=f"员工{number:02}")
    first, second = admin.get("/org/users"), admin.get("/org/users?page=2")
    assert "共 24 条" in first
    assert (first.count("<tr>"), second.count("<tr>")) == (21, 5)
    assert 'hx-get="/org/users?page=2"' in first
    assert admin.get("/org/users?per_page=50").count("<tr>") == 25
    assert admin.get("/org/users?search=员工07").count("<tr>") == 2
    assert admin.get("/org/users?role=head").count("<tr>") == 13
    west = platform.as_system(lambda ctx: ctx.users.ensure_department("西馆"))
    assert admin.get(f"/org/users?department={west}").count("<tr>") == 2
    api.patch(f"/users/{person(platform, '员工01')['id']}", {"is_active": False}).expect(200)
    assert admin.get("/org/users?active=no").count("<tr>") == 2
    assert "没有符合条件的用户" in admin.get("/org/users?search=谁")
    assert "这一页没有用户" in admin.get("/org/users?page=9")
    for wrong in ("page=x", "page=-1", "per_page=7", "department=x", f"page={'9' * 18}", "active=perhaps"):
        admin.get(f"/org/users?{wrong}")


def test_the_filter_bar_gets_rows_and_an_address_to_keep(admin: Browser) -> None:
    answer = admin.client.get("/org/users?search=adm&role=&department=&active=yes", headers=ROWS)
    assert answer.headers["HX-Push-Url"] == "/org/users?search=adm&active=yes"
    assert answer.text.startswith('<div id="records"')


def test_a_reset_password(admin: Browser, clerk: Browser, api: Api, platform: Platform) -> None:
    known = person(platform, "李馆员")
    path = f"/org/users/{known['id']}/password"
    assert "密码须含有" in admin.get(path)
    assert "太常见" in admin.faults(path, password="Password1", must_change_password="1")["password"]
    clerk.get("/me")
    assert admin.done(path, password=GOOD, must_change_password="1") == "已重置密码。"
    clerk.get("/me", 303)
    assert Browser(api, known["username"]).signed_in.status_code == 401
    assert Browser(api, known["username"], GOOD).signed_in.location == "/password"


def test_signing_a_person_out(admin: Browser, clerk: Browser, platform: Platform) -> None:
    path = f"/org/users/{person(platform, '李馆员')['id']}/sign-out"
    assert "确定让“李馆员”在所有设备上退出登录吗？" in admin.get(path)
    clerk.get("/me")
    assert admin.done(path) == "已强制下线。"
    clerk.get("/me", 303)


def secret_of(browser: Browser, password: str = PASSWORD) -> str:
    """Begin the second step; give the secret that the page shows."""
    answer = browser.post("/me/two-step", password=password)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (200, "#dialog")
    found = re.search(r"<output[^>]*>([A-Z2-7 ]+)</output>", answer.text)
    assert found
    picture = answer.text.partition("<svg")[2].partition("</svg>")[0]
    assert "<path" in picture
    assert "style" not in picture
    return found[1].replace(" ", "")


def test_a_second_step_is_set_up_and_removed(clerk: Browser, api: Api, admin: Browser, platform: Platform) -> None:
    assert "请先确认是您本人" in clerk.get("/me/two-step")
    assert clerk.faults("/me/two-step", password="wrong")["password"] == "密码不正确，请重新输入。"
    codes = pyotp.TOTP(secret_of(clerk))
    assert "验证码不正确" in clerk.faults("/me/two-step/confirm", code="0")["code"]
    assert clerk.done("/me/two-step/confirm", code=codes.now()) == "已开启两步验证，下次登录时需要验证码。"
    assert 'hx-get="/me/two-step/remove"' in clerk.get("/me")
    known = person(platform, "李馆员")
    assert Browser(api, known["username"]).signed_in.status_code == 401
    assert f"/org/users/{known['id']}/two-step" in admin.get("/org/users")
    clerk.get("/me/two-step/remove")
    assert clerk.faults("/me/two-step/remove", password="wrong")["password"] == "密码不正确，请重新输入。"
    assert person(platform, "李馆员")["totp_secret"]
    assert clerk.done("/me/two-step/remove", password=PASSWORD) == "已关闭两步验证。"
    assert Browser(api, known["username"]).signed_in.status_code == 303


def test_an_administrator_switches_a_second_step_off(clerk: Browser, admin: Browser, platform: Platform) -> None:
    clerk.get("/me")
    clerk.done("/me/two-step/confirm", code=pyotp.TOTP(secret_of(clerk)).now())
    path = f"/org/users/{person(platform, '李馆员')['id']}/two-step"
    assert "确定关闭“李馆员”的两步验证吗？" in admin.get(path)
    assert admin.done(path) == "已关闭两步验证。"
    assert person(platform, "李馆员")["totp_secret"] is None


def test_looking_through_anothers_eyes(admin: Browser, clerk: Browser, platform: Platform) -> None:
    known = person(platform, "李馆员")
    answer = admin.post(f"/org/users/{known['id']}/view")
    assert json.loads(answer.headers["HX-Trigger"])["saved"]["follow"] == "/"
    for path in ("/me", "/f/loan/all", "/f/member/all"):
        page = admin.get(path)
        assert "正在以“李馆员”的身份查看（只读）" in page
        assert 'action="/viewing/stop"' in page
    assert "/org/users" not in page
    admin.get("/org/users", 403)
    refused = admin.post("/me/email", email="x@example.com")
    assert (refused.status_code, "只能查看不能修改" in refused.text) == (403, True)
    assert 'class="error-detail"' in refused.text
    assert person(platform, "李馆员")["email"] is None
    assert admin.post("/viewing/stop").location == "/org/users"
    assert "正在以" not in admin.get("/org/users")
    assert "正在以" not in clerk.get("/me")


def test_one_does_not_look_through_ones_own_eyes(admin: Browser) -> None:
    assert admin.post("/org/users/1/view").status_code == 422
    assert admin.post("/org/users/999/view").status_code == 404
    assert "/org/users/1/view" not in admin.get("/org/users")


def test_a_leavers_work_is_handed_over(admin: Browser, api: Api, platform: Platform) -> None:
    leaver = api.as_user("clerk", department="东馆", name="离职者")
    stayer = api.as_user("clerk", department="东馆", name="接手者")
    made = [library.loan(leaver) for _each in range(2)]
    platform.as_system(lambda ctx: ctx.users.set_head("东馆", leaver.user_id))
    path = f"/org/users/{leaver.user_id}/hand-over"
    page = admin.get(path)
    assert "“离职者”的离职交接" in page
    assert re.search(r"借阅单</td><td[^>]*>2<", page)
    assert "东馆" in page
    assert 'data-remote="/pick/people"' in page
    assert admin.faults(path, to="")["to"] == "请选择接收人。"
    assert admin.faults(path, to=str(leaver.user_id))["to"]
    told = admin.done(path, to=str(stayer.user_id), disable="1")
    assert re.fullmatch(r"已交接给“接手者”：\d+ 条记录、0 项待办、1 个部门。", told)
    for loan in made:
        assert library.read(api, "loan", loan["id"])["clerk"]["id"] == stayer.user_id
    assert not person(platform, "离职者")["is_active"]
    assert "没有需要交接的内容" in admin.get(path)


def test_departments(admin: Browser, api: Api, platform: Platform) -> None:
    assert "还没有部门" in admin.get("/org/departments")
    assert admin.faults("/org/departments/new", name="")["name"] == "请填写此项。"
    assert admin.done("/org/departments/new", name="总馆") == "已新增部门“总馆”。"
    (top,) = api.get("/departments").expect(200)["items"]
    page = admin.get(f"/org/departments/new?parent={top['id']}")
    assert re.search(rf'<option value="{top["id"]}" selected *>', page)
    admin.done("/org/departments/new", name="东馆", parent=str(top["id"]))
    head = api.as_user("head", department="东馆", name="赵馆长")
    east = api.get("/departments").expect(200)["items"][1]
    path = f"/org/departments/{east['id']}"
    assert east["parent"]["title"] == "总馆"
    admin.done(f"{path}/edit", name="东区分馆", parent=str(top["id"]), head=str(head.user_id))
    page = admin.client.get("/org/departments", headers=ROWS).text
    assert page.startswith('<div id="records"')
    assert "东区分馆" in page
    assert "赵馆长" in page
    assert re.findall(r'<td class="right">(?:<a [^>]*>)?(\d+)', page) == ["0", "1", "1", "1"]
    assert re.search(rf'<option value="{head.user_id}" selected>赵馆长', admin.get(f"{path}/edit"))
    assert f'<option value="{east["id"]}"' not in admin.get(f"/org/departments/{top['id']}/edit")
    faults = admin.faults(f"/org/departments/{top['id']}/edit", name="总馆", parent=str(east["id"]))
    assert faults["parent"] == "上级部门不能是本部门或其下级部门，请另选。"
    admin.done(f"{path}/edit", name="东区分馆", parent="", head="")
    moved = api.get(f"/departments/{east['id']}").expect(200)
    assert (moved["parent"], moved["head"]) == (None, None)


def test_a_department_in_use_is_not_deleted(admin: Browser, api: Api, platform: Platform) -> None:
    keeper = api.as_user("head", department="东馆", name="赵馆长")
    place = platform.as_system(lambda ctx: ctx.users.ensure_department("东馆"))
    path = f"/org/departments/{place}/delete"
    assert "确定删除部门“东馆”吗？" in admin.get(path)
    refused = admin.post(path)
    assert (refused.status_code, "还有人员" in refused.text) == (409, True)
    assert "东馆" in admin.get("/org/departments")
    api.patch(f"/users/{keeper.user_id}", {"department": None}).expect(200)
    assert admin.done(path) == "已删除。"
    assert "还没有部门" in admin.get("/org/departments")
    admin.get(path, 404)


def test_roles_tell_who_and_what(admin: Browser, api: Api) -> None:
    api.as_user("clerk", name="李馆员")
    api.as_user("clerk", name="孙馆员")
    page = admin.get("/org/roles")
    clerk = next(
        each for each in re.findall(r'<details class="card role.*?</details>', page, re.DOTALL) if "· clerk" in each
    )
    assert "馆员" in clerk
    assert "2 人" in clerk
    assert {"李馆员", "孙馆员"} <= set(re.findall(r">([^<>]+)</button>", clerk))
    assert 'href="/org/users?role=clerk"' in clerk
    loans = re.search(r"借阅单</span></td>(.*?)</tr>", clerk, re.DOTALL)
    assert loans
    assert re.findall(r"<td[^>]*>([^<]+)</td>", loans[1])[:2] == ["本人负责的和共享给本人的", "允许"]
    assert page.count("还没有人有这个角色。") == 2  # head and auditor
    assert "平台管理员" in page


def test_the_password_policy(admin: Browser, api: Api) -> None:
    assert 'name="min_length" value="8"' in admin.get("/security")
    form: dict[str, Any] = {"min_length": "10", "classes": "3", "history": "5", "expiry_days": "90", "remind_days": "7"}
    assert "已保存" in admin.done("/security", **form)
    assert api.get("/password_policy").expect(200) == {
        **{name: int(value) for name, value in form.items()},
        "force_change": False,
    }
    faults = admin.faults("/security", **form | {"min_length": "3", "classes": "x", "history": ""})
    assert {"min_length", "classes", "history"} <= faults.keys()
    assert "请改小" in admin.faults("/security", **form | {"remind_days": "90"})["remind_days"]
    assert api.get("/password_policy").expect(200)["min_length"] == 10
    assert "至少 10 个字符" in admin.get("/org/users/new")


def test_ones_own_page(clerk: Browser, platform: Platform) -> None:
    page = clerk.get("/me")
    assert "李馆员" in page
    assert "东馆" in page
    assert "馆员</span>" in page
    assert "Chrome · Windows" in page
    assert "当前设备" in page
    assert 'id="notification-switches"' in page
    assert clerk.faults("/me/email", email="no address")["email"]
    assert clerk.done("/me/email", email="li@example.com", name="别名") == "已保存。"
    known = person(platform, "李馆员")
    assert known["email"] == "li@example.com"
    assert "li@example.com" in clerk.get("/me")
    clerk.done("/me/email", email="")
    assert person(platform, "李馆员")["email"] is None


def test_ones_own_sessions(clerk: Browser, api: Api, platform: Platform) -> None:
    username = person(platform, "李馆员")["username"]
    second, third = Browser(api, username), Browser(api, username)
    page = clerk.get("/me")
    ends = re.findall(r'hx-post="(/me/sessions/[^"]+/end)"', page)
    assert len(ends) == 3  # the API's, and those of the two other browsers
    assert page.count("当前设备") == 1
    foreign = Browser(api, "admin")
    foreign.get("/me")
    assert foreign.post(ends[0]).status_code == 404
    for end in ends[:1]:
        assert clerk.done(end) == "已退出该设备。"
        assert clerk.post(end).status_code == 404
    assert clerk.done("/me/sessions/end-others") == "已退出其他所有设备。"
    second.get("/me", 303)
    third.get("/me", 303)
    assert "end-others" not in clerk.get("/me")
    foreign.get("/me")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/141.0 Mobile Safari/537.36 MicroMessenger/8.0", "WeChat · Android"),
        ("robot/1.0", "robot/1.0"),
        ("", "未知设备"),
    ],
)
def test_devices_have_names(agent: str, name: str) -> None:
    assert device(agent) == name


def test_pages_speak_english(api: Api, platform: Platform) -> None:
    with platform.db.write() as connection:
        connection.execute(users.update().where(users.c.id == 1).values(language="en", name="Admin"))
    browser = Browser(api, "admin")
    for path in (*ADMIN_PAGES, "/me", "/me/email", "/me/two-step", "/me/two-step/remove"):
        page = re.sub(
            r"(?s)<nav class=\"sider\".*?</nav>|<details class=\"menu.*?</details>|lang=\"zh-CN\"[^>]*>中文",
            "",
            browser.get(path),
        )
        assert re.findall(r"[\u4e00-\u9fff]+", page) == [], path
