"""Who may do what, and why: what is said is what the API does, in every cell."""

from dataclasses import replace
from operator import itemgetter
from typing import Any

import library
import pytest

from lowcode.testing.client import Answer, Api
from lowcode.testing.conformance.matrix import actors_of, places_of
from lowcode.testing.examples import Examples
from lowcode.testing.undone import undone

ROLES = ("clerk", "head", "auditor", "admin")


def explain(api: Api, **query: Any) -> dict[str, Any]:
    told: dict[str, Any] = api.get("/access/explain", **query).expect(200)
    return told


def reasons(told: dict[str, Any]) -> dict[str, str]:
    return {each["verb"]: each["reason"] for each in told["record"]["verbs"]}


def test_what_is_explained_is_what_the_api_does(api: Api) -> None:
    examples, cells = Examples(api), 0
    actors = [actor for actor in actors_of(examples) if not actor.is_nobody]
    for form in api.platform.forms.values():
        places = [(actor, place) for actor in actors for place in places_of(form, examples, actor)]
        with undone(api.platform) as state:
            for actor, place in places:
                record = place.record
                address = f"/forms/{form.name}/records/{record.id}"
                told = explain(api, user=actor.api.user_id, form=form.name, record=record.id)
                verbs = {each["verb"]: each["allowed"] for each in told["record"]["verbs"]}
                for verb, method in (("read", "GET"), ("edit", "PATCH"), ("delete", "DELETE")):
                    with state.attempt():
                        body = None if method == "GET" else {"version": record.version}
                        answer = actor.api.call(method, address, body)
                    cells += 1
                    assert verbs[verb] == is_done(answer), (form.name, actor.name, place.name, verb, answer, told)
                of_form = {each["verb"]: each["allowed"] for each in told["forms"][0]["verbs"]}
                exported = actor.api.call("GET", f"/forms/{form.name}/export")
                created = actor.api.post(f"/forms/{form.name}/preview", {})
                assert (of_form["export"], of_form["create"]) == (exported.status == 200, created.status == 200)
                shown = actor.api.get(address)
                if shown.status == 200:
                    steps = [name for name in shown.json["$can"] if name not in ("edit", "delete", "share")]
                    assert steps == told["record"]["steps"]
    assert cells > 150


def is_done(answer: Answer) -> bool:
    """A rule that keeps a record from deletion is no matter of permission."""
    return answer.status in (200, 204) or (answer.json or {}).get("code") == "delete_refused"


def test_reasons_are_sentences(api: Api) -> None:
    clerk, head, guest = (
        api.as_user(role, department=place) for role, place in (("clerk", "东馆"), ("head", "西馆"), ("clerk", "北馆"))
    )
    loan = library.loan(clerk)
    about = {"form": "loan", "record": loan["id"]}
    assert reasons(explain(api, user=clerk.user_id, **about)) == {
        "read": "角色“馆员”可以查看本人负责的记录。",
        "edit": "角色“馆员”可以编辑本人负责的记录。",
        "delete": "角色“馆员”可以删除本人负责的记录。",
    }
    told = reasons(explain(api, user=head.user_id, **about))
    assert told["read"] == "他的角色只能查看本部门及下级部门的记录，这条不在其中。"
    assert told["edit"] == "不能查看这条记录，所以也不能编辑。"
    auditor = reasons(explain(api, user=api.as_user("auditor").user_id, **about))
    assert auditor["read"] == "规则把范围限定为“借阅状态 不等于 草稿”，这条记录不符合。"
    for level, edit in (("read", "这条记录只共享给他查看，不能编辑。"), ("write", "这条记录共享给了他（读写）。")):
        members = [{"user": guest.user_id, "level": level}]
        clerk.put(f"/forms/loan/records/{loan['id']}/team", {"members": members}).expect(200)
        assert reasons(explain(api, user=guest.user_id, **about))["edit"] == edit
    told = reasons(explain(api, user=guest.user_id, **about))
    assert told["delete"] == "他的角色只能删除本人负责的记录，这条不在其中。"
    library.set_state(api, loan, "lent")
    assert reasons(explain(api, user=clerk.user_id, **about))["edit"] == "“借出”状态的记录不能修改或删除。"
    assert reasons(explain(api, user=api.as_user("auditor").user_id, **about))["edit"] == "他的角色都没有“编辑”的权限。"


