"""Printable pages: what they show to whom, and what becomes of a faulty template."""

from pathlib import Path
from typing import Any

import library
import pytest

from lowcode.errors import Refused
from lowcode.platform import Platform
from lowcode.templates import templates
from lowcode.testing.client import Api


def page(api: Api, address: str, language: str = "zh") -> tuple[int, str, Any]:
    """Get a page as the person of `api`; give status, text and headers."""
    headers = {**api._headers, "Accept-Language": language}
    answer = api._client.get(address, headers=headers)
    return answer.status_code, answer.text, answer.headers


def loan(api: Api, **values: Any) -> dict[str, Any]:
    return library.set_state(api, library.loan(api, **values), "approved")


def use(platform: Platform, folder: Path, text: str) -> None:
    """Let the platform print another template."""
    (folder / "prints").mkdir()
    (folder / "prints" / "slip.html").write_text(text, "utf-8")
    platform.prepared["prints", "library"] = templates(folder)


def test_the_page_shows_the_record_with_labels_and_amounts(api: Api) -> None:
    shown = loan(api, due_on="2099-03-09", lines=[{"title": "三脚架 <b>", "quantity": "50", "price": "30"}])
    status, text, _headers = page(api, f"/f/loan/{shown['id']}/print/slip")
    assert status == 200
    for wanted in (f"借阅单 {shown['number']}", "三脚架 &lt;b&gt;", "1,500.00", "已批准", "请于 2099年3月9日 前归还。"):
        assert wanted in text
    assert "data-print" in text
    assert " style=" not in text
    assert "<script>" not in text


def test_the_document_stands_by_itself(api: Api) -> None:
    shown = loan(api)
    answer = page(api, f"/api/v1/forms/loan/records/{shown['id']}/print/slip")
    status, text, headers = answer
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<link" not in text
    assert "@page" in text
    assert "style-src 'sha256-" in headers["Content-Security-Policy"]
    assert api.platform.as_system(lambda ctx: ctx.print(ctx.forms.loan.get(shown["id"]), "slip")).startswith(
        "<!doctype"
    )


def test_only_who_reads_the_record_prints_it(api: Api) -> None:
    shown = loan(api)
    stranger = api.as_user("clerk", department="分馆")
    for address in (f"/f/loan/{shown['id']}/print/slip", f"/api/v1/forms/loan/records/{shown['id']}/print/slip"):
        assert page(stranger, address)[0] == 404
        assert page(api.as_nobody(), address)[0] in (303, 401)
        assert page(api, address.replace("slip", "ticket"))[0] == 404


def test_a_page_is_offered_where_its_condition_holds(api: Api) -> None:
    draft, approved = library.loan(api), loan(api)
    answer = api.get(f"/forms/loan/records/{draft['id']}/print/slip")
    assert (answer.status, answer.json["code"]) == (422, "not_allowed_now")
    link = "/f/loan/{}/print/slip"
    for address in ("/f/loan/all", f"/f/loan/{draft['id']}"):
        assert link.format(draft["id"]) not in page(api, address)[1]
    for address in ("/f/loan/all", f"/f/loan/{approved['id']}"):
        assert link.format(approved["id"]) in page(api, address)[1]


def test_fields_of_the_host_print_too(api: Api, platform: Platform, tmp_path: Path) -> None:
    use(platform, tmp_path, "[{{ record.member.title }}|{{ record.id }}|{{ text(record, 'created_at') }}]")
    shown = loan(api)
    text = page(api, f"/f/loan/{shown['id']}/print/slip")[1]
    assert f"[{shown['member']['title']}|{shown['id']}|" in text


