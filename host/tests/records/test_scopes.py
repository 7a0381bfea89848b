"""Row scope in particular cases; the matrix of roles and verbs is in the generic suite."""

from contextlib import nullcontext

import library
import pytest

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written


def listed(api: Api, form: str = "loan") -> set[int]:
    return {item["id"] for item in api.get(f"/forms/{form}/records", per_page=200).expect(200)["items"]}


def test_a_head_sees_the_departments_below(api: Api) -> None:
    api.platform.as_system(lambda ctx: ctx.users.ensure_department("分馆", "总馆"))
    clerk, head, sideways = (
        api.as_user(role, department=place) for role, place in (("clerk", "分馆"), ("head", "总馆"), ("head", "别处"))
    )
    loan = library.loan(clerk)
    assert listed(head) == {loan["id"]} == listed(clerk)
    assert listed(sideways) == set()


def test_a_record_moves_with_its_owner(api: Api) -> None:
    first, second = (api.as_user("clerk", department=place) for place in ("东馆", "西馆"))
    head = api.as_user("head", department="西馆")
    loan = library.loan(first)
    assert listed(head) == set()
    api.patch(f"/forms/loan/records/{loan['id']}", {"clerk": second.user_id}, loan["version"]).expect(200)
    assert listed(head) == {loan["id"]} == listed(second)
    assert listed(first) == set()


def test_nobody_gives_a_record_out_of_his_own_hands(api: Api) -> None:
    clerk, other = (api.as_user("clerk", department=place) for place in ("东馆", "西馆"))
    loan = library.loan(clerk)
    with nothing_written(api.platform):
        address = f"/forms/loan/records/{loan['id']}"
        answer = clerk.patch(address, {"clerk": other.user_id}, loan["version"])
        assert answer.expect(403)["code"] == "out_of_scope"
    payload = library.loan_payload(api, clerk=other.user_id)
    with nothing_written(api.platform):
        assert clerk.post("/forms/loan/records", payload).expect(403)["code"] == "out_of_scope"


def test_a_scope_may_mix_words_and_conditions(api: Api) -> None:
    auditor = api.as_user("auditor")
    lent, never, own = library.member(api), library.member(api), library.member(api, keeper=auditor.user_id)
    library.loan(api, member=lent["id"])
    assert listed(auditor, "member") == {lent["id"], own["id"]}
    auditor.get(f"/forms/member/records/{never['id']}").expect(404)


def test_two_roles_grant_what_either_grants(api: Api) -> None:
    both = api.as_user("clerk", "head", department="东馆")
    theirs = library.loan(api.as_user("clerk", department="东馆"))
    assert listed(both) == {theirs["id"]}
    both.patch(f"/forms/loan/records/{theirs['id']}", {"subject": "x"}, theirs["version"]).expect(200)


def test_roles_do_not_lend_each_other_a_scope(api: Api) -> None:
    """Auditors read all loans and hand out none; heads hand out those of their department."""
    both = api.as_user("head", "auditor", department="东馆")
    theirs, foreign = (library.loan(api.as_user("clerk", department=place)) for place in ("东馆", "西馆"))
    for loan, status in ((theirs, 200), (foreign, 403)):
        lent = library.set_state(api, loan, "lent")
        address = f"/forms/loan/records/{loan['id']}"
        offered = both.get(address).expect(200)["$can"]
        assert ("take_back" in offered, "extend" in offered) == (status == 200, status == 200)
        (listed_,) = both.get("/forms/loan/records", id=loan["id"]).expect(200)["items"]
        assert set(listed_["$can"]) == set(offered)
        explained = api.get("/access/explain", user=both.user_id, form="loan", record=loan["id"]).expect(200)
        assert set(explained["record"]["steps"]) & {"take_back", "extend"} == set(offered) & {"take_back", "extend"}
        with nothing_written(api.platform) if status == 403 else nullcontext():
            both.post(f"{address}/actions/take_back", {}).expect(status)
            (many,) = both.post("/forms/loan/actions/take_back", {"ids": [loan["id"]]}).expect(200)
            assert many["status"] == (422 if status == 200 else 403), "it has been taken back, or may not be"
        assert lent["status"] == "lent"


def test_somebody_without_a_role_sees_no_form(api: Api) -> None:
    nobody = api.as_user()
    assert nobody.get("/forms").expect(200) == []
    for address in ("/forms/loan", "/forms/loan/records", "/forms/loan/bin"):
        nobody.get(address).expect(404)


def test_the_recycle_bin_is_for_those_who_delete(api: Api) -> None:
    clerk, other = (api.as_user("clerk", department="东馆") for _each in range(2))
    loan = library.loan(clerk)
    clerk.delete(f"/forms/loan/records/{loan['id']}", loan["version"]).expect(204)
    bins = [person.get("/forms/loan/bin").expect(200)["total"] for person in (clerk, other, api)]
    assert bins == [1, 0, 1]
    other.post(f"/forms/loan/records/{loan['id']}/restore", {}).expect(404)
    api.as_user("auditor").get("/forms/loan/bin").expect(403)


@pytest.mark.parametrize("role", ["clerk", "auditor"])
def test_a_form_shows_what_its_roles_may(api: Api, role: str) -> None:
    shown = api.as_user(role).get("/forms/loan").expect(200)
    assert shown["can"] == {"clerk": ["read", "create", "edit", "delete"], "auditor": ["read", "export"]}[role]
    assert ("extend" in [action["name"] for action in shown["actions"]]) == (role == "clerk")