def test_forms_grants_and_fields(api: Api) -> None:
    auditor = api.as_user("auditor")
    (member,) = (each for each in explain(api, user=auditor.user_id)["forms"] if each["form"] == "member")
    read = member["verbs"][0]
    scopes = [(grant["label"], grant["scope"]) for grant in read["grants"]]
    assert scopes == [("审计", "本人负责的"), ("审计", "满足条件（借阅次数 大于等于 1）的")]
    assert [each["name"] for each in member["hidden_fields"]] == ["remark"]
    assert [(each["name"], each["without"]) for each in member["masked_fields"]] == [
        ("phone", "edit"),
        ("email", "delete"),
    ]


def test_an_export_holds_what_the_exporting_role_reads(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    grants: Any = api.platform.forms["loan"].declared.access
    monkeypatch.setitem(grants, "head", replace(grants["head"], export=True))
    both = api.as_user("auditor", "clerk", "head")
    (loan,) = explain(api, user=both.user_id, form="loan")["forms"]
    (export,) = (each for each in loan["verbs"] if each["verb"] == "export")
    assert [(grant["role"], grant["scope"]) for grant in sorted(export["grants"], key=itemgetter("role"))] == [
        ("auditor", "全部"),
        ("head", "本部门及下级部门的"),
    ]


def test_roles_by_forms(api: Api) -> None:
    told = api.get("/access/roles").expect(200)
    assert [role["name"] for role in told["roles"]] == ["admin", "clerk", "head", "auditor"]
    (loan,) = (each for each in told["forms"] if each["form"] == "loan")
    assert loan["roles"]["clerk"]["查看"] == "本人负责的和共享给本人的"
    assert loan["roles"]["auditor"] == {"查看": "全部", "导出": "允许"}


def test_only_administrators_ask(api: Api) -> None:
    head = api.as_user("head")
    head.get("/access/explain", user=head.user_id).expect(403)
    head.get("/access/roles").expect(403)
    assert set(api.get("/access/explain").errors) == {"user"}
    assert set(api.get("/access/explain", user=1, record=3).errors) == {"record"}
    api.get("/access/explain", user=10**9).expect(404)
    api.get("/access/explain", user=1, form="nothing").expect(404)
    api.get("/access/explain", user=1, form="loan", record=10**9).expect(404)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page(api: Api, language: str) -> None:
    clerk = api.as_user("clerk")
    loan = library.loan(clerk)
    headers = {**api.credentials, "Accept-Language": language}
    for query in ("", f"?user={clerk.user_id}", f"?user={clerk.user_id}&form=loan&record={loan['number']}"):
        page = api._client.get(f"/access{query}", headers=headers)
        assert page.status_code == 200
        text = page.get_data(as_text=True)
        assert 'id="of-roles"' in text
        assert ('id="of-record"' in text) == ("record" in query)
    missing = api._client.get(f"/access?user={clerk.user_id}&form=loan&record=nothing", headers=headers)
    assert 'role="alert"' in missing.get_data(as_text=True)
    assert clerk._client.get("/access", headers=clerk.credentials).status_code == 403


def test_team_tab_and_export_button(api: Api) -> None:
    clerk, guest = api.as_user("clerk"), api.as_user("clerk", name="来帮忙的")
    loan = library.loan(clerk)

    def page(who: Api, address: str) -> str:
        return str(who._client.get(address, headers=who.credentials).get_data(as_text=True))

    assert 'id="tab-team"' in page(clerk, f"/f/loan/{loan['id']}")
    assert 'id="team-user"' in page(clerk, f"/f/loan/{loan['id']}?tab=team")
    for level in ("read", "write"):
        sent = {"user": str(guest.user_id), "level": level}
        answer = clerk._client.post(f"/f/loan/{loan['id']}/team", data=sent, headers=clerk.credentials)
        assert answer.status_code == 204
    tab = page(guest, f"/f/loan/{loan['id']}?tab=team")
    assert "来帮忙的" in tab
    assert 'id="team-user"' not in tab
    history = page(clerk, f"/f/loan/{loan['id']}?tab=history")
    assert "来帮忙的（读写）" in history
    refused = clerk._client.post(
        f"/f/loan/{loan['id']}/team", data={"user": "", "level": "read"}, headers=clerk.credentials
    )
    assert refused.status_code == 422
    gone = {"user": str(guest.user_id), "level": "remove"}
    clerk._client.post(f"/f/loan/{loan['id']}/team", data=gone, headers=clerk.credentials)
    guest.get(f"/forms/loan/records/{loan['id']}").expect(404)
    assert 'id="export"' not in page(clerk, "/f/loan/all")
    listed = page(api, "/f/loan/all?search=实验")
    assert "/api/v1/forms/loan/export?search=" in listed
    assert "sort-phone" not in page(api, "/f/member/all")