@pytest.mark.parametrize(
    ("template", "line", "fault"),
    [
        ("<p>\n{{ record.nmae }}</p>", 2, "nmae"),
        ("{{ nothing.at.all }}", 1, "nothing"),
        ("<p>\n\n{{ text(record, 'subjct') }}</p>", 3, "subjct"),
        ("\n{{ capitals('1' ~ '0' * 16) }}", 2, "sixteen digits"),
        ("{% include '../forms/loan.yaml' %}", 1, "loan.yaml"),
        ("{{ record.__class__.__mro__ }}", 1, "__class__"),
        ("{{ ().__class__.__base__.__subclasses__() }}", 1, "__class__"),
        ("{{ settings.update({'a': 1}) }}", 1, "update"),
        ("{{ record._values }}", 1, "_values"),
    ],
)
def test_a_faulty_template_is_refused_and_logged(
    api: Api, platform: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture, template: str, line: int, fault: str
) -> None:
    use(platform, tmp_path, template)
    shown = loan(api)
    answer = api.get(f"/forms/loan/records/{shown['id']}/print/slip")
    assert (answer.status, answer.json["code"]) == (422, "print_failed")
    assert f"打印模板 prints/slip.html 第 {line} 行有误" in answer.json["detail"]
    assert fault in answer.json["detail"]
    assert "slip.html" in caplog.text


def test_a_rule_that_cannot_print_is_refused(api: Api, platform: Platform, tmp_path: Path) -> None:
    use(platform, tmp_path, "{{ nothing }}")
    shown = loan(api)
    with pytest.raises(Refused):
        platform.as_system(lambda ctx: ctx.print(ctx.forms.loan.get(shown["id"]), "slip"))


def test_the_page_speaks_the_readers_language(api: Api) -> None:
    shown = loan(api, due_on="2099-03-09")
    text = page(api, f"/f/loan/{shown['id']}/print/slip", "en")[1]
    assert "Please return by March 9, 2099." in text


def test_a_fault_is_told_by_the_file_that_has_it(api: Api, platform: Platform, tmp_path: Path) -> None:
    use(platform, tmp_path, "\n\n{% include 'parts/head.html' %}")
    (tmp_path / "prints" / "parts").mkdir()
    shown = loan(api)
    for template, line in (("<p>\n{{ record.nmae }}</p>", 2), ("{% if %}", 1)):
        (tmp_path / "prints" / "parts" / "head.html").write_text(template, "utf-8")
        platform.prepared["prints", "library"] = templates(tmp_path)
        answer = api.get(f"/forms/loan/records/{shown['id']}/print/slip")
        assert (answer.status, answer.json["code"]) == (422, "print_failed")
        assert f"打印模板 prints/parts/head.html 第 {line} 行有误" in answer.json["detail"]


def test_several_pages_are_one_button(api: Api) -> None:
    one, both = loan(api), library.set_state(api, loan(api), "lent")
    text = page(api, f"/f/loan/{one['id']}")[1]
    assert f'href="/f/loan/{one["id"]}/print/slip">打印借阅单</a>' in text
    assert 'id="print"' not in text
    text = page(api, f"/f/loan/{both['id']}")[1]
    menu = text.partition('id="print-as">')[2].partition("</div>")[0]
    assert [part.partition("</a>")[0] for part in menu.split('">')[1:]] == ["借阅单", "押金收据"]
    assert "打印借阅单" not in text
    assert "Print Loan" in page(api, "/f/loan/all", "en")[1]


def test_a_page_includes_parts_and_writes_amounts_in_words(api: Api) -> None:
    lent = library.set_state(api, loan(api, lines=[{"title": "三脚架", "quantity": "50", "price": "30"}]), "lent")
    text = page(api, f"/f/loan/{lent['id']}/print/receipt")[1]
    for wanted in ("三脚架", "押金合计（大写）：壹仟伍佰元整"):
        assert wanted in text


def test_a_page_shows_what_points_to_the_record_as_far_as_the_person_sees_it(api: Api) -> None:
    east, west = (api.as_user("clerk", department=name) for name in ("东馆", "西馆"))
    first = library.set_state(api, loan(east), "lent")
    member = first["member"]["id"]
    seen = library.loan(east, member=member, previous=first["id"])
    unseen = library.loan(west, member=member, subject="别馆")
    api.patch(f"/forms/loan/records/{unseen['id']}", {"previous": first["id"]}, version=unseen["version"]).expect(200)
    for who, numbers in ((east, {seen["number"]}), (api, {seen["number"], unseen["number"]})):
        text = page(who, f"/f/loan/{first['id']}/print/receipt")[1]
        assert {each["number"] for each in (seen, unseen) if f"上一张借阅单: {each['number']}" in text} == numbers
