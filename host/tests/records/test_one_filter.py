"""One row filter on every path: files, buttons in lists, versions of actions, searches for people."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import library
import pytest
from PIL import Image

from lowcode.testing.client import Api
from lowcode.testing.watching import nothing_written


def picture(api: Api) -> str:
    buffer = BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    return str(api.upload("x.png", buffer.getvalue()).expect(201)["id"])


def test_who_is_asked_about_a_loan_may_open_its_files(api: Api) -> None:
    """An approver without scope sees the names of the attachments, and may open them, and no others."""
    clerk = api.as_user("clerk", department="东馆")
    asked, other = api.as_user("head", department="西馆"), api.as_user("clerk", department="西馆")
    files = [picture(clerk) for _each in range(2)]
    loan = library.loan(clerk, attachments=files[:1])
    asked.get(f"/files/{files[0]}").expect(404)
    library.act(clerk, loan, "submit")
    asked.get(f"/forms/loan/records/{loan['id']}").expect(404)
    asked.get(f"/files/{files[0]}").expect(200)
    for who, file in ((asked, files[1]), (other, files[0]), (api.as_user("auditor"), files[1])):
        who.get(f"/files/{file}").expect(404)


def test_a_file_in_a_hidden_field_is_hidden(api: Api) -> None:
    form = api.platform.forms["member"]
    member = library.member(api, photo=picture(api))
    clerk, file = api.as_user("clerk"), member["photo"]["id"]
    clerk.get(f"/files/{file}").expect(200)
    shown: Any = form.fields
    before = shown["photo"]
    shown["photo"] = replace(before, visible_to=("head",))
    try:
        clerk.get(f"/files/{file}").expect(404)
        api.as_user("head").get(f"/files/{file}").expect(200)
    finally:
        shown["photo"] = before


def test_buttons_in_lists_know_the_lines(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition on line items holds in a list as it does on the record."""
    form = api.platform.forms["loan"]
    actions: Any = form.declared.actions
    monkeypatch.setitem(
        actions, "extend", replace(actions["extend"], when={"status": "lent", "lines__quantity__gte": 5})
    )
    clerk = api.as_user("clerk")
    for quantity in ("2", "5"):
        loan = library.loan(clerk, lines=[{"title": "三脚架", "quantity": quantity, "price": "30"}])
        library.set_state(api, loan, "lent")
        (item,) = clerk.get("/forms/loan/records", id=loan["id"]).expect(200)["items"]
        record = clerk.get(f"/forms/loan/records/{loan['id']}").expect(200)
        assert ("extend" in item["$can"]) == ("extend" in record["$can"]) == (quantity == "5")
        assert "lines" not in item


@pytest.mark.parametrize("where", ["header", "body"])
def test_an_action_on_a_stale_record_is_refused(api: Api, where: str) -> None:
    clerk = api.as_user("clerk")
    loan = library.loan(clerk)
    address = f"/forms/loan/records/{loan['id']}"
    changed = clerk.patch(address, {"subject": "新"}, loan["version"]).expect(200)

    def submit(version: int) -> Any:
        headers = {"If-Match": f'"{version}"'} if where == "header" else {}
        body = {} if where == "header" else {"version": version}
        return clerk.call("POST", f"{address}/actions/submit", body, headers)

    with nothing_written(api.platform):
        assert submit(loan["version"]).expect(409)["code"] == "stale_version"
    submit(changed["version"]).expect(200)


def test_people_are_found_in_either_case_and_literally(api: Api) -> None:
    api.as_user("clerk", name="Ann 100%")
    found = api.open("GET", "/pick/people?search=aNN%20100%25", api.credentials).json["items"]
    assert [each["text"] for each in found] == ["Ann 100%"]
    assert api.open("GET", "/pick/people?search=a%25n", api.credentials).json["items"] == []
