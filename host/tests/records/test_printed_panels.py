"""The printable pages of panels: what was chosen, for who sees the panel, as HTML and as PDF."""

import re
import subprocess
import sys
from html import unescape
from typing import Any

import library
import pytest

from lowcode.testing.client import Api

PDF = subprocess.run([sys.executable, "-c", "import weasyprint"], capture_output=True).returncode == 0
PATH = "/panels/lending"
PAGE = "/panel/lending"


@pytest.fixture
def clerk(api: Api) -> Api:
    return api.as_user("clerk", department="东馆")


def lend(api: Api, subject: str = "实验课", price: str = "30", due_on: str = "2099-03-09") -> dict[str, Any]:
    line = {"title": "三脚架", "quantity": "2", "price": price}
    return library.loan(api, subject=subject, due_on=due_on, lines=[line])


def page(api: Api, address: str) -> str:
    answer = api._client.get(address, headers=api.credentials)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_the_figures_print_as_they_were_chosen(api: Api, clerk: Api) -> None:
    lend(api, "<b>实验</b>课", price="1500.5", due_on="2099-03-09")
    (address,) = re.findall(r'id="print-panel" target="_blank" rel="noopener" href="([^"]+)"', page(api, PAGE))
    text = page(api, address.replace("&amp;", "&"))
    for wanted in ("<h1>借阅统计</h1>", "3,001.00", "叁仟零壹元整", f'href="{PAGE}?', "data-print"):
        assert wanted in text
    assert f'href="{PAGE}/print?on=2026-01-01&format=pdf"' in page(api, f"{PAGE}/print?on=2026-01-01")
    document = api._client.get(f"/api/v1{PATH}/print?is_out=true", headers=api.credentials)
    assert document.text.startswith("<!doctype html>")
    assert "实验" not in document.text
    assert "&lt;b&gt;实验&lt;/b&gt;课" in api._client.get(f"/api/v1{PATH}/print", headers=api.credentials).text
    assert "style-src 'sha256-" in document.headers["Content-Security-Policy"]


def test_a_printed_panel_is_for_who_sees_the_panel(api: Api, clerk: Api) -> None:
    lend(clerk)
    assert "实验课" in page(clerk, f"{PAGE}/print")
    assert "实验课" not in page(clerk.as_user("clerk", department="西馆"), f"{PAGE}/print")
    for path in (f"{PAGE}/print", f"/api/v1{PATH}/print"):
        stranger = api.as_user("auditor")
        assert stranger._client.get(path, headers=stranger.credentials).status_code == 403
        assert api._client.get(f"{path}?loan_days=0", headers=api.credentials).status_code == 422
        assert api._client.get(path.replace("lending", "nothing"), headers=api.credentials).status_code == 404
        assert clerk._client.get(path.replace("lending", "desk"), headers=clerk.credentials).status_code == 404
    assert "print-panel" not in page(clerk, "/panel/desk")


@pytest.mark.skipif(not PDF, reason="WeasyPrint or Pango is not installed.")
def test_a_panel_is_a_pdf_too(api: Api) -> None:
    lend(api)
    for path in (f"{PAGE}/print", f"/api/v1{PATH}/print"):
        answer = api._client.get(f"{path}?format=pdf&on=2026-01-01", headers=api.credentials)
        assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-"), answer.text
        assert 'filename="lending.pdf"' in answer.headers["Content-Disposition"]
